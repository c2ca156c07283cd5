using Dfss.Testing;
using Dfss.Tests.Transfer;
using Dfss.Transfer;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Faults;

/// <summary>A receive from real peers, one of which holds wrong bytes, dies or stands still.</summary>
public sealed class FailingReceiveTests : IAsyncLifetime
{
    private const int ChunkSize = 256 << 10;
    private const int Peers = 3;
    private const int Tries = 5;

    private static readonly TransferOptions Quick =
        new() { MaxAttempts = 2, RetryDelay = TimeSpan.FromMilliseconds(1), ThrottleLimit = 4 };

    private readonly TemporaryFolder folder = new();
    private readonly List<PeerProcess> peers = [];
    private SentFile file = null!;
    private StoredFile stored = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are Unix's.");
        for (int i = 0; i < Peers; i++)
        {
            peers.Add(await PeerProcess.StartAsync(folder[$"store{i}"]));
        }

        file = new SentFile("file", folder.CreateFile("source", 60 * ChunkSize, seed: 1), ChunkSize);
        Directory.CreateDirectory(folder["in"]);
        stored = await SendAsync();
    }

    private async Task<StoredFile> SendAsync()
    {
        await using DfssClient client = new([.. peers.Select(peer => peer.Address)], TransferOptions.Default);
        SendOptions options = new() { ChunkSize = ChunkSize, Replicas = 1 };
        for (int tries = 1; ; tries++)
        {
            try
            {
                return await client.SendAsync(file.Path, file.Name, options, progress: null, Token);
            }
            catch (DfssException error) when (error.Code == DfssErrorCode.TimedOut && tries < Tries)
            {
                // Peers that have just started may need longer than a read waits, on a busy machine.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (PeerProcess peer in peers)
        {
            await peer.DisposeAsync();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task A_corrupt_chunk_is_not_delivered_and_is_set_aside()
    {
        (ChunkId id, PeerProcess holder) = FindChunk(20);
        StoreFiles.Corrupt(holder.StorePath, id);
        List<string> warnings = [];
        await using DfssClient client = NewClient(Quick with { Warning = warnings.Add });

        DfssException error = await ReceiveFailsAsync(client, progress: null);
        Assert.Equal(DfssErrorCode.ChunkCorrupt, error.Code);
        Assert.Contains(id.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Contains(holder.Address.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Contains(warnings, line => line.Contains(id.ToString(), StringComparison.Ordinal));
        Assert.Single(Directory.GetFiles(Path.Combine(holder.StorePath, "quarantine"), $"{id}.*"));
        Assert.False(StoreFiles.Has(holder.StorePath, id));

        // From then on it is missing, and the same send brings it back.
        error = await ReceiveFailsAsync(client, progress: null);
        Assert.Equal(DfssErrorCode.ChunkNotFound, error.Code);
        SendOptions again = new() { ChunkSize = ChunkSize, Force = true, Replicas = 1 };
        StoredFile repaired = await client.SendAsync(file.Path, file.Name, again, progress: null, Token);
        await client.ReceiveAsync(repaired, folder["in", "x"], ReceiveOptions.Default, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(file.Path, Token), await File.ReadAllBytesAsync(folder["in", "x"], Token));
    }

    [Fact]
    public async Task A_peer_killed_in_the_middle_is_named_with_the_chunk_and_what_came_is_kept()
    {
        PeerProcess dead = peers[1];
        await using DfssClient client = NewClient(Quick);
        DfssException error = await ReceiveFailsAsync(
            client, AfterSomeChunks(() => UnixSignal.Send(dead.ProcessId, UnixSignal.Kill)));

        Assert.Equal(DfssErrorCode.PeerUnreachable, error.Code);
        Assert.Contains(dead.Address.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Contains(file.Chunks, chunk => error.Message.Contains(chunk.Id.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_receive_from_a_peer_that_stands_still_can_be_cancelled()
    {
        PeerProcess stalled = peers[1];
        await using DfssClient client = NewClient(Quick);
        using CancellationTokenSource cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool isFrozen = false;
        CallbackProgress progress = new(state =>
        {
            // What the stalled peer had sent before it stopped still comes; the chunks of its third that did not, never
            // do.
            if (state.TransferredBytes >= 4 * ChunkSize && !Interlocked.Exchange(ref isFrozen, true))
            {
                stalled.Freeze();
                stopped.TrySetResult();
            }
        });
        Task receiving = client.ReceiveAsync(stored, folder["in", "x"], ReceiveOptions.Default, progress, cancel.Token);
        await stopped.Task.WaitAsync(Token);
        await cancel.CancelAsync();

        // Cancelled, and not given up for a peer that says nothing, which is a DfssException.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => receiving.WaitAsync(TimeSpan.FromSeconds(60), Token));
        Assert.Equal([folder["in", "x.dfss-part"]], Directory.GetFileSystemEntries(folder["in"]));

        // The peer goes on, and so does the client.
        stalled.Resume();
        await client.ReceiveAsync(stored, folder["in", "x"], ReceiveOptions.Default, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(file.Path, Token), await File.ReadAllBytesAsync(folder["in", "x"], Token));
    }

    [Theory]
    [InlineData("killed")]
    [InlineData("frozen")]
    public async Task With_two_copies_a_peer_lost_in_the_middle_is_routed_around_long_before_it_counts_as_dead(
        string how)
    {
        PeerProcess lost = peers[1];
        List<string> said = [];
        TransferOptions options = TransferOptions.Default with { Verbose = Say, Warning = Say, ThrottleLimit = 4 };
        await using DfssClient client = NewClient(options);
        StoredFile twice = await client.SendAsync(
            file.Path, "twice", new SendOptions { ChunkSize = ChunkSize, Replicas = 2 }, progress: null, Token);
        CallbackProgress progress = AfterSomeChunks(() =>
        {
            if (how == "killed")
            {
                UnixSignal.Send(lost.ProcessId, UnixSignal.Kill);
            }
            else
            {
                lost.Freeze();
            }
        });
        await client.ReceiveAsync(twice, folder["in", "x"], ReceiveOptions.Default, progress, Token);

        Assert.Equal(
            await File.ReadAllBytesAsync(file.Path, Token), await File.ReadAllBytesAsync(folder["in", "x"], Token));
        Assert.Contains(said, text => text.Contains(lost.Address.ToString(), StringComparison.Ordinal));
        Assert.DoesNotContain(said, text => text.Contains("no ping", StringComparison.Ordinal));
        if (how == "frozen")
        {
            lost.Resume();
        }

        void Say(string text)
        {
            lock (said)
            {
                said.Add(text);
            }
        }
    }

    private DfssClient NewClient(TransferOptions options) => new([.. peers.Select(peer => peer.Address)], options);

    private (ChunkId Id, PeerProcess Holder) FindChunk(int index)
    {
        ChunkId id = file.Chunks[index].Id;
        return (id, peers.Single(peer => StoreFiles.Has(peer.StorePath, id)));
    }

    private async Task<DfssException> ReceiveFailsAsync(DfssClient client, IProgress<TransferProgress>? progress)
    {
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => client.ReceiveAsync(stored, folder["in", "x"], ReceiveOptions.Default, progress, Token));
        Assert.Equal([folder["in", "x.dfss-part"]], Directory.GetFileSystemEntries(folder["in"]));
        return error;
    }

    private static CallbackProgress AfterSomeChunks(Action act)
    {
        bool isDone = false;
        return new CallbackProgress(state =>
        {
            if (state.TransferredBytes >= 4 * ChunkSize && !Interlocked.Exchange(ref isDone, true))
            {
                act();
            }
        });
    }
}
