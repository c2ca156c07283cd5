using Dfss.Storage.S3;
using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Tests.Records.Simulation;
using Dfss.Tests.Storage.Objects;
using Xunit;

namespace Dfss.Tests.Survival;

/// <summary>
/// Writers and readers as processes, racing for one name over peers of one bucket, while these are killed and stopped,
/// links break, and garbage is collected without grace. <c>DFSS_BUCKET_RACES</c> sets the number of rounds,
/// <c>DFSS_SEED</c> the seed.
/// </summary>
public sealed class BucketRaceTests(ITestOutputHelper output)
{
    private const string Rounds = "DFSS_BUCKET_RACES";
    private const int RoundsUntilFound = 100;

    [Fact]
    public async Task What_racing_processes_see_of_one_bucket_is_linearizable_and_whole()
    {
        await using FakeS3 fake = new();
        await RaceAsync(await StartOnFakeAsync(fake), SearchSize.Take(Rounds, 3));
        output.WriteLine($"{fake.Requests} requests to the engine");
    }

    [Fact]
    public async Task A_real_engine_keeps_what_races_over_its_peers_linearizable_and_whole()
    {
        S3Address address = await ObjectEngine.FindRealAsync();
        await RaceAsync(
            await RacingPeers.StartOnEngineAsync(4, address.ToString(), new PeerSettings()),
            SearchSize.Take(Rounds, 10));
    }

    [Fact]
    public async Task Promises_that_peers_of_one_bucket_do_not_keep_are_found()
    {
        Assert.SkipUnless(
            SearchSize.IsWhole(Rounds),
            $"A long search; {Rounds} runs it. The schedules find broken rules of registers.");
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are Unix's.");
        await using FakeS3 fake = new();
        await using RacingRig rig = RacingRig.StartAmong(
            await StartOnFakeAsync(fake, "Promises"), FaultSeed.Take(output));
        string? problem = null;
        int rounds = 0;
        while (problem is null && rounds < RoundsUntilFound)
        {
            rounds += await rig.RaceAsync(RoundsUntilFound);
            problem = rig.Histories[^1].Check();
        }

        output.WriteLine($"found after {rounds} rounds: {problem}");
        Assert.NotNull(problem);
    }

    private static Task<RacingPeers> StartOnFakeAsync(FakeS3 fake, string? breach = null) =>
        RacingPeers.StartOnEngineAsync(
            2, $"s3://{FakeS3.Bucket}/store?endpoint={fake.Endpoint.OriginalString}",
            new PeerSettings { EngineAccessKey = FakeS3.AccessKey, Breach = breach });

    private async Task RaceAsync(RacingPeers peers, int rounds)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are Unix's.");
        await using RacingRig rig = RacingRig.StartAmong(peers, FaultSeed.Take(output));
        for (int left = rounds; left > 0;)
        {
            left -= await rig.RaceAsync(left);
            Assert.Null(rig.Histories[^1].Check());
            if (rig.Histories[^1].Doctored() is { } doctored)
            {
                Assert.False(LinearizabilityChecker.IsLinearizable(doctored), "a stale read was not found");
            }
        }

        await rig.ReadAllAsync();
        output.WriteLine(rig.Report(rounds));
        Assert.All(rig.Histories, history => Assert.Null(history.Check()));
        Assert.NotEqual(0, rig.Count(HistoryOutcome.Done, isRead: false));
        Assert.NotEqual(0, rig.Count(HistoryOutcome.Done, isRead: true));
    }
}
