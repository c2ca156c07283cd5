using System.Management.Automation;
using System.Management.Automation.Language;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.Loader;
using Xunit;

namespace Dfss.Tests;

/// <summary>
/// The module as it lies in its folder, imported by path into the engine: by names and properties, as a user sees it.
/// </summary>
[Collection(ModuleSession.OneProcess)]
public sealed class ModuleTests : IDisposable
{
    private static readonly string[] Cmdlets =
    [
        "Add-DfssFileRecipient", "Compare-DfssFile", "Copy-DfssFile", "Copy-DfssItem", "Get-DfssCertificate",
        "Get-DfssCluster", "Get-DfssContent", "Get-DfssFileInfo", "Get-DfssHealth",
        "Get-DfssPeer", "Get-DfssTransfer",
        "Join-DfssCluster", "New-DfssCluster", "New-DfssEncryptionKey", "New-DfssInvitation", "New-DfssTestCluster",
        "Open-DfssFile", "Optimize-DfssStore", "Receive-DfssFile", "Remove-DfssCluster", "Remove-DfssFile",
        "Remove-DfssFileRecipient", "Remove-DfssTestCluster", "Rename-DfssFile", "Repair-DfssFile",
        "Restore-DfssFile", "Resume-DfssTransfer", "Revoke-DfssCertificate", "Send-DfssFile", "Set-DfssContent",
        "Set-DfssTransfer", "Start-DfssPeer", "Stop-DfssPeer", "Stop-DfssTransfer", "Suspend-DfssTransfer",
        "Test-DfssFile",
    ];

    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly ModuleSession session = new();

