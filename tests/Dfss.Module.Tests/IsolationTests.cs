using System.Reflection;
using System.Runtime.Loader;
using Xunit;

namespace Dfss.Tests;

/// <summary>The module beside others, and beside itself, in one process.</summary>
[Collection(ModuleSession.OneProcess)]
public sealed class IsolationTests : IDisposable
{
    private const string NeighbourVersions = "MessagePack 3.1.12, Sqlite 9.0.19";

    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;

    public IsolationTests() => File.WriteAllBytes(Path.Combine(folder, "a.bin"), [1, 2, 3]);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("neighbour first")]
    [InlineData("ours first")]
    public async Task It_works_beside_a_module_with_other_versions_of_its_dependencies(string order)
    {
        string import = $"Import-Module '{ModuleSession.ManifestPath}'";
        string neighbour = $"Import-Module '{BareEngine.NeighbourPath}'; Test-Neighbour";
        string ours =
            $"""
            $peer = Start-DfssPeer '{folder}/store' -Port 0
            Send-DfssFile '{folder}/a.bin' -Peer $peer | Receive-DfssFile -Destination '{folder}/b.bin'
            """;
        string again = $"Receive-DfssFile a.bin -Peer $peer -Destination '{folder}/b.bin' -Force";
        string listing =
            """
            foreach ($context in [System.Runtime.Loader.AssemblyLoadContext]::All) {
                foreach ($assembly in $context.Assemblies) {
                    $name = $assembly.GetName()
                    if ($name.Name -in 'MessagePack', 'Microsoft.Data.Sqlite') {
                        "$($context.Name): $($name.Name) $($name.Version.Major)"
                    }
                }
            }
            """;
        string[] steps = order == "ours first"
            ? [import, ours, neighbour, again]
            : [neighbour, import, ours, "Test-Neighbour", again];

        string[] output = await BareEngine.RunAsync(
            string.Join('\n', [.. steps, "$peer | Stop-DfssPeer", listing]), TestContext.Current.CancellationToken);

        string[] expected = [NeighbourVersions, Path.Combine(folder, "b.bin"), "Default: MessagePack 3",
            "Default: Microsoft.Data.Sqlite 9", "Dfss: MessagePack 2", "Dfss: Microsoft.Data.Sqlite 10"];
        Assert.Equal(expected.Order(StringComparer.Ordinal), output.Distinct().Order(StringComparer.Ordinal));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(Path.Combine(folder, "b.bin")));
    }

    [Fact]
    public async Task An_import_loads_none_of_the_dependencies_and_the_first_use_does()
    {
        const string Loaded =
            """
            [System.Runtime.Loader.AssemblyLoadContext]::All | ForEach-Object {
                if ($_.Name -eq 'Dfss') { foreach ($assembly in $_.Assemblies) { $assembly.GetName().Name } }
            }
            """;
        string[] output = await BareEngine.RunAsync(
            $"""
            Import-Module '{ModuleSession.ManifestPath}'
            {Loaded}
            'used:'
            $peer = Start-DfssPeer '{folder}/store' -Port 0
            $peer | Stop-DfssPeer
            {Loaded}
            """,
            TestContext.Current.CancellationToken);

        string[] imported = [.. output.TakeWhile(line => line != "used:")];
        Assert.Equal(["Dfss.Core", "Dfss.Feedback", "Dfss.PowerShell"], imported.Order(StringComparer.Ordinal));
        Assert.Contains("Microsoft.Data.Sqlite", output.Skip(imported.Length));
        Assert.DoesNotContain(output, name => name is "Dfss.Storage.S3" || name.StartsWith(
            "AWSSDK.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_client_of_engines_loads_where_a_store_in_one_is_named_and_stays_out_of_the_default_context()
    {
        string[] output = await BareEngine.RunAsync(
            $$"""
            Import-Module '{{ModuleSession.ManifestPath}}'
            $credential = [pscredential]::new('key', [Net.NetworkCredential]::new('', 'a secret').SecurePassword)
            $address = 's3://bucket/store?endpoint=http://127.0.0.1:1'
            try {
                Start-DfssPeer -Store $address -Credential $credential -Port 0
            } catch {
                "$_".Contains('gave no answer')
                "$_$($_.Exception)".Contains('a secret')
            }

            [System.Runtime.Loader.AssemblyLoadContext]::All | ForEach-Object {
                foreach ($assembly in $_.Assemblies) {
                    if ($assembly.GetName().Name -in 'Dfss.Storage.S3', 'AWSSDK.S3', 'AWSSDK.Core') {
                        "$($_.Name): $($assembly.GetName().Name)"
                    }
                }
            }
            """,
            TestContext.Current.CancellationToken);

        Assert.Equal(
            ["Dfss: AWSSDK.Core", "Dfss: AWSSDK.S3", "Dfss: Dfss.Storage.S3", "False", "True"],
            output.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_public_member_mentions_a_type_that_a_user_could_not_name()
    {
        using var session = new ModuleSession();
        Assembly cmdlets = AssemblyLoadContext.All.Single(context => context.Name == "Dfss").Assemblies
            .Single(assembly => assembly.GetName().Name == "Dfss.PowerShell");

        var foreign =
            from type in cmdlets.GetExportedTypes()
            from mentioned in Mentioned(type).SelectMany(Parts)
            let home = mentioned.Assembly
            where home != cmdlets && home != typeof(System.Management.Automation.PSObject).Assembly
                && AssemblyLoadContext.GetLoadContext(home) != AssemblyLoadContext.Default
            select $"{type}: {mentioned} of {home.GetName().Name}";

        Assert.Empty(foreign.Distinct());
    }

    [Fact]
    public async Task Importing_twice_by_force_stops_the_peers_and_leaves_one_of_everything()
    {
        string[] output = await BareEngine.RunAsync(
            $$"""
            Set-StrictMode -Version Latest
            $ErrorActionPreference = 'Stop'
            Import-Module '{{ModuleSession.ManifestPath}}'
            $ports = (Start-DfssPeer -InMemory -Port 0).Port, (Start-DfssPeer -InMemory -Port 0).Port
            Import-Module '{{ModuleSession.ManifestPath}}'
            "peers $(@(Get-DfssPeer).Count)"
            Import-Module '{{ModuleSession.ManifestPath}}' -Force
            Import-Module '{{ModuleSession.ManifestPath}}' -Force
            "peers $(@(Get-DfssPeer).Count)"
            $listening = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().GetActiveTcpListeners()
            "listeners $(@($listening | Where-Object Port -In $ports).Count)"
            "modules $(@(Get-Module Dfss).Count)"
            "contexts $(@([System.Runtime.Loader.AssemblyLoadContext]::All | Where-Object Name -EQ Dfss).Count)"
            $again = Start-DfssPeer -InMemory -Port 0
            "state $($again.State)"
            Remove-Module Dfss
            "modules $(@(Get-Module).Count)"
            """,
            TestContext.Current.CancellationToken);

        Assert.Equal(
            ["peers 2", "peers 0", "listeners 0", "modules 1", "contexts 1", "state Running", "modules 0"], output);
    }

    [Fact]
    public async Task Parallel_runspaces_share_one_peer_by_using()
    {
        for (int i = 0; i < 8; i++)
        {
            File.WriteAllText(Path.Combine(folder, $"p{i}"), $"{i}");
        }

        string[] output = await BareEngine.RunAsync(
            $$"""
            $manifest = '{{ModuleSession.ManifestPath}}'
            $folder = '{{folder}}'
            Import-Module $manifest
            $peer = Start-DfssPeer -InMemory -Port 0
            0..7 | ForEach-Object -ThrottleLimit 4 -Parallel {
                Import-Module $using:manifest
                $sent = Send-DfssFile "$using:folder/p$_" -Peer $using:peer
                [System.IO.File]::ReadAllText(($sent | Receive-DfssFile -Destination "$using:folder/q$_").FullName)
            }
            "peers $(@(Get-DfssPeer).Count)"
            """,
            TestContext.Current.CancellationToken);

        Assert.Equal(
            ["0", "1", "2", "3", "4", "5", "6", "7", "peers 1"], output.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_pool_of_runspaces_imports_it_in_each_and_they_see_the_same_peers()
    {
        string[] output = await BareEngine.RunAsync(
            $$"""
            Import-Module '{{ModuleSession.ManifestPath}}'
            $peer = Start-DfssPeer -InMemory -Port 0
            $state = [initialsessionstate]::CreateDefault2()
            $state.ImportPSModule([string[]]'{{ModuleSession.ManifestPath}}')
            $state.ThrowOnRunspaceOpenError = $true
            $pool = [runspacefactory]::CreateRunspacePool($state)
            $null = $pool.SetMinRunspaces(3), $pool.SetMaxRunspaces(3)
            $pool.Open()
            $runs = 1..6 | ForEach-Object {
                $shell = [powershell]::Create()
                $shell.RunspacePool = $pool
                $null = $shell.AddScript(
                    "(Send-DfssFile '{{folder}}/a.bin' -Name $_ -Peer $($peer.Endpoint)).Name; (Get-DfssPeer).Port")
                [pscustomobject]@{ Shell = $shell; Run = $shell.BeginInvoke() }
            }
            $runs | ForEach-Object { $_.Shell.EndInvoke($_.Run) } | Where-Object { $_ -ne $peer.Port }
            $pool.Dispose()
            "peers $(@(Get-DfssPeer).Count)"
            """,
            TestContext.Current.CancellationToken);

        Assert.Equal(["1", "2", "3", "4", "5", "6", "peers 1"], output);
    }

    [Fact]
    public async Task A_peer_of_a_session_that_has_ended_is_listed_and_ends_with_the_next_one()
    {
        string[] output = await BareEngine.RunAsync(
            $$"""
            $manifest = '{{ModuleSession.ManifestPath}}'
            Import-Module $manifest
            $ports = 1..2 | ForEach-Object -Parallel {
                Import-Module $using:manifest
                (Start-DfssPeer -InMemory -Port 0).Port
            }
            "peers $(@(Get-DfssPeer).Count)"
            Remove-Module Dfss
            $listening = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().GetActiveTcpListeners()
            "listeners $(@($listening | Where-Object Port -In $ports).Count)"
            """,
            TestContext.Current.CancellationToken);

        Assert.Equal(["peers 2", "listeners 0"], output);
    }

    [Theory]
    [InlineData("ConstrainedLanguage")]
    [InlineData("NoLanguage")]
    public async Task A_restricted_session_gets_the_reason_and_one_with_the_module_uses_it(string mode)
    {
        string[] output = await BareEngine.RunAsync(
            $$"""
            $manifest = '{{ModuleSession.ManifestPath}}'
            $state = [initialsessionstate]::CreateDefault2()
            $state.ImportPSModule([string[]]$manifest)
            $state.ThrowOnRunspaceOpenError = $true
            $state.LanguageMode = '{{mode}}'
            $given = [runspacefactory]::CreateRunspace($state)
            $given.Open()
            "$([powershell]::Create($given).AddCommand('Start-DfssPeer').AddParameter('InMemory').AddParameter('Port', 0).Invoke().State)"
            $bare = [runspacefactory]::CreateRunspace([initialsessionstate]::CreateDefault2())
            $bare.Open()
            $bare.SessionStateProxy.LanguageMode = '{{mode}}'
            $import = [powershell]::Create($bare).AddCommand('Import-Module').AddParameter('Name', $manifest)
            try { $import.Invoke() } catch { "$_" }
            $import.Streams.Error
            """,
            TestContext.Current.CancellationToken);

        Assert.Equal("Running", output[0]);
        Assert.Contains("trusted", string.Join(' ', output[1..]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prefix_renames_the_cmdlets()
    {
        string[] output = await BareEngine.RunAsync(
            $$"""
            Set-StrictMode -Version Latest
            Import-Module '{{ModuleSession.ManifestPath}}' -Prefix My
            $peer = Start-MyDfssPeer -InMemory -Port 0
            (Send-MyDfssFile '{{folder}}/a.bin' -Peer $peer).Name
            """,
            TestContext.Current.CancellationToken);

        Assert.Equal(["a.bin"], output);
    }

    private static IEnumerable<Type> Mentioned(Type type)
    {
        const BindingFlags All =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static
                | BindingFlags.DeclaredOnly;
        IEnumerable<MethodBase> methods = type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All))
            .Where(method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly);
        return
        [
            .. type.BaseType is { } parent ? [parent] : Type.EmptyTypes,
            .. type.GetInterfaces(),
            .. methods.SelectMany(method => method.GetParameters()).Select(parameter => parameter.ParameterType),
            .. methods.OfType<MethodInfo>().Select(method => method.ReturnType),
            .. type.GetFields(All).Where(field => field.IsPublic || field.IsFamily).Select(field => field.FieldType),
        ];
    }

    private static IEnumerable<Type> Parts(Type type) => type.HasElementType
        ? Parts(type.GetElementType()!)
        : type.IsGenericParameter ? [] : [type, .. type.GetGenericArguments().SelectMany(Parts)];
}
