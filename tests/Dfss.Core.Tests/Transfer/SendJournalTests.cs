using Dfss.Testing;
using Dfss.Transfer;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>The files of send journals: where they are, which users may read them, when they are removed.</summary>
public sealed class SendJournalTests : IDisposable
{
    private const int ChunkSize = DfssLimits.DefaultChunkSize;

    private static readonly DateTime LongAgo = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly ChunkId Id = ChunkId.Of("a"u8);

    private readonly TemporaryFolder folder = new();
    private readonly FakeTimeProvider clock = new(TimeProvider.System.GetUtcNow());
    private readonly List<string> said = [];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_was_appended_is_known_when_it_is_opened_again()
    {
        using SourceFile source = CreateSource();
        using (SendJournal journal = Open(source)!)
        {
            Assert.All(journal.KnownIds, id => Assert.Null(id));
            journal.Append(3, Id);
        }

        using (SendJournal journal = Open(source)!)
        {
            Assert.Equal(Id, journal.KnownIds[3]);
            Assert.Single(journal.KnownIds, id => id is not null);
        }

        File.SetLastWriteTimeUtc(source.Path, LongAgo.AddSeconds(1));
        using SourceFile touched = SourceFile.Open(source.Path);
        using SendJournal fresh = Open(touched)!;
        Assert.All(fresh.KnownIds, id => Assert.Null(id));
    }

    [Fact]
    public void Behind_a_cut_record_the_next_ones_are_good_again()
    {
        using SourceFile source = CreateSource();
        using (SendJournal journal = Open(source)!)
        {
            journal.Append(0, Id);
            journal.Append(1, Id);
        }

        using (FileStream file = new(PathOf(source), FileMode.Open))
        {
            file.SetLength(file.Length - 1);
        }

        using (SendJournal journal = Open(source)!)
        {
            Assert.Null(journal.KnownIds[1]);
            journal.Append(2, Id);
        }

        using SendJournal last = Open(source)!;
        Assert.Equal([0, 2], Enumerable.Range(0, last.KnownIds.Count).Where(index => last.KnownIds[index] == Id));
    }

