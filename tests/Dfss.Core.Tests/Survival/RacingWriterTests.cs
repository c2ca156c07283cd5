using Dfss.Tests.Faults;
using Dfss.Tests.Records.Simulation;
using Xunit;

namespace Dfss.Tests.Survival;

/// <summary>
/// Writers and readers as processes, racing for one name over three peers while these are killed and links break.
/// <c>DFSS_RACES</c> sets the number of rounds, <c>DFSS_SEED</c> the seed.
/// </summary>
public sealed class RacingWriterTests(ITestOutputHelper output)
{
    private const string Rounds = "DFSS_RACES";
    private const int OrdinaryRounds = 10;
    private const int RoundsUntilFound = 100;

    [Fact]
    public async Task What_racing_processes_see_is_linearizable_and_whole_while_peers_die_and_links_break()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are Unix's.");
        int rounds = SearchSize.Take(Rounds, OrdinaryRounds);
        await using RacingRig rig = await RacingRig.StartAsync(FaultSeed.Take(output));
        for (int left = rounds; left > 0;)
        {
            left -= await rig.RaceAsync(left);
            Assert.Null(rig.Histories[^1].Check());
            if (rig.Histories[^1].Doctored() is { } doctored)
            {
                Assert.False(LinearizabilityChecker.IsLinearizable(doctored), "a stale read was not found");
            }
        }

        output.WriteLine(rig.Report(rounds));
        Assert.NotEqual(0, rig.Count(HistoryOutcome.Done, isRead: false));
        Assert.NotEqual(0, rig.Count(HistoryOutcome.Done, isRead: true));
    }

    [Fact]
    public async Task Promises_that_are_not_kept_are_found()
    {
        Assert.SkipUnless(
            SearchSize.IsWhole(Rounds),
            $"A long search; {Rounds} runs it. The register's schedules find the same breach.");
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are Unix's.");
        await using RacingRig rig = await RacingRig.StartAsync(FaultSeed.Take(output), "Promises");
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
}
