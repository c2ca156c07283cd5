using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Dfss.Tests.Faults;
using Dfss.Tests.Records.Simulation;
using Xunit;

namespace Dfss.Tests.Storage.Simulation;

/// <summary>
/// Registers and garbage collection of a store of objects under random schedules. A failure prints its seed; that seed
/// in <c>DFSS_SEED</c> runs it first again. <c>DFSS_BUCKET_SCHEDULES</c> is how many schedules with fresh seeds are run
/// (200 if it is not set).
/// </summary>
public sealed class BucketScheduleTests(ITestOutputHelper output)
{
    private const string Size = "DFSS_BUCKET_SCHEDULES";
    private const int FreshSchedules = 200;
    private const int FixedSchedules = 100;
    private const int MutatedSchedules = 10_000;

    // Of a search that must end with a finding: by chance it might not.
    private const int FirstSeed = 1;

    // From here on what fresh schedules do in all is certain enough to be checked.
    private const int ManySchedules = 2000;

    [Fact]
    public void Histories_are_linearizable_and_no_chunk_is_lost_in_the_fixed_schedules() =>
        Run(FirstSeed, FixedSchedules, isEnough: true);

    [Fact]
    public void Histories_are_linearizable_and_no_chunk_is_lost_in_fresh_bucket_schedules()
    {
        int count = SearchSize.Take(Size, FreshSchedules);
        Run(FaultSeed.Take(output), count, isEnough: count >= ManySchedules);
    }

    [Theory]
    [InlineData(BucketMutation.NoCheckAfterCreate)]
    [InlineData(BucketMutation.NoCheckAfterRead)]
    [InlineData(BucketMutation.NoTrimMarker)]
    [InlineData(BucketMutation.NoSpareCheck)]
    [InlineData(BucketMutation.ListBeforeSeal)]
    [InlineData(BucketMutation.DeletesById)]
    [InlineData(BucketMutation.SameIncarnation)]
    [InlineData(BucketMutation.SeenForGood)]
    [InlineData(BucketMutation.ReadsKnownStates)]
    public void A_broken_rule_is_found(BucketMutation mutation) => Find(mutation);

    [Theory]
    [InlineData(BucketMutation.CheckBeforeRead)]
    [InlineData(BucketMutation.EndsEarly)]
    public void A_rule_that_rarely_matters_is_found_broken_in_bucket_schedules(BucketMutation mutation)
    {
        Assert.SkipUnless(SearchSize.IsWhole(Size), $"A long search; {Size} runs it.");
        Find(mutation);
    }

    private void Find(BucketMutation mutation)
    {
        for (int i = 0; i < MutatedSchedules; i++)
        {
            if (new BucketSchedule(FirstSeed + i, mutation).Run() is { } problem)
            {
                output.WriteLine($"{mutation}: found by schedule {i + 1} from seed {FirstSeed}: {problem}");
                return;
            }
        }

        Assert.Fail($"{mutation}: {MutatedSchedules} schedules from seed {FirstSeed} did not notice it.");
    }

    private void Run(int firstSeed, int count, bool isEnough)
    {
        long started = Stopwatch.GetTimestamp();
        ConcurrentBag<string> failures = [];
        (long done, long deletions, long revivals) = (0, 0, 0);
        ConcurrentDictionary<string, int> outcomes = new(StringComparer.Ordinal);
        Parallel.For(0, count, (i, loop) =>
        {
            BucketSchedule schedule = new(firstSeed + i, BucketMutation.None);
            if (schedule.Run() is { } problem)
            {
                failures.Add($"seed {firstSeed + i}: {problem}");
                loop.Stop();
            }

            Interlocked.Add(ref done, schedule.History.Count(one => !one.IsRead && one.Outcome == HistoryOutcome.Done));
            Interlocked.Add(ref deletions, schedule.Deletions);
            Interlocked.Add(ref revivals, schedule.Revivals);
            foreach (HistoryOperation operation in schedule.History)
            {
                outcomes.AddOrUpdate(
                    $"{(operation.IsRead ? "read" : "change")} {operation.Outcome}", 1, static (_, known) => known + 1);
            }
        });
        output.WriteLine(
            $"{count} schedules from seed {firstSeed}: {done} changes made, {deletions} chunks deleted, "
            + $"{revivals} states that came back, {failures.Count} failed, "
            + string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s"));
        output.WriteLine(
            string.Join(
                ", ",
                outcomes.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                    .Select(pair => $"{pair.Key}: {pair.Value}")));
        Assert.True(failures.IsEmpty, string.Join('\n', failures));
        if (!isEnough)
        {
            return;
        }

        Assert.True(done > count, "Schedules in which nothing is changed show nothing.");
        Assert.True(deletions > count, "Schedules in which nothing is collected show nothing.");
        Assert.True(revivals > count / 20, "Schedules in which no deleted state comes back show little.");
    }
}
