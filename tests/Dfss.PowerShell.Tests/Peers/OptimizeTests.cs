using Dfss.Tests.Conventions;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>Optimize-DfssStore, and what Start-DfssPeer says of a store's limits.</summary>
public sealed class OptimizeTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly AnsweringHost host = new(
        question => !question.Contains("Delete 2 chunks", StringComparison.Ordinal));
    private readonly Session session;

    public OptimizeTests()
    {
        session = new Session(host);
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        File.WriteAllBytes(Path.Combine(folder, "a.bin"), new byte[100_000]);
        session.Run("$peers = foreach ($number in 1..2) { Start-DfssPeer -InMemory -Port 0 }").ThrowIfFailed();
        session.Run("Send-DfssFile a.bin -Peer $peers").ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void What_a_removed_file_left_goes_at_each_peer_when_its_grace_is_over()
    {
        Assert.All(
            session.Run("Optimize-DfssStore -Peer $peers -GracePeriod 0 -Confirm:$false").As<DfssStoreOptimization>(),
            result => Assert.Equal((0, 2, 1), (result.DeletedChunks, result.KeptChunks, result.Files)));
        session.Run("Remove-DfssFile a.bin -Peer $peers -Confirm:$false").ThrowIfFailed();
        Assert.All(
            session.Run("Optimize-DfssStore -Peer $peers -Confirm:$false").As<DfssStoreOptimization>(),
            result => Assert.Equal((0, 2, 0), (result.DeletedChunks, result.KeptChunks, result.Files)));

        IReadOnlyList<DfssStoreOptimization> results =
            session.Run("Optimize-DfssStore 0 -Peer $peers -Confirm:$false").As<DfssStoreOptimization>();
        Assert.Equal(session.Run("$peers.Endpoint").As<string>(), results.Select(result => result.Endpoint));
        Assert.Equal(session.Run("$peers.StoreId").As<string>(), results.Select(result => result.StoreId));
        Assert.All(
            results,
            result => Assert.Equal((2, 100_056, 0), (result.DeletedChunks, result.DeletedBytes, result.KeptChunks)));
        Assert.Equal([0L, 0L], session.Run("(Get-DfssPeer -Peer $peers).Chunks").As<long>());
    }

    [Fact]
    public void A_confirmation_names_what_would_be_deleted_and_what_is_refused_stays()
    {
        session.Run("Remove-DfssFile a.bin -Peer $peers -Confirm:$false").ThrowIfFailed();
        Assert.Empty(session.Run("Optimize-DfssStore 0 -Peer $peers -WhatIf").ThrowIfFailed().Output);
        Assert.Empty(host.Questions);
        Assert.Empty(session.Run("Optimize-DfssStore 0 -Peer $peers -Confirm").ThrowIfFailed().Output);
        string endpoint = session.Run("$peers[0].Endpoint").As<string>()[0];
        Assert.Equal(2, host.Questions.Count);
        Assert.Contains(
            $"\"Delete 2 chunks, 97.7 KB\" on target \"{endpoint}\"", host.Questions[0], StringComparison.Ordinal);
        Assert.Equal([2L, 2L], session.Run("(Get-DfssPeer -Peer $peers).Chunks").As<long>());
    }

    [Fact]
    public void Where_there_is_nothing_to_delete_no_question_is_asked()
    {
        Result result = session.Run("Optimize-DfssStore 0 -Peer $peers -Confirm -Verbose");
        Assert.All(
            result.As<DfssStoreOptimization>(),
            one => Assert.Equal((0, 2, 1), (one.DeletedChunks, one.KeptChunks, one.Files)));
        Assert.Equal(2, result.Output.Count);
        Assert.Equal(
            2, result.Verbose.Count(line => line.EndsWith(": there is nothing to delete.", StringComparison.Ordinal)));
        Assert.Empty(session.Run("Optimize-DfssStore 0 -Peer $peers -WhatIf").ThrowIfFailed().Output);
        Assert.Empty(host.Questions);
        Assert.Equal(
            2,
            host.Lines.Count(
                line => line.Contains("\"Delete nothing: every chunk is needed\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_peer_that_does_not_answer_is_an_error_of_its_own()
    {
        Result result = session.Run("Optimize-DfssStore -Peer localhost:1, $peers -Confirm:$false");
        Assert.Equal("PeerUnreachable", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Equal(2, result.Output.Count);
    }

    [Fact]
    public void A_negative_grace_period_is_refused() => Assert.Equal(
        "ParameterArgumentValidationError",
        Result.IdOf(session.RunUntilError("Optimize-DfssStore ([timespan]-1) -Peer $peers -Confirm:$false")));

    [Fact]
    public void A_full_peer_is_passed_over_and_its_figures_and_advice_are_reported()
    {
        session.Run(
            "$small = Start-DfssPeer store -Port 0 -Quota 80KB -MinimumFreeSpace 1MB -ScrubRate 0").ThrowIfFailed();
        DfssPeerInfo small = session.Run("Get-DfssPeer -Peer $small").As<DfssPeerInfo>()[0];
        Assert.Equal(
            (80L << 10, 1L << 20, DfssScrubState.Off), (small.QuotaBytes, small.MinimumFreeBytes, small.Scrub));

        File.WriteAllBytes(Path.Combine(folder, "b.bin"), [1, .. new byte[100_000]]);
        Result full = session.Run("Send-DfssFile b.bin -Peer $small");
        Assert.Equal("StoreFull", Result.IdOf(Assert.Single(full.Errors)));
        string message = full.Errors[0].ToString();
        Assert.Contains("its quota is 81,920 bytes", message, StringComparison.Ordinal);
        Assert.Contains("-Quota", full.Errors[0].Exception.Message, StringComparison.Ordinal);

        Result passed = session.Run(
            "Send-DfssFile b.bin b2 -Peer $small, $peers[0] -MinimumReplicas 1").ThrowIfFailed();
        Assert.Single(passed.Output);
        string told = Assert.Single(
            passed.Warnings, warning => warning.Contains("accepts no more chunks", StringComparison.Ordinal));
        Assert.Contains("its quota is 81,920 bytes", told, StringComparison.Ordinal);
        Assert.Equal(2, told.Split(small.Endpoint).Length);
    }
}
