using System.IO.MemoryMappedFiles;
using Dfss.Storage;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Sources that another process changes while they are sent: the send notices and commits nothing.</summary>
public sealed class ChangingSourceTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;

    private static readonly Dictionary<string, Action<string>> Changes = new()
    {
        ["grows"] = path => File.AppendAllText(path, "more"),
        ["shrinks"] = path => Write(path, file => file.SetLength(3 * ChunkSize)),
        ["is emptied"] = path => Write(path, file => file.SetLength(0)),
        ["is rewritten at the same length"] = path => Write(path, file => file.Write(new byte[8 * ChunkSize])),
        ["has one byte changed and its time put back"] = path =>
        {
            DateTime time = File.GetLastWriteTimeUtc(path);
            Write(path, file => file.WriteByte((byte)~file.ReadByte()));
            File.SetLastWriteTimeUtc(path, time);
        },
        ["has one byte changed that was sent already"] = path =>
            Write(path, file => file.WriteByte((byte)~file.ReadByte())),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => new(Changes.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_source_that_changes_is_found_out(string change)
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = Create(cluster);
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => SendAsync(cluster, source, () => Changes[change](source)));
        Assert.Equal(DfssErrorCode.SourceChanged, error.Code);
        Assert.Contains($"'{source}'", error.Reason, StringComparison.Ordinal);
        Assert.NotNull(error.Advice);
        DfssException unknown = await Assert.ThrowsAsync<DfssException>(() => cluster.Client.GetAsync("x", Token));
        Assert.Equal(DfssErrorCode.FileNotFound, unknown.Code);
    }

    /// <summary>
    /// A page that was written and not yet written back takes more writes without a change of the times.
    /// </summary>
    [Fact]
    public async Task A_source_that_is_written_through_a_mapping_is_found_out()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere the times may not change before the mapping ends.");
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = Create(cluster);
        string format = new DriveInfo(source).DriveFormat;
        Assert.SkipWhen(format is "tmpfs" or "ramfs", "A file system in memory has nothing to write back.");
        using var mapped = MemoryMappedFile.CreateFromFile(source, FileMode.Open);
        using MemoryMappedViewAccessor view = mapped.CreateViewAccessor();
        view.Write(0, (byte)1);
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => SendAsync(cluster, source, () => view.Write(0, (byte)2)));
        Assert.Equal(DfssErrorCode.SourceChanged, error.Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_source_removed_or_replaced_meanwhile_is_sent_as_it_was_when_it_was_opened(bool isReplaced)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There a file in use stays until it is closed.");
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = Create(cluster);
        byte[] before = await File.ReadAllBytesAsync(source, Token);
        StoredFile sent = await SendAsync(cluster, source, () =>
        {
            File.Delete(source);
            if (isReplaced)
            {
                File.WriteAllText(source, "another");
            }
        });
        await cluster.Client.ReceiveAsync(
            sent, cluster.Folder["received"], ReceiveOptions.Default, progress: null, Token);
        Assert.Equal(before, await File.ReadAllBytesAsync(cluster.Folder["received"], Token));
    }

    /// <summary>Its last write is long ago, so that another one shows, however coarse the disk's clock is.</summary>
    private static string Create(Cluster cluster)
    {
        string source = cluster.Folder.CreateFile("source", 8 * ChunkSize, seed: 1);
        File.SetLastWriteTimeUtc(source, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        // Its last change was just now: until the disk's clock has gone on, another one has the same time.
        using FileStream file = new(source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        long changed = FileStatus.Of(file.SafeFileHandle)?.Changed ?? 0;
        string probe = cluster.Folder["probe"];
        do
        {
            File.WriteAllText(probe, "now");
        }
        while ((File.GetLastWriteTimeUtc(probe) - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick <= changed);
        return source;
    }

    /// <summary>Sends, and does something once, when the first chunk has arrived.</summary>
    private static async Task<StoredFile> SendAsync(Cluster cluster, string source, Action act)
    {
        bool isDone = false;
        CallbackProgress progress = new(state =>
        {
            if (state.TransferredBytes >= ChunkSize && !Interlocked.Exchange(ref isDone, true))
            {
                act();
            }
        });
        await using DfssClient client = new(cluster.Addresses, new TransferOptions { ThrottleLimit = 1 });
        return await client.SendAsync(source, "x", new SendOptions { ChunkSize = ChunkSize }, progress, Token);
    }

    private static void Write(string path, Action<FileStream> change)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        change(file);
    }
}
