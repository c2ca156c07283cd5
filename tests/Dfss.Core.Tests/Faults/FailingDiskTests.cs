using Dfss.Testing;
using Dfss.Transfer;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Faults;

/// <summary>
/// A real peer whose disk fails, by strace, or is full: nothing is acknowledged, and the sender learns why and where.
/// </summary>
public sealed class FailingDiskTests : IDisposable
{
    private const int ChunkSize = 256 << 10;

    private static readonly SendOptions Send = new() { ChunkSize = ChunkSize };

    private readonly TemporaryFolder folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_failed_sync_of_chunks_is_reported_and_the_same_send_succeeds_later()
    {
        SkipWithoutStrace();
        await using PeerProcess peer = await PeerProcess.StartAsync(folder["store"]);
        SentFile file = MakeFile("file", 8 * ChunkSize);
        // SQLite syncs by another call.
        await using (await SyscallFault.AttachAsync(peer.ProcessId, "fdatasync", "error=EIO"))
        {
            await FailsAsync(peer, file, "Input/output error");
        }

        Assert.DoesNotContain(file.Chunks, chunk => StoreFiles.Has(peer.StorePath, chunk.Id));

        // The disk works again, and the peer never stopped.
        await SendsAsync(peer, file);
    }

    [Fact]
    public async Task A_failed_sync_of_votes_stops_writes_until_a_restart_and_not_reads()
    {
        SkipWithoutStrace();
        await using PeerProcess peer = await PeerProcess.StartAsync(folder["store"]);
        SentFile before = MakeFile("before", 3 * ChunkSize);
        await SendsAsync(peer, before);
        SentFile file = MakeFile("file", 3 * ChunkSize);
        string catalog = folder["store", "catalog.db"];
        await using (SyscallFault fault = await SyscallFault.AttachAsync(
            peer.ProcessId, "fsync", "error=EIO", catalog, catalog + "-wal"))
        {
            await FailsAsync(peer, file, "as its disk failed");
        }

        // The disk works again, and still the peer does not know what is on it.
        await FailsAsync(peer, file, "takes no more writes and votes");
        await ReceivesAsync(peer, before);
        await using PeerProcess again = await RestartAsync(peer);
        await ReceivesAsync(again, before);
        await SendsAsync(again, file);
    }

    [Fact]
    public async Task A_full_disk_is_reported_and_reads_go_on_and_with_some_space_a_file_is_stored()
    {
        Assert.SkipWhen(LoopDisk.Obstacle is not null, LoopDisk.Obstacle ?? string.Empty);
        using LoopDisk disk = new(folder.Path, megabytes: 24, hasJournal: true);
        string store = Path.Combine(disk.MountPoint, "store");
        string other = Path.Combine(disk.MountPoint, "other");
        await File.WriteAllBytesAsync(other, new byte[2 << 20], Token);
        await using PeerProcess peer = await PeerProcess.StartAsync(store);
        SentFile before = MakeFile("before", 3 * ChunkSize);
        await SendsAsync(peer, before);
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => SendAsync(peer, MakeFile("large", 40 << 20)));
        Assert.Equal(DfssErrorCode.StoreFull, error.Code);
        Assert.Contains(peer.Address.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Contains("are to stay free", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.ChunkId);
        await ReadsNothingAsync(peer, "large");
        await ReceivesAsync(peer, before);
        File.Delete(other);
        await SendsAsync(peer, MakeFile("small", 1000));
    }

    [Theory]
    [InlineData("catalog.db-wal", "EDQUOT")]
    [InlineData("catalog.db-wal", "ENOSPC")]
    [InlineData("chunks/00000001.segment", "EDQUOT")]
    [InlineData("chunks/00000001.segment", "ENOSPC")]
    public async Task A_file_without_room_is_a_full_store_and_goes_on_when_there_is_some(string name, string error)
    {
        SkipWithoutStrace();
        await using PeerProcess peer = await PeerProcess.StartAsync(folder["store"]);
        await SendsAsync(peer, MakeFile("before", 1000));
        SentFile file = MakeFile("file", 2000);
        await using (await SyscallFault.AttachAsync(
            peer.ProcessId, "pwrite64", $"error={error}", folder["store", name]))
        {
            DfssException full = await Assert.ThrowsAsync<DfssException>(() => SendAsync(peer, file));
            Assert.Equal(DfssErrorCode.StoreFull, full.Code);
            Assert.Contains(peer.Address.ToString(), full.Message, StringComparison.Ordinal);
            await ReadsNothingAsync(peer, file.Name);
        }

        await SendsAsync(peer, file);
    }

