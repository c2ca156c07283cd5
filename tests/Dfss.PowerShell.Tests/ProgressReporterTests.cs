using System.Management.Automation;
using Dfss.Commands;
using Dfss.Transfer;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests;

public sealed partial class ProgressReporterTests : IAsyncDisposable
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    private readonly FakeTimeProvider time = new();
    private readonly long start;
    private readonly List<(TimeSpan At, IReadOnlyList<ProgressRecord> Records)> shown = [];
    private readonly ProgressReporter reporter;
    private TaskCompletionSource? busy;

    public ProgressReporterTests()
    {
        start = time.GetTimestamp();
        reporter = new ProgressReporter("Sending", ShowAsync, time);
        reporter.Start();
    }

    public ValueTask DisposeAsync() => reporter.DisposeAsync();

    [Fact]
    public void Nothing_is_shown_in_the_first_fifth_of_a_second()
    {
        Track("a", 100);
        Pass(199);
        Assert.Empty(shown);
        Pass(1);
        Assert.Single(shown);
    }

    [Fact]
    public void At_most_five_updates_a_second_are_shown()
    {
        IProgress<TransferProgress> file = Track("a", 3000);
        for (int i = 0; i < 3000; i++)
        {
            Pass(1);
            file.Report(new TransferProgress(TransferPhase.Transferring, i, 3000));
        }

        Assert.Equal(15, shown.Count);
        Assert.All(shown.Zip(shown.Skip(1)), pair =>
            Assert.True(pair.Second.At - pair.First.At >= TimeSpan.FromMilliseconds(200)));
    }

    [Fact]
    public void A_busy_pipeline_gets_the_next_update_a_fifth_of_a_second_after_it_has_shown_the_last()
    {
        Track("a", 100);
        busy = new TaskCompletionSource();
        Pass(5000);
        Assert.Single(shown);
        busy.SetResult();
        busy = null;
        Pass(199);
        Assert.Single(shown);
        Pass(1);
        Assert.Equal(2, shown.Count);
    }

    [Fact]
    public async Task Nothing_is_shown_after_the_end()
    {
        Track("a", 100);
        Pass(200);
        await reporter.DisposeAsync();
        Pass(5000);
        Assert.Single(shown);
    }

    [Fact]
    public void Bytes_rate_and_time_left_are_shown()
    {
        IProgress<TransferProgress> file = Track("a.bin", 10 << 20);
        reporter.ExpectNoMore();
        Pass(1000);
        Move(file, fromMebibytes: 0, toMebibytes: 4, seconds: 2);
        ProgressRecord record = Latest[0];
        Assert.Equal("a.bin, 4.0 MB of 10.0 MB, 2.0 MB/s", record.StatusDescription);
        Assert.Equal("Transferring: a.bin", record.CurrentOperation);
        Assert.Equal(40, record.PercentComplete);
        Assert.Equal(3, record.SecondsRemaining);
    }

    [Fact]
    public void A_rate_is_shown_once_bytes_have_moved_for_a_second()
    {
        IProgress<TransferProgress> file = Track("a.bin", 1 << 30);
        reporter.ExpectNoMore();
        Pass(10_000);
        file.Report(new TransferProgress(TransferPhase.Transferring, 100 << 20, 1 << 30));
        Pass(800);
        Assert.All(
            shown,
            picture => Assert.DoesNotContain("/s", picture.Records[0].StatusDescription, StringComparison.Ordinal));
        Assert.All(shown, picture => Assert.Equal(-1, picture.Records[0].SecondsRemaining));
        Pass(200);
        Assert.EndsWith("100.0 MB/s", Latest[0].StatusDescription, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rate_follows_the_last_seconds_and_a_stall_is_seen()
    {
        IProgress<TransferProgress> file = Track("a.bin", 1 << 30);
        reporter.ExpectNoMore();
        Move(file, 0, 100, seconds: 10);
        Assert.EndsWith(", 10.0 MB/s", Latest[0].StatusDescription, StringComparison.Ordinal);
        Move(file, 100, 110, seconds: 10);
        Assert.EndsWith(", 1.0 MB/s", Latest[0].StatusDescription, StringComparison.Ordinal);
        Pass(6000);
        Assert.EndsWith(", 0 B/s", Latest[0].StatusDescription, StringComparison.Ordinal);
        Assert.Equal(-1, Latest[0].SecondsRemaining);
    }

    [Fact]
    public void While_more_files_may_come_no_total_is_claimed()
    {
        IProgress<TransferProgress> file = Track("a", 10 << 20);
        Move(file, 0, 5, seconds: 5);
        Assert.Equal("a, 0 of at least 1 files, 5.0 MB of at least 10.0 MB, 1.0 MB/s", Latest[0].StatusDescription);
        Assert.Equal(-1, Latest[0].PercentComplete);
        Assert.Equal(-1, Latest[0].SecondsRemaining);
        Assert.Equal(50, Latest[1].PercentComplete);
        reporter.ExpectNoMore();
        Pass(200);
        Assert.Equal(50, Latest[0].PercentComplete);
        Assert.Equal(5, Latest[0].SecondsRemaining, tolerance: 1);
    }

    [Fact]
    public void The_four_files_longest_under_way_are_children_each_of_which_keeps_its_place()
    {
        IProgress<TransferProgress>[] files =
            [.. Enumerable.Range(0, 6).Select(i =>
            {
                Pass(10);
                return Track($"f{i}", 100);
            })];
        Pass(1000);
        ProgressRecord parent = Latest[0];
        Assert.Equal("Negotiating: f0", parent.CurrentOperation);
        Assert.Equal(["f0", "f1", "f2", "f3"], Children.Select(child => child.Activity));
        Assert.All(Children, child => Assert.Equal(parent.ActivityId, child.ParentActivityId));
        int[] ids = [.. Children.Select(child => child.ActivityId)];
        Assert.Equal(4, ids.Distinct().Count());
        reporter.Finish(files[1]);
        reporter.Finish(files[0]);
        Pass(200);
        Assert.Equal(["f4", "f5", "f2", "f3"], Children.Select(child => child.Activity));
        Assert.Equal(ids, Children.Select(child => child.ActivityId));
        reporter.Finish(files[5]);
        Pass(200);
        Assert.Equal(["f4", "f2", "f3"], Children.Select(child => child.Activity));
    }

    [Fact]
    public void A_file_that_comes_and_goes_at_once_is_no_child()
    {
        reporter.Expect(1);
        for (int i = 0; i < 100; i++)
        {
            IProgress<TransferProgress> small = Track("small", 1);
            Pass(10);
            reporter.Finish(small);
        }

        Assert.All(shown, picture => Assert.Single(picture.Records));
    }

    [Fact]
    public void An_only_file_needs_no_child()
    {
        Track("a", 100);
        reporter.ExpectNoMore();
        Pass(1000);
        Assert.Single(Latest);
    }

    [Fact]
    public async Task Two_commands_share_no_activity()
    {
        List<ProgressRecord> others = [];
        await using var other = new ProgressReporter("Receiving", create =>
        {
            others.AddRange(create());
            return Task.CompletedTask;
        }, time);
        other.Start();
        foreach (ProgressReporter one in new[] { reporter, other })
        {
            one.Expect(1);
            one.Expect(1);
            one.Track("a", 1);
            one.Track("b", 1);
        }

        Pass(1000);
        Assert.Equal(3, Latest.Count);
        Assert.Empty(Latest.Select(record => record.ActivityId).Intersect(others.Select(record => record.ActivityId)));
    }

    [Fact]
    public void A_failed_files_missing_bytes_neither_arrived_nor_are_expected()
    {
        IProgress<TransferProgress> good = Track("a", 300);
        IProgress<TransferProgress> bad = Track("b", 100);
        reporter.ExpectNoMore();
        bad.Report(new TransferProgress(TransferPhase.Transferring, 10, 100));
        good.Report(new TransferProgress(TransferPhase.Committing, 300, 300));
        reporter.Finish(bad);
        Pass(200);
        Assert.Equal("a, 1 of 2 files, 310 B of 310 B", Latest[0].StatusDescription);
        Assert.Equal("Committing: a", Latest[0].CurrentOperation);
    }

    [Theory]
    [InlineData(0, 0, -1)]
    [InlineData(50, 0, -1)]
    [InlineData(500, 100, 100)]
    [InlineData(-5, 100, 0)]
    [InlineData(10, -1, -1)]
    public void Numbers_out_of_range_are_clamped(long transferred, long total, int percent)
    {
        IProgress<TransferProgress> file = Track("a", total);
        reporter.ExpectNoMore();
        file.Report(new TransferProgress(TransferPhase.Transferring, transferred, total));
        Pass(200);
        Assert.Equal(percent, Latest[0].PercentComplete);
    }

    [Fact]
    public void A_file_that_grew_counts_with_its_new_length()
    {
        IProgress<TransferProgress> file = Track("a", 100);
        reporter.ExpectNoMore();
        file.Report(new TransferProgress(TransferPhase.Transferring, 100, 200));
        Pass(200);
        Assert.Equal(50, Latest[0].PercentComplete);
    }

    private IReadOnlyList<ProgressRecord> Latest => shown[^1].Records;

    private IEnumerable<ProgressRecord> Children => Latest.Skip(1);

    private Task ShowAsync(Func<IReadOnlyList<ProgressRecord>> create)
    {
        shown.Add((time.GetElapsedTime(start), create()));
        return busy?.Task ?? Task.CompletedTask;
    }

    private IProgress<TransferProgress> Track(string name, long lengthBytes)
    {
        reporter.Expect(lengthBytes);
        return reporter.Track(name, lengthBytes);
    }

    private void Pass(int milliseconds)
    {
        for (int i = 0; i < milliseconds; i++)
        {
            time.Advance(Millisecond);
        }
    }

    /// <summary>Moves a file on at an even speed.</summary>
    private void Move(IProgress<TransferProgress> file, int fromMebibytes, int toMebibytes, int seconds)
    {
        long length = ((ProgressFile)file).TotalBytes;
        for (int i = 1; i <= seconds * 10; i++)
        {
            long done = ((long)fromMebibytes << 20)
                + (((long)(toMebibytes - fromMebibytes) << 20) * i / (seconds * 10));
            file.Report(new TransferProgress(TransferPhase.Transferring, done, length));
            Pass(100);
        }
    }
}
