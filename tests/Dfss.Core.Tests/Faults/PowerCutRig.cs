using Dfss.Storage;
using Dfss.Testing;
using Dfss.Tests.Transfer;
using Dfss.Transfer;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Faults;

/// <summary>A sync that is left out, to see that the power cut notices it.</summary>
/// <param name="Peer">Left out by the peer itself: a kind of step, and a pattern of paths.</param>
/// <param name="Database">Or left out below SQLite: the name of its file.</param>
internal sealed record LeftOutSync(PeerSettings? Peer, string? Database);

/// <summary>
/// A real peer on a disk whose power is cut again and again while files are sent to it. What the client was told is
/// kept, is what must be there; each disk goes on from what the cut before it left.
/// </summary>
internal sealed class PowerCutRig : IAsyncDisposable
{
    private const int DiskMegabytes = 512;
    private const int ChunkSize = 256 << 10;

    private static readonly TransferOptions Once = new() { MaxAttempts = 1 };

    private readonly TemporaryFolder folder = TemporaryFolder.OnDisk();
    private readonly LoopDisk disk;
    private readonly Random random;
    private readonly LeftOutSync? leftOut;
    private readonly Lock gate = new();
    private readonly List<SentFile> acknowledged = [];
    private readonly List<SentFile> tried = [];
    private PeerProcess? peer;

    public PowerCutRig(int seed, bool hasJournal, LeftOutSync? leftOut)
    {
        random = new Random(seed);
        this.leftOut = leftOut;
        disk = new LoopDisk(folder.Path, DiskMegabytes, hasJournal);
    }

    public int Acknowledged => acknowledged.Count;

    /// <summary>
    /// Whether a file that nothing has synced was on the disk after the last cut: a system with many dirty pages
    /// writes them back at once, and then no cut shows that a sync is missing.
    /// </summary>
    public bool HasKeptUnsynced { get; private set; }

    private string Store => Path.Combine(disk.MountPoint, "store");

    /// <summary>Sends files, cuts the power at a random moment of it, and looks at what is there afterwards.</summary>
    /// <returns>What was acknowledged and is lost.</returns>
    public async Task<IReadOnlyList<string>> CutAsync(CancellationToken cancellationToken)
    {
        peer ??= await PeerProcess.StartAsync(Store, settings: leftOut?.Peer);
        SyscallFault? withoutSync = leftOut?.Database is string database
            ? await SyscallFault.AttachAsync(
                peer.ProcessId, "fsync", "retval=0", Path.Combine(Store, database),
                Path.Combine(Store, database + "-wal"))
            : null;
        List<SentFile> files = [.. Enumerable.Range(0, random.Next(2, 6)).Select(i => MakeFile(tried.Count + i))];
        tried.AddRange(files);
        string unsynced = Path.Combine(
            Directory.CreateDirectory(Path.Combine(disk.MountPoint, "unsynced")).FullName, $"{tried.Count}");
        byte[] content = new byte[ChunkSize];
        random.NextBytes(content);
        File.WriteAllBytes(unsynced, content);
        await SendUntilCutAsync(files, cancellationToken);
        await peer.DisposeAsync();
        if (withoutSync is not null)
        {
            await withoutSync.DisposeAsync();
        }

        disk.Restart();
        HasKeptUnsynced = File.Exists(unsynced) && File.ReadAllBytes(unsynced).AsSpan().SequenceEqual(content);
        List<string> lost = [.. FindLostChunks()];
        lost.AddRange(await ReceiveAllAsync(cancellationToken));
        return lost;
    }