    [Fact]
    public async Task A_chunk_that_the_disk_cannot_read_is_set_aside_and_missing_until_it_is_put_again()
    {
        SkipWithoutStrace();
        SentFile file = MakeFile("file", 3 * ChunkSize);
        await using (PeerProcess before = await PeerProcess.StartAsync(folder["store"]))
        {
            await SendsAsync(before, file);
            Assert.Equal(0, await before.StopAsync());
        }

        // What comes now is in another segment, but for the chunk that both files have.
        StoreFiles.Fill(folder["store"]);
        byte[] shared = (await File.ReadAllBytesAsync(file.Path, Token))[ChunkSize..(2 * ChunkSize)];
        await File.WriteAllBytesAsync(folder["mixed"], [.. shared, .. new byte[1000]], Token);
        SentFile mixed = new("mixed", folder["mixed"], ChunkSize);
        await using PeerProcess peer = await PeerProcess.StartAsync(folder["store"]);
        await SendsAsync(peer, mixed);
        await using DfssClient client = new([peer.Address], TransferOptions.Default);
        StoredFile stored = await client.GetAsync(mixed.Name, Token);
        string path = StoreFiles.Find(peer.StorePath, mixed.Chunks[0].Id).Single().Path;
        await using (await SyscallFault.AttachAsync(peer.ProcessId, "pread64", "error=EIO", path))
        {
            FileHealth health = await client.TestAsync(stored, deep: true, progress: null, Token);
            Assert.Equal(
                (1, 1), (health.LostChunks, (await client.GetPeerInfoAsync(peer.Address, Token)).QuarantinedChunks));
        }

        await SendAsync(peer, new SentFile("again", mixed.Path, ChunkSize));
        await ReceivesAsync(peer, mixed);
    }

    [Fact]
    public async Task A_second_process_on_the_same_store_ends_and_names_the_first()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are Unix's.");
        await using PeerProcess peer = await PeerProcess.StartAsync(folder["store"]);
        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => PeerProcess.StartAsync(folder["store"]));
        Assert.Contains(
            $"StoreInUse: The store at '{folder["store"]}' is in use by process {peer.ProcessId}.", refused.Message,
            StringComparison.Ordinal);

        // The first is none the worse for it; once it is gone, however it went, the store is free.
        await SendsAsync(peer, MakeFile("file", 1000));
        await peer.KillAsync();
        await using PeerProcess next = await PeerProcess.StartAsync(folder["store"]);
        await SendsAsync(next, MakeFile("other", 1000));
    }

    private static void SkipWithoutStrace() =>
        Assert.SkipWhen(SyscallFault.Obstacle is not null, SyscallFault.Obstacle ?? string.Empty);

    private static async Task<PeerProcess> RestartAsync(PeerProcess peer)
    {
        await peer.StopAsync();
        return await PeerProcess.StartAsync(peer.StorePath);
    }

    private SentFile MakeFile(string name, int length) =>
        new(name, folder.CreateFile(name, length, seed: length), ChunkSize);

    private static async Task<StoredFile> SendAsync(PeerProcess peer, SentFile file)
    {
        await using DfssClient client = new(
            [peer.Address], new TransferOptions { RetryDelay = TimeSpan.FromMilliseconds(1) });
        return await client.SendAsync(file.Path, file.Name, Send, progress: null, Token);
    }

    private async Task SendsAsync(PeerProcess peer, SentFile file)
    {
        await SendAsync(peer, file);
        await ReceivesAsync(peer, file);
    }

    private async Task ReceivesAsync(PeerProcess peer, SentFile file)
    {
        await using DfssClient client = new([peer.Address], TransferOptions.Default);
        StoredFile stored = await client.GetAsync(file.Name, Token);
        await client.ReceiveAsync(
            stored, folder["received"], new ReceiveOptions { Force = true }, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(file.Path, Token), await File.ReadAllBytesAsync(folder["received"], Token));
    }

    private static async Task FailsAsync(PeerProcess peer, SentFile file, string reason)
    {
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => SendAsync(peer, file));
        Assert.Equal(DfssErrorCode.StoreFailed, error.Code);
        Assert.Contains(peer.Address.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Matches(reason, error.Message);
        await ReadsNothingAsync(peer, file.Name);
    }

    private static async Task ReadsNothingAsync(PeerProcess peer, string name)
    {
        await using DfssClient client = new([peer.Address], TransferOptions.Default);
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => client.GetAsync(name, Token));
        Assert.Equal(DfssErrorCode.FileNotFound, error.Code);
    }
}
