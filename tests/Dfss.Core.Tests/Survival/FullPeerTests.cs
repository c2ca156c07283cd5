using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Transfer;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Survival;

/// <summary>
/// One of three peers has a small disk of its own, which is full in the middle of a send: as far as the peer leaves it
/// filled, or to the last byte.
/// </summary>
public sealed class FullPeerTests : IAsyncDisposable
{
    private const int ChunkSize = 256 << 10;

    /// <summary>Of which 8 are its journal, and some more the file system's own.</summary>
    private const int DiskMegabytes = 24;

    /// <summary>Two thirds of it, 21 MiB, are to lie on each of three peers where there are two copies.</summary>
    private const int TooMuch = 32 << 20;

    private readonly TemporaryFolder folder = new();
    private readonly List<string> warnings = [];
    private LoopDisk disk = null!;
    private PeerGroup peers = null!;
    private DfssClient client = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private PeerProcess Small => peers[0];

    public async ValueTask DisposeAsync()
    {
        if (disk is not null)
        {
            await client.DisposeAsync();
            await peers.DisposeAsync();
            disk.Dispose();
        }

        folder.Dispose();
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0L)]
    public async Task The_others_take_what_a_full_peer_does_not_and_it_goes_on_serving(long? minimumFreeBytes)
    {
        await StartAsync(minimumFreeBytes);
        SentFile before = MakeFile("before", 5 * ChunkSize);
        await SendAsync(before, new SendOptions { Replicas = 3, ChunkSize = ChunkSize });
        SentFile large = MakeFile("large", TooMuch);

        StoredFile stored = await SendAsync(large, new SendOptions { Replicas = 2, ChunkSize = ChunkSize });
        Assert.Equal(2, stored.PresentReplicas);
        Assert.Contains(warnings, line =>
            line.Contains(Small.Address.ToString(), StringComparison.Ordinal)
                && line.Contains("accepts no more chunks", StringComparison.Ordinal));
        await ReceivesAsync(client, large);
        AssertHasTakenWholeChunks(before);
        await AssertServesAloneAsync(before);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0L)]
    public async Task A_send_that_needs_the_full_peer_fails_clearly_and_changes_nothing(long? minimumFreeBytes)
    {
        await StartAsync(minimumFreeBytes);
        SentFile before = MakeFile("before", 5 * ChunkSize);
        await SendAsync(before, new SendOptions { Replicas = 3, ChunkSize = ChunkSize });
        SendOptions everywhere = new() { Replicas = 3, MinimumReplicas = 3, ChunkSize = ChunkSize, Force = true };

        SentFile large = new("before", MakeFile("large", TooMuch).Path, ChunkSize);
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => SendAsync(large, everywhere));
        Assert.Equal(DfssErrorCode.StoreFull, error.Code);
        Assert.Contains(Small.Address.ToString(), error.Message, StringComparison.Ordinal);

        // The name is what it was, and the others still take what fits.
        await ReceivesAsync(client, before);
        SentFile small = MakeFile("small", 1000);
        await SendAsync(small, new SendOptions { ChunkSize = ChunkSize });
        await ReceivesAsync(client, small);
        AssertHasTakenWholeChunks(before);
        await AssertServesAloneAsync(before);
    }

    private async Task StartAsync(long? minimumFreeBytes)
    {
        Assert.SkipWhen(LoopDisk.Obstacle is not null, LoopDisk.Obstacle ?? string.Empty);
        disk = new LoopDisk(folder.Path, DiskMegabytes, hasJournal: true);
        peers = await PeerGroup.StartAsync(
            [Path.Combine(disk.MountPoint, "store"), folder["store1"], folder["store2"]],
            new PeerSettings { MinimumFreeBytes = minimumFreeBytes });
        client = new DfssClient(peers.Addresses, new TransferOptions { Warning = warnings.Add });
    }

    private SentFile MakeFile(string name, int length) =>
        new(name, folder.CreateFile(name, length, seed: length), ChunkSize);

    private Task<StoredFile> SendAsync(SentFile file, SendOptions options) =>
        client.SendAsync(file.Path, file.Name, options, progress: null, Token);

    private async Task ReceivesAsync(DfssClient from, SentFile file)
    {
        StoredFile stored = await from.GetAsync(file.Name, Token);
        await from.ReceiveAsync(stored, folder["received"], new ReceiveOptions { Force = true }, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(file.Path, Token), await File.ReadAllBytesAsync(folder["received"], Token));
    }

    /// <summary>It alone gives what it had before.</summary>
    private async Task AssertServesAloneAsync(SentFile before)
    {
        await peers.KillAsync(1);
        await peers.KillAsync(2);
        await using DfssClient alone = new([Small.Address], TransferOptions.Default);
        await ReceivesAsync(alone, before);
    }

    /// <summary>It was full in the middle: it has taken some, and none by half.</summary>
    private void AssertHasTakenWholeChunks(SentFile before)
    {
        IReadOnlyList<StoredChunk> taken = StoreFiles.List(Small.StorePath);
        Assert.True(taken.Count > before.Chunks.Count, $"it has taken {taken.Count} chunks");
        Assert.Empty(Directory.GetFiles(Path.Combine(Small.StorePath, "quarantine")));
        Assert.All(taken, chunk => Assert.Equal(chunk.Id, ChunkId.Of(chunk.Read())));
    }
}
