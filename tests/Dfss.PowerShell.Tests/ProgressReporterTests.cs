using System.Management.Automation;
using Dfss.Commands;
using Dfss.Transfer;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests;

public sealed class ProgressReporterTests
{
    private readonly FakeTimeProvider time = new();
    private readonly List<ProgressRecord> shown = [];
    private readonly ProgressReporter reporter;

    public ProgressReporterTests() => reporter = new ProgressReporter("Sending", shown.Add, time);

    [Fact]
    public void At_most_five_updates_a_second_are_shown()
    {
        reporter.Expect(1000);
        IProgress<TransferProgress> file = reporter.Track("a", 1000);
        for (int i = 0; i < 1000; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            file.Report(new TransferProgress(TransferPhase.Transferring, i, 1000));
        }

        Assert.Equal(5, shown.Count);
    }

    [Fact]
    public void Bytes_rate_and_time_left_are_shown()
    {
        reporter.Expect(10 << 20);
        IProgress<TransferProgress> file = reporter.Track("a.bin", 10 << 20);
        Report(file, TransferPhase.Transferring, 1, 10 << 20, TimeSpan.FromSeconds(1));
        Report(file, TransferPhase.Transferring, 4 << 20, 10 << 20, TimeSpan.FromSeconds(2));
        ProgressRecord record = shown[^1];
        Assert.Equal("4.0 MB of 10.0 MB, 2.0 MB/s", record.StatusDescription);
        Assert.Equal("Transferring: a.bin", record.CurrentOperation);
        Assert.Equal(40, record.PercentComplete);
        Assert.Equal(3, record.SecondsRemaining);
    }

    [Fact]
    public void Several_files_are_one_record()
    {
        reporter.Expect(100);
        reporter.Expect(300);
        IProgress<TransferProgress> first = reporter.Track("a", 100);
        IProgress<TransferProgress> second = reporter.Track("b", 300);
        reporter.Finish(first);
        Report(second, TransferPhase.Committing, 100, 300, TimeSpan.FromSeconds(1));
        ProgressRecord record = Assert.Single(shown);
        Assert.StartsWith("1 of 2 files, 200 B of 400 B", record.StatusDescription, StringComparison.Ordinal);
        Assert.Equal(50, record.PercentComplete);
        Assert.Equal("Committing: b", record.CurrentOperation);
    }

    [Theory]
    [InlineData(0, 0, -1)]
    [InlineData(50, 0, -1)]
    [InlineData(500, 100, 100)]
    [InlineData(-5, 100, 0)]
    [InlineData(10, -1, -1)]
    public void Numbers_out_of_range_are_clamped(long transferred, long total, int percent)
    {
        reporter.Expect(total);
        Report(reporter.Track("a", total), TransferPhase.Transferring, transferred, total, TimeSpan.FromSeconds(1));
        Assert.Equal(percent, Assert.Single(shown).PercentComplete);
    }

    [Fact]
    public void A_file_that_grew_counts_with_its_new_length()
    {
        reporter.Expect(100);
        Report(reporter.Track("a", 100), TransferPhase.Transferring, 100, 200, TimeSpan.FromSeconds(1));
        Assert.Equal(50, Assert.Single(shown).PercentComplete);
    }

    private void Report(IProgress<TransferProgress> file, TransferPhase phase, long transferred, long total, TimeSpan after)
    {
        time.Advance(after);
        file.Report(new TransferProgress(phase, transferred, total));
    }
}
