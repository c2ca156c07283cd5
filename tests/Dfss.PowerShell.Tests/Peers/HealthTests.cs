using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>Get-DfssHealth in a session: its results are objects, and no peer that is down is an error.</summary>
public sealed class HealthTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Session session = new();

    public HealthTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        session.Run("$peers = foreach ($number in 1..2) { Start-DfssPeer ./$number -Port 0 }").ThrowIfFailed();
        File.WriteAllBytes(folder["a.bin"], new byte[100_000]);
        session.Run("Send-DfssFile a.bin -Peer $peers").ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_peer_that_was_stopped_is_a_result_and_passes_again_by_the_command()
    {
        session.Run("$peers[1] | Stop-DfssPeer").ThrowIfFailed();
        Result result = session.Run("Get-DfssHealth $peers PEER_DOWN, UNDER_REPLICATED").ThrowIfFailed();
        IReadOnlyList<DfssHealthResult> found = result.As<DfssHealthResult>();
        string[] endpoints = [.. session.Run("$peers.Endpoint").As<string>()];
        Assert.Equal(
            [(DfssHealthStatus.Ok, endpoints[0]), (DfssHealthStatus.Error, endpoints[1])],
            found.Take(2).Select(one => (one.Status, one.Endpoint!)));
        Assert.Contains(
            found, one => (one.Check, one.Status, one.Name) == ("UNDER_REPLICATED", DfssHealthStatus.Warning, "a.bin"));
        Assert.Equal("PEER_DOWN: Error", found[1].ToString());

        session.Run(found[1].Command!.Replace("PATH", "./2", StringComparison.Ordinal)).ThrowIfFailed();
        Assert.All(
            session.Run("Get-DfssHealth $peers PEER_DOWN, UNDER_REPLICATED").As<DfssHealthResult>(),
            one => Assert.Equal((DfssHealthStatus.Ok, null), (one.Status, one.Command)));
    }

    [Fact]
    public void The_number_of_files_is_limited_and_said()
    {
        session.Run("Copy-DfssFile a.bin b.bin -Peer $peers").ThrowIfFailed();
        DfssHealthResult result = Assert.Single(
            session.Run("Get-DfssHealth $peers CHUNK_MISSING -FileLimit 1").As<DfssHealthResult>());
        Assert.Equal((1, "1 of 2 files were tested."), (result.TestedFiles, result.Message));
        Assert.Equal(
            "ParameterArgumentValidationError",
            Result.IdOf(session.RunUntilError("Get-DfssHealth $peers -FileLimit -1")));
    }
}
