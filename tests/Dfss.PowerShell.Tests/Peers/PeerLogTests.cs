using Dfss.Commands;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>The log of a detached peer takes no more room than it may, and does not fail the peer.</summary>
public sealed class PeerLogTests : IDisposable
{
    private const int MaxBytes = 2000;

    private readonly TemporaryFolder folder = new();

    private string Log => folder["peer.log"];

    private string Former => Log + PeerLog.FormerSuffix;

    [Fact]
    public void What_is_said_before_the_file_is_opened_comes_first()
    {
        File.WriteAllText(Log, "before\n");
        using (var log = new PeerLog())
        {
            log.Write("early");
            log.Open(Log, MaxBytes);
            log.Write("late");
        }

        Assert.Equal(["before", "early", "late"], File.ReadAllLines(Log).Select(line => line.Split(' ')[^1]));
        Assert.False(File.Exists(Former));
    }

    [Fact]
    public void No_other_user_can_read_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no permission bits.");
        using (var log = new PeerLog())
        {
            log.Open(Log, limitBytes: 1);
            log.Write("first");
            log.Write("second");
        }

        Assert.All(
            [Log, Former],
            path => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path)));
    }

    [Fact]
    public void A_full_file_becomes_the_former_one_while_the_peer_runs()
    {
        using (var log = new PeerLog())
        {
            log.Open(Log, MaxBytes);
            for (int i = 0; i < 1000; i++)
            {
                log.Write($"line {i}");
                Assert.InRange(new FileInfo(Log).Length, 1, MaxBytes);
            }
        }

        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
        Assert.InRange(new FileInfo(Former).Length, MaxBytes / 2, MaxBytes);
        string[] last =
            [.. File.ReadAllLines(Former).Concat(File.ReadAllLines(Log)).Select(line => line.Split(' ')[^1])];
        Assert.Equal(Enumerable.Range(1000 - last.Length, last.Length).Select(i => $"{i}"), last);
    }

    [Fact]
    public void A_line_longer_than_the_limit_stands_alone()
    {
        using (var log = new PeerLog())
        {
            log.Open(Log, MaxBytes);
            log.Write("short");
            log.Write(new string('x', 2 * MaxBytes));
            log.Write("end");
        }

        Assert.EndsWith("xx", Assert.Single(File.ReadAllLines(Former)), StringComparison.Ordinal);
        Assert.EndsWith("end", Assert.Single(File.ReadAllLines(Log)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_the_disk_does_not_take_is_counted_and_fails_no_request()
    {
        // Here the file cannot be moved away: a folder has the former one's name.
        Directory.CreateDirectory(Former);
        using (var log = new PeerLog())
        {
            log.Open(Log, MaxBytes);
            log.Write(new string('x', MaxBytes));
            log.Write("lost");
            log.Write("lost too");
            Directory.Delete(Former);
            log.Write("found");
            log.Write("and more");
        }

        string[] lines = File.ReadAllLines(Log);
        Assert.EndsWith("found (2 lines before were lost.)", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("Z and more", lines[1], StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();
}