    [Fact]
    public void Only_this_user_may_read_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no permission bits; its folder is the user's own.");
        using SourceFile source = CreateSource();
        using SendJournal? journal = Open(source);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(PathOf(source)));
        UnixFileMode all = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Assert.Equal(all, File.GetUnixFileMode(folder["state", "sends"]));
        Assert.Equal(all, File.GetUnixFileMode(folder["state"]));
    }

    [Fact]
    public void A_second_send_of_the_same_source_has_none()
    {
        using SourceFile source = CreateSource();
        using (SendJournal? first = Open(source))
        {
            Assert.NotNull(first);
            Assert.Null(Open(source));
        }

        using SendJournal? afterwards = Open(source);
        Assert.NotNull(afterwards);
    }

    [Fact]
    public void It_is_gone_when_it_is_forgotten()
    {
        using SourceFile source = CreateSource();
        SendJournal journal = Open(source)!;
        journal.Append(0, Id);
        journal.Forget();
        journal.Append(1, Id);
        journal.Dispose();
        Assert.False(File.Exists(PathOf(source)));
        using SendJournal? next = Open(source);
        Assert.All(next!.KnownIds, id => Assert.Null(id));
    }

    [Fact]
    public void A_restart_forgets_what_is_known()
    {
        using SourceFile source = CreateSource();
        using (SendJournal journal = Open(source)!)
        {
            journal.Append(0, Id);
        }

        using SendJournal? again = new SendJournals(Options).TryOpen(source, ChunkSize, isRestart: true);
        Assert.All(again!.KnownIds, id => Assert.Null(id));
    }

    [Fact]
    public void A_restart_leaves_the_journal_of_a_send_that_runs()
    {
        using SourceFile source = CreateSource();
        using (SendJournal journal = Open(source)!)
        {
            Assert.Null(new SendJournals(Options).TryOpen(source, ChunkSize, isRestart: true));
            Assert.Contains("another send", Assert.Single(said), StringComparison.Ordinal);
            journal.Append(3, Id);
        }

        using SendJournal? again = Open(source);
        Assert.Equal(Id, again!.KnownIds[3]);
    }

    [Fact]
    public void A_source_written_just_now_has_none()
    {
        using SourceFile source = CreateSource(writtenAt: clock.GetUtcNow().UtcDateTime.AddSeconds(-1));
        Assert.Null(Open(source));
        Assert.False(File.Exists(PathOf(source)));
        clock.Advance(TimeSpan.FromSeconds(1));
        using SendJournal? journal = Open(source);
        Assert.NotNull(journal);
    }

    [Fact]
    public void A_small_source_and_a_client_without_a_folder_have_none()
    {
        using SourceFile small = SourceFile.Open(folder.CreateFile("small", SendJournals.MinSourceBytes, seed: 1));
        Assert.Null(Open(small));
        using SourceFile source = CreateSource();
        Assert.Null(new SendJournals(new TransferOptions()).TryOpen(source, ChunkSize, isRestart: false));
        Assert.False(Directory.Exists(folder["state"]));
    }

    [Fact]
    public void Where_it_cannot_be_written_a_send_goes_without_and_says_so()
    {
        File.WriteAllText(folder["state"], "a file");
        using SourceFile source = CreateSource();
        Assert.Null(Open(source));
        Assert.StartsWith(
            $"'{source.Path}' is sent without a journal: ", Assert.Single(said), StringComparison.Ordinal);
    }

    [Fact]
    public void Those_not_used_for_a_month_are_removed()
    {
        Directory.CreateDirectory(folder["state", "sends"]);
        foreach ((string name, int days) in new[] { ("old.journal", 31), ("new.journal", 29), ("not-ours", 31) })
        {
            File.WriteAllText(folder["state", "sends", name], "x");
            File.SetLastWriteTimeUtc(folder["state", "sends", name], clock.GetUtcNow().UtcDateTime.AddDays(-days));
        }

        using SourceFile source = CreateSource();
        using SendJournal? journal = Open(source);
        Assert.NotNull(journal);
        Assert.Equal(
            ["new.journal", "not-ours"],
            Directory.GetFiles(folder["state", "sends"]).Select(Path.GetFileName)
                .Where(name => name!.Length < 20).Order());
    }

    [Fact]
    public void One_with_a_time_far_in_the_future_is_removed_and_one_of_a_clock_that_was_corrected_is_kept()
    {
        Directory.CreateDirectory(folder["state", "sends"]);
        foreach ((string name, double days) in new[]
        {
            ("corrected.journal", 0.9), ("tomorrow.journal", 1.1), ("far.journal", 365 * 1000)
        })
        {
            File.WriteAllText(folder["state", "sends", name], "x");
            File.SetLastWriteTimeUtc(folder["state", "sends", name], clock.GetUtcNow().UtcDateTime.AddDays(days));
        }

        FileTimes.SetToYear10000(folder.CreateFile("state/sends/never.journal", 1, seed: 1));
        using SourceFile source = CreateSource();
        using SendJournal? journal = Open(source);
        Assert.NotNull(journal);
        Assert.Equal(
            ["corrected.journal"],
            Directory.GetFiles(folder["state", "sends"]).Select(Path.GetFileName).Where(name => name!.Length < 20));
    }

    private TransferOptions Options =>
        new() { StateFolder = folder["state"], Verbose = said.Add, TimeProvider = clock };

    private SendJournal? Open(SourceFile source) =>
        new SendJournals(Options).TryOpen(source, ChunkSize, isRestart: false);

    private string PathOf(SourceFile source) =>
        SendJournals.PathOf(folder["state", "sends"], source.FullPath, ChunkSize);

    private SourceFile CreateSource(DateTime? writtenAt = null)
    {
        string path = folder.CreateFile("source", SendJournals.MinSourceBytes + 1, seed: 1);
        File.SetLastWriteTimeUtc(path, writtenAt ?? LongAgo);
        return SourceFile.Open(path);
    }
}
