using System.Diagnostics;
using System.Management.Automation;
using Xunit;

namespace Dfss.Tests;

/// <summary>Peers in processes of their own, run by the dfss that the build made.</summary>
[Collection(ModuleSession.OneProcess)]
public sealed class DetachedPeerTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly ModuleSession session = new();

    public DetachedPeerTests()
    {
        session.Run($"$env:DFSS_HOST = '{ModuleSession.ShellPath}'");
        session.Run($"$store = [System.IO.Path]::Combine('{folder}', \"it's [1] ü\")");
        File.WriteAllBytes(Path.Combine(folder, "a.bin"), new byte[300_000]);
        session.Run($"$file = '{Path.Combine(folder, "a.bin")}'");
    }

    public void Dispose()
    {
        session.Run("Get-DfssPeer | Where-Object Kind -eq Detached | Stop-DfssPeer; $env:DFSS_HOST = $null");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_detached_peer_runs_in_a_process_of_its_own_and_ends_when_it_is_stopped()
    {
        PSObject peer = Start();
        int processId = Get<int>(peer, "ProcessId");
        Assert.NotEqual(Environment.ProcessId, processId);
        Assert.Equal(["Detached Running"], Strings("Get-DfssPeer | ForEach-Object { \"$($_.Kind) $($_.State)\" }"));
        Assert.Equal(["a.bin"], Strings("(Send-DfssFile $file -Peer $peer).Name"));
        using Process process = Process.GetProcessById(processId);

        session.Run("$peer | Stop-DfssPeer");

        Assert.True(process.HasExited);
        Assert.Empty(session.Run("Get-DfssPeer"));
        string[] log = File.ReadAllLines(Path.Combine(Get<string>(peer, "StorePath"), "peer.log"));
        Assert.EndsWith("Stopped.", log[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_copied_store_gets_a_new_id_with_StoreCopied_and_all_copies_are_stopped()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Needs cp.");
        PSObject original = Start();
        string store = Get<string>(original, "StorePath");
        foreach (string name in new[] { "copy", "twin" })
        {
            using Process copying = Process.Start("cp", ["-a", store, Path.Combine(folder, name)]);
            copying.WaitForExit();
            Assert.Equal(0, copying.ExitCode);
        }

        // Of a store that last ran before places were noted, say.
        File.Delete(Path.Combine(folder, "twin", "place.json"));
        Assert.Equal(["StoreRelocated"], Strings(
            $"try {{ Start-DfssPeer '{folder}/copy' -Port 0 -Detached }} "
                + "catch { $_.FullyQualifiedErrorId.Split(',')[0] }"));
        PSObject[] copied = [.. session.Run($"Start-DfssPeer '{folder}/copy' -Port 0 -Detached -StoreCopied 3>&1")];
        Assert.Contains("registers of 0 names are in", copied[0].ToString(), StringComparison.Ordinal);
        PSObject copy = copied[1];
        Assert.NotEqual(Get<string>(original, "StoreId"), Get<string>(copy, "StoreId"));
        PSObject twin = session.Run($"Start-DfssPeer '{folder}/twin' -Port 0 -Detached")[0];
        Process[] processes =
            [.. new[] { original, copy, twin }.Select(peer => Process.GetProcessById(Get<int>(peer, "ProcessId")))];

        session.Run("Get-DfssPeer | Stop-DfssPeer");

        Assert.All(processes, process => Assert.True(process.HasExited));
        Array.ForEach(processes, process => process.Dispose());
    }

    [Fact]
    public void It_survives_the_removal_of_the_module_and_is_still_known_afterwards()
    {
        int processId = Get<int>(Start(), "ProcessId");
        session.Run($"Remove-Module Dfss; Import-Module '{ModuleSession.ManifestPath}'");
        PSObject answer = Assert.Single(session.Run("Get-DfssPeer -Peer $peer.Endpoint"));
        Assert.Equal(processId, Get<int>(answer, "ProcessId"));
        session.Run("Stop-DfssPeer -Port $peer.Port");
        Assert.Empty(session.Run("Get-DfssPeer"));
    }

    [Fact]
    public void Killed_it_is_shown_as_stopped_and_started_again_it_has_what_it_acknowledged()
    {
        PSObject peer = Start();
        session.Run("$sent = Send-DfssFile $file -Peer $peer");
        using (Process process = Process.GetProcessById(Get<int>(peer, "ProcessId")))
        {
            process.Kill();
            process.WaitForExit();
        }

        Assert.Equal(["Stopped"], Strings("\"$((Get-DfssPeer).State)\""));
        session.Run("Stop-DfssPeer -Id $peer.Id");
        Assert.Equal(Get<string>(peer, "StoreId"), Get<string>(Start(), "StoreId"));
        Assert.True(Get<bool>(session.Run("Compare-DfssFile $file -Peer $peer")[0], "IsEqual"));
    }

    [Theory]
    [InlineData("$env:DFSS_HOST = '/none'; $port = 0", "HostNotFound")]
    [InlineData("$port = (Start-DfssPeer -InMemory -Port 0).Port", "AddressUnavailable")]
    public void What_keeps_it_from_starting_is_the_error_here(string cause, string id)
    {
        session.Run(cause);
        Assert.Equal([id], Strings(
            "try { Start-DfssPeer $store -Port $port -Detached } catch { $_.FullyQualifiedErrorId.Split(',')[0] }"));
        Assert.Empty(session.Run("Get-DfssPeer | Where-Object Kind -eq Detached"));
    }

    [Fact]
    public void Its_limits_are_those_it_was_started_with()
    {
        session.Run("$null = Start-DfssPeer $store -Port 0 -Detached -Quota 3GB -MinimumFreeSpace 2MB -ScrubRate 1MB");
        Assert.Equal(
            ["3221225472 2097152 1048576"],
            Strings("Get-DfssPeer | ForEach-Object { \"$($_.QuotaBytes) $($_.MinimumFreeBytes) $($_.ScrubRate)\" }"));
    }

    private static T Get<T>(PSObject of, string property) => (T)of.Properties[property].Value;

    private PSObject Start() => session.Run("($peer = Start-DfssPeer $store -Port 0 -Detached)")[0];

    private string[] Strings(string script) => [.. session.Run(script).Select(item => (string)item.BaseObject)];

    [Fact]
    public void One_that_another_session_started_is_found_by_the_environment_and_stopped()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere the system does not show what a process is for.");
        session.Run("$env:DFSS_PEER = (& dotnet $env:DFSS_HOST -Command "
            + "\"(Start-DfssPeer '$folder/other' -Port 0 -Detached).Endpoint\").Trim()".Replace(
                "$folder", folder, StringComparison.Ordinal));
        try
        {
            PSObject peer = Assert.Single(session.Run("($peer = Get-DfssPeer)"));
            using Process process = Process.GetProcessById(Get<int>(peer, "ProcessId"));
            session.Run("$peer | Stop-DfssPeer");
            Assert.True(process.HasExited);
        }
        finally
        {
            session.Run("$env:DFSS_PEER = $null");
        }
    }

    [Fact]
    public void A_process_that_is_no_detached_peer_is_not_ended()
    {
        // This very process serves it, and so is what the peer names.
        session.Run("$port = (Start-DfssPeer -InMemory -Port 0).Port");
        Assert.Equal(["Start-DfssPeer -InMemory"], Strings(
            "& dotnet $env:DFSS_HOST -Command \"try { Get-DfssPeer -Peer localhost:$port | Stop-DfssPeer "
            + "-ErrorAction Stop } catch { if (`$_.Exception.Message -match 'not started for it') { 'Start-DfssPeer "
            + "-InMemory' } }\""));
    }
}