    public void Dispose()
    {
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void The_module_exports_what_its_manifest_lists_and_no_less()
    {
        var manifest = (System.Collections.Hashtable)Parser.ParseFile(ModuleSession.ManifestPath, out _, out _)
            .Find(ast => ast is HashtableAst, searchNestedScriptBlocks: false)!.SafeGetValue();
        Assert.Equal(Cmdlets, Assert.IsType<object[]>(manifest["CmdletsToExport"]).Cast<string>());
        Assert.Equal(Cmdlets, Exported());
        IEnumerable<CmdletAttribute> built = AssemblyLoadContext.All.Single(context =>
            context.Name == "Dfss").Assemblies
            .Single(assembly => assembly.GetName().Name == "Dfss.PowerShell").GetExportedTypes()
            .Select(type => type.GetCustomAttribute<CmdletAttribute>()).OfType<CmdletAttribute>();
        Assert.Equal(Cmdlets, built.Select(cmdlet =>
            $"{cmdlet.VerbName}-{cmdlet.NounName}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Imported_again_by_force_it_exports_the_same()
    {
        session.Run($"Import-Module '{ModuleSession.ManifestPath}' -Force");
        Assert.Equal(Cmdlets, Exported());
    }

    [Fact]
    public void Removed_and_imported_again_it_exports_the_same_and_works()
    {
        session.Run("Remove-Module Dfss");
        Assert.Empty(Strings("Get-Command -Module Dfss | ForEach-Object Name"));
        session.Run($"Import-Module '{ModuleSession.ManifestPath}'");
        Assert.Equal(Cmdlets, Exported());
        Assert.Equal(["PeerMissing"],
            Strings("try { Get-DfssFileInfo } catch { $_.FullyQualifiedErrorId.Split(',')[0] }"));
    }

    [Fact]
    public void Types_a_user_can_name_are_there_and_those_of_the_engine_room_are_not()
    {
        string[] types = ["DfssFileInfo", "DfssPeerInfo", "DfssPeerKind", "DfssPeerState", "DfssScrubState",
            "DfssStoreOptimization", "DfssFileComparison",
            "DfssByteRange", "ByteSize"];
        Assert.All(types, type => Assert.Equal($"Dfss.{type}", Strings($"[Dfss.{type}].FullName")[0]));
        Assert.Equal([true, true], session
            .Run("'Dfss.ChunkId', 'MessagePack.MessagePackReader' | ForEach-Object { $null -eq ($_ -as [type]) }")
            .Select(item => item.BaseObject));
    }

    [Fact]
    public void Dependencies_stay_out_of_the_default_load_context()
    {
        string[] own = ["Dfss.PowerShell", "Dfss.Core", "Dfss.Feedback", "MessagePack", "Microsoft.Data.Sqlite",
            "SQLitePCLRaw.core",
            "Polly.Core"];
        IEnumerable<string?> loaded = AssemblyLoadContext.Default.Assemblies.Select(assembly =>
            assembly.GetName().Name);
        Assert.Empty(loaded.Intersect(own));
        Assert.Contains(AssemblyLoadContext.All, context => context.Name == "Dfss");
    }

    [Fact]
    public void A_second_copy_in_the_same_process_is_refused_with_the_reason()
    {
        string copy = Path.Combine(folder, "Dfss");
        ModuleSession.CopyTo(copy);
        for (int i = 0; i < 2; i++)
        {
            Exception refusal = Assert.ThrowsAny<Exception>(() =>
                session.Run($"Import-Module '{Path.Combine(copy, "Dfss.psd1")}'"));
            Assert.Contains("one copy only", refusal.Message, StringComparison.Ordinal);
            Assert.Contains(copy, refusal.Message, StringComparison.Ordinal);
            session.Run("Get-Module -Name Dfss | ForEach-Object { Remove-Module $_ }");
        }
    }

    [Fact]
    public void Only_what_is_needed_is_shipped()
    {
        string[] runtimes = ["linux-arm64", "linux-musl-x64", "linux-x64", "osx-arm64", "osx-x64", "win-arm64",
            "win-x64"];
        Assert.Equal(
            runtimes, Directory.GetDirectories(Path.Combine(ModuleSession.Folder, "lib",
                "runtimes")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Empty(Directory.GetFiles(ModuleSession.Folder, "System.Management.Automation.dll",
            SearchOption.AllDirectories));
    }

    [Fact]
    public void The_main_job_runs_on_disk()
    {
        File.WriteAllBytes(Path.Combine(folder, "a.bin"), new byte[3_000_000]);
        IReadOnlyList<PSObject> output = session.Run(
            $$"""
            $peer = Start-DfssPeer '{{folder}}/store' -Port 0
            Send-DfssFile '{{folder}}/a.bin' -Peer $peer
            Get-DfssFileInfo -Peer $peer | Receive-DfssFile -Destination '{{folder}}/b.bin'
            Compare-DfssFile '{{folder}}/b.bin' -Name a.bin -Peer $peer
            $peer | Stop-DfssPeer
            """);
        Assert.Equal(["Dfss.DfssFileInfo", "System.IO.FileInfo", "Dfss.DfssFileComparison"], output.Select(item =>
            item.TypeNames[0]));
        Assert.Equal(true, output[2].Properties["IsEqual"].Value);
        Assert.Equal(new byte[3_000_000], File.ReadAllBytes(Path.Combine(folder, "b.bin")));
    }

    [Fact]
    public void Two_sessions_share_a_process_and_removing_one_leaves_the_others_peers()
    {
        int mine = Port(session);
        using (var other = new ModuleSession())
        {
            int theirs = Port(other);
            session.Run("Remove-Module Dfss");
            Assert.False(Listens(mine));
            Assert.True(Listens(theirs));
            mine = theirs;
        }

        Assert.False(Listens(mine));
    }

    private static int Port(ModuleSession of) =>
        (int)of.Run("Start-DfssPeer -InMemory -Port 0")[0].Properties["Port"].Value;

    private string[] Exported() => Strings("Get-Command -Module Dfss | ForEach-Object Name");

    private string[] Strings(string script) => [.. session.Run(script).Select(item => (string)item.BaseObject)];

    private static bool Listens(int port)
    {
        using var client = new TcpClient();
        try
        {
            client.Connect("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
