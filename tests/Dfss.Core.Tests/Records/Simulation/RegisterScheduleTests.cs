using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Dfss.Tests.Faults;
using Xunit;

namespace Dfss.Tests.Records.Simulation;

/// <summary>
/// The register under random schedules. A failure prints its seed; that seed in <c>DFSS_SEED</c> runs it first again.
/// <c>DFSS_SCHEDULES</c> is how many schedules with fresh seeds are run (300 if it is not set).
/// </summary>
public sealed class RegisterScheduleTests(ITestOutputHelper output)
{
    private const string Schedules = "DFSS_SCHEDULES";
    private const int FreshSchedules = 300;
    private const int FixedSchedules = 300;
    private const int MutatedSchedules = 10_000;

    /// <summary>From which every broken rule is found soon.</summary>
    private const int QuickSeed = 6000;

    [Fact]
    public void Histories_are_linearizable_and_no_chunk_is_lost_in_the_fixed_schedules() =>
        Run(firstSeed: 1, FixedSchedules);

    [Fact]
    public void Histories_are_linearizable_and_no_chunk_is_lost_in_fresh_schedules()
    {
        int count = SearchSize.Take(Schedules, FreshSchedules);
        Run(FaultSeed.Take(output), count);
    }

    [Theory]
    [InlineData(Hazard.PutBack)]
    [InlineData(Hazard.Copied)]
    public void Nothing_is_lost_when_a_member_is_put_back_or_copied_and_the_others_remember(Hazard hazard)
    {
        const int QuickSchedules = 300;
        int count = SearchSize.Take(Schedules, QuickSchedules);
        Run(FaultSeed.Take(output), count, hazard);
    }

    [Theory]
    [InlineData(Mutation.SealsAreNotKept)]
    [InlineData(Mutation.PromisesAreNotKept)]
    [InlineData(Mutation.SealsDoNotFlush)]
    [InlineData(Mutation.DecisionsEndAllSeals)]
    [InlineData(Mutation.MovesAreNotSealed)]
    [InlineData(Mutation.ReusedIsNotSealed)]
    [InlineData(Mutation.LowerEpochsAreTaken)]
    [InlineData(Mutation.MovesAreNotTold)]
    [InlineData(Mutation.NothingIsANewName)]
    [InlineData(Mutation.PutBackIsNotNoticed)]
    [InlineData(Mutation.NothingIsBroughtUp)]
    public void A_broken_rule_is_found(Mutation mutation)
    {
        // How many schedules it takes depends on the seed: from some, several thousand.
        int firstSeed = SearchSize.IsWhole(Schedules) ? FaultSeed.Take(output) : QuickSeed;
        for (int i = 0; i < MutatedSchedules; i++)
        {
            Hazard hazard = mutation >= Mutation.PutBackIsNotNoticed ? Hazard.PutBack : Hazard.None;
            if (new Schedule(firstSeed + i, mutation, hazard).Run() is { } problem)
            {
                output.WriteLine($"{mutation}: found by schedule {i + 1} from seed {firstSeed}: {problem}");
                return;
            }
        }

        Assert.Fail($"{mutation}: {MutatedSchedules} schedules from seed {firstSeed} did not notice it.");
    }

    private void Run(int firstSeed, int count, Hazard hazard = Hazard.None)
    {
        long started = Stopwatch.GetTimestamp();
        ConcurrentBag<string> failures = [];
        long chosen = 0;
        long moves = 0;
        long strikes = 0;
        ConcurrentDictionary<string, int> outcomes = new(StringComparer.Ordinal);
        Parallel.For(0, count, (i, loop) =>
        {
            Schedule schedule = new(firstSeed + i, Mutation.None, hazard);
            if (schedule.Run() is { } problem)
            {
                failures.Add($"seed {firstSeed + i}: {problem}");
                loop.Stop();
            }

            Interlocked.Add(ref chosen, schedule.ChosenCount);
            Interlocked.Add(ref moves, schedule.MoveCount);
            Interlocked.Add(ref strikes, schedule.StrikeCount);
            foreach (HistoryOperation operation in schedule.History)
            {
                outcomes.AddOrUpdate(
                    $"{(operation.IsRead ? "read" : "change")} {operation.Outcome}", 1, static (_, known) => known + 1);
            }
        });
        output.WriteLine(
            $"{count} schedules from seed {firstSeed}: {chosen} changes chosen, {moves} of them moves, "
            + $"{strikes} times put back or copied, {failures.Count} failed, "
            + string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s"));
        output.WriteLine(
            string.Join(
                ", ",
                outcomes.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                    .Select(pair => $"{pair.Key}: {pair.Value}")));
        Assert.True(failures.IsEmpty, string.Join('\n', failures));
        Assert.True(chosen > count, "Schedules in which nothing is chosen show nothing.");
        Assert.True(moves > count / 100, "Schedules in which nothing moves show little.");
        Assert.True(
            hazard == Hazard.None || strikes > count / 4,
            "Schedules in which no member is rolled back or copied show little.");
    }
}