    /// <summary>
    /// Ends the last peer, lets the store recover, and demands that it has nothing but what was sent.
    /// </summary>
    public async Task AssertNothingGrewAsync(CancellationToken cancellationToken)
    {
        Assert.Equal(0, await peer!.StopAsync());
        await using LocalStore store = await LocalStore.OpenAsync(Store, new LocalStoreOptions(), cancellationToken);
        await store.Recovery;
        // A torn manifest of a file that was not acknowledged may be there.
        HashSet<string> kept = [.. acknowledged.SelectMany(file => file.AllIds).Select(id => id.ToString())];
        Assert.DoesNotContain(
            Directory.GetFiles(Path.Combine(Store, "quarantine")),
            path => kept.Contains(Path.GetFileNameWithoutExtension(path)));
        // Nothing durable has gone.
        Assert.Empty(Directory.GetFiles(Path.Combine(Store, "quarantine"), "lost.*"));
        Assert.Empty(StoreFiles.Unfinished(Store));
        List<ChunkId> there = await store.Chunks.EnumerateAsync(after: null, cancellationToken)
            .ToListAsync(cancellationToken);
        Assert.Subset(tried.SelectMany(file => file.AllIds).ToHashSet(), there.ToHashSet());
        Assert.Subset(there.ToHashSet(), acknowledged.SelectMany(file => file.AllIds).ToHashSet());
        Assert.Equal(there.Count, store.GetUsage().Chunks);
        foreach (ChunkId id in there)
        {
            Assert.Equal(ChunkState.Good, await store.Verifier.VerifyAsync(id, cancellationToken));
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (peer is not null)
        {
            await peer.DisposeAsync();
        }

        disk.Dispose();
        folder.Dispose();
    }

    /// <summary>
    /// Half of the files are one small chunk, the others up to a dozen large ones; each has a manifest too.
    /// </summary>
    private SentFile MakeFile(int number)
    {
        string name = $"file{number}";
        long length = random.Next(2) == 0 ? random.Next(1, 60_000) : random.Next(100_000, 3 << 20);
        return new SentFile(name, folder.CreateFile(name, length, random.Next()), ChunkSize);
    }

    private async Task SendUntilCutAsync(List<SentFile> files, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // Half of the cuts are in the middle of something; half at once after an acknowledgement, where a promise is
        // youngest.
        CutMoment moment = random.Next(2) == 0
            ? new CutMoment(random.NextInt64(files.Sum(file => new FileInfo(file.Path).Length) + 1), files.Count)
            : new CutMoment(long.MaxValue, random.Next(1, files.Count + 1));
        int spins = random.Next(20_000);
        Task sending = SendAllAsync(files, moment, stop.Token);
        await Task.WhenAny(moment.Reached, sending);
        Thread.SpinWait(spins);
        peer!.Freeze();
        disk.CutPower();
        // What is heard after the copy was made may have been said after it.
        lock (gate)
        {
            moment.IsOver = true;
        }

        await stop.CancelAsync();
        await peer.KillAsync();
        await sending;
    }

    private async Task SendAllAsync(List<SentFile> files, CutMoment moment, CancellationToken cancellationToken)
    {
        try
        {
            await using DfssClient client = new([peer!.Address], Once);
            foreach (SentFile file in files)
            {
                long sent = 0;
                CallbackProgress progress = new(state =>
                    moment.Add(state.TransferredBytes - Interlocked.Exchange(ref sent, state.TransferredBytes)));
                await client.SendAsync(
                    file.Path, file.Name, new SendOptions { ChunkSize = ChunkSize }, progress, cancellationToken);
                lock (gate)
                {
                    if (moment.IsOver)
                    {
                        return;
                    }

                    acknowledged.Add(file);
                }

                moment.Acknowledge();
            }
        }
        catch (OperationCanceledException) when (moment.IsOver)
        {
            // The power is off.
        }
        catch (DfssException) when (moment.IsOver)
        {
            // The peer is gone.
        }
    }

    /// <summary>A chunk that was acknowledged is a record of a segment, whole, before any recovery.</summary>
    private IEnumerable<string> FindLostChunks()
    {
        HashSet<ChunkId> whole = Directory.Exists(StoreFiles.FolderOf(Store))
            ? [.. StoreFiles.List(Store).Where(chunk => ChunkId.Of(chunk.Read()) == chunk.Id).Select(chunk => chunk.Id)]
            : [];
        return from file in acknowledged
               from id in file.AllIds
               where !whole.Contains(id)
               select $"{file.Name}: chunk {id} is in no segment, whole";
    }

    private async Task<List<string>> ReceiveAllAsync(CancellationToken cancellationToken)
    {
        List<string> lost = [];
        try
        {
            peer = null;
            peer = await PeerProcess.StartAsync(Store, settings: leftOut?.Peer);
        }
        catch (InvalidOperationException refused)
        {
            return [refused.Message];
        }

        await using DfssClient client = new([peer.Address], Once);
        string destination = folder["received"];
        foreach (SentFile file in acknowledged)
        {
            try
            {
                StoredFile stored = await client.GetAsync(file.Name, cancellationToken);
                await client.ReceiveAsync(
                    stored, destination, new ReceiveOptions { Force = true }, progress: null, cancellationToken);
                if (!File.ReadAllBytes(file.Path).AsSpan().SequenceEqual(File.ReadAllBytes(destination)))
                {
                    lost.Add($"{file.Name}: other bytes");
                }
            }
            catch (DfssException error)
            {
                lost.Add($"{file.Name}: {error.Message}");
            }
        }

        return lost;
    }

    /// <summary>When the power is cut: after so many bytes, or so many acknowledgements, whichever is first.</summary>
    private sealed class CutMoment(long bytes, int acknowledgements)
    {
        private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long bytesLeft = bytes;
        private int acknowledgementsLeft = acknowledgements;

        public Task Reached => reached.Task;

        public bool IsOver { get; set; }

        public void Add(long sent)
        {
            if (Interlocked.Add(ref bytesLeft, -sent) <= 0)
            {
                reached.TrySetResult();
            }
        }

        public void Acknowledge()
        {
            if (Interlocked.Decrement(ref acknowledgementsLeft) <= 0)
            {
                reached.TrySetResult();
            }
        }
    }
}
