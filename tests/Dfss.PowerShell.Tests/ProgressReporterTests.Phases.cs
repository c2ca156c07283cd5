using System.Management.Automation;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests;

/// <content>Phases in which nothing moves.</content>
public sealed partial class ProgressReporterTests
{
    [Fact]
    public void The_status_names_a_file_under_way_and_how_many_of_how_many_are_done()
    {
        string name = new string('x', 50) + "/disk1.iso";
        IProgress<TransferProgress>[] files =
            [.. Enumerable.Range(0, 17).Select(number => Track(number == 3 ? name : $"f{number}", 100))];
        reporter.ExpectNoMore();
        Array.ForEach(files[..3], file =>
        {
            file.Report(new TransferProgress(TransferPhase.Committing, 100, 100));
            reporter.Finish(file);
        });
        Pass(200);
        Assert.Equal(
            $"...{name[^37..]}, 3 of 17 files, 300 B of 1.7 KB", Latest[0].StatusDescription);
    }

    [Fact]
    public void A_phase_that_moves_nothing_has_its_own_percent_and_is_no_part_of_the_rate()
    {
        IProgress<TransferProgress> file = Track("a.bin", 100 << 20);
        reporter.ExpectNoMore();
        file.Report(new TransferProgress(TransferPhase.Comparing, 0, 100 << 20) { PhasePercent = 45 });
        Pass(1000);
        Assert.Equal(("Comparing 45 %: a.bin", 0), (Latest[0].CurrentOperation, Latest[0].PercentComplete));

        file.Report(new TransferProgress(TransferPhase.Transferring, 60 << 20, 100 << 20));
        Pass(2000);
        Assert.Equal(("Transferring: a.bin", 60), (Latest[0].CurrentOperation, Latest[0].PercentComplete));
        Assert.DoesNotContain("/s", Latest[0].StatusDescription, StringComparison.Ordinal);
        Move(file, fromMebibytes: 60, toMebibytes: 64, seconds: 2);
        Assert.Equal("a.bin, 64.0 MB of 100.0 MB, 2.0 MB/s", Latest[0].StatusDescription);
    }

    [Fact]
    public void Of_several_files_each_bar_shows_its_phase()
    {
        IProgress<TransferProgress> file = Track("a.bin", 100 << 20);
        Track("b.bin", 100 << 20);
        file.Report(new TransferProgress(TransferPhase.Comparing, 0, 100 << 20) { PhasePercent = 45 });
        Pass(1000);
        ProgressRecord bar = Children.First();
        Assert.Equal(("Comparing 45 %, 0 B of 100.0 MB", 45), (bar.StatusDescription, bar.PercentComplete));
    }
}
