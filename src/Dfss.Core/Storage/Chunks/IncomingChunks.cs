using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>Chunks on their way to the disk. A put writes a file in incoming/; a few threads of its own sync such files
/// as they come and move them to chunks/. So most of a large send is durable before its flush asks for it, and what is
/// not yet durable is bounded.</summary>
internal sealed class IncomingChunks : IAsyncDisposable
{
    /// <summary>4: that many syncs in parallel reach the disk's speed (1.0 GB/s of 1 MiB files; one at a time
    /// 0.5).</summary>
    private const int SyncThreads = 4;

    /// <summary>64: enough to keep the threads busy, and it bounds open files and what a flush still has to wait
    /// for.</summary>
    private const int MaxUnsynced = 64;

    private readonly StoreLayout layout;
    private readonly DurableFile files;
    private readonly ChunkFolders folders;
    private readonly FailStopLatch fault;

    // Names of this run; what a run before left in incoming/ has another prefix.
    private readonly string session = Guid.NewGuid().ToString("N");
    private readonly SemaphoreSlim room = new(MaxUnsynced);
    private readonly object gate = new();
    private readonly Dictionary<ChunkId, IncomingChunk> readable = [];
    private readonly HashSet<IncomingChunk> unsettled = [];
    private readonly Queue<IncomingChunk> waiting = [];
    private readonly TaskCompletionSource threadsEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int liveThreads = SyncThreads;
    private long lastName;
    private bool isClosing;
    // Failed, and no flush has reported it yet: the next one does, though it may be another caller's. Bounded; one is
    // as good as many.
    private readonly List<IncomingChunk> untold = [];

    public IncomingChunks(StoreLayout layout, DurableFile files, ChunkFolders folders, FailStopLatch fault)
    {
        this.layout = layout;
        this.files = files;
        this.folders = folders;
        this.fault = fault;
        for (int i = 0; i < SyncThreads; i++)
        {
            new Thread(SyncUntilClosed) { IsBackground = true, Name = $"dfss sync {i}" }.Start();
        }
    }

    /// <summary>Whether a file in incoming/ is of this run.</summary>
    public bool IsOwn(string path) => Path.GetFileName(path).EndsWith(session, StringComparison.Ordinal);

    /// <summary>The chunk, if it is on its way.</summary>
    public IncomingChunk? Find(ChunkId id)
    {
        lock (gate)
        {
            return readable.GetValueOrDefault(id);
        }
    }

    /// <summary>The ids on their way that begin with this byte.</summary>
    public List<ChunkId> Enumerate(int firstByte)
    {
        lock (gate)
        {
            return [.. readable.Keys.Where(id => id.ToByteArray()[0] == firstByte)];
        }
    }

    /// <summary>Chunks and bytes on their way, without those that their folders count. Under the lock of the
    /// counts.</summary>
    public (long Chunks, long Bytes) Count()
    {
        lock (gate)
        {
            IncomingChunk[] onTheWay = [.. readable.Values.Where(chunk => !chunk.IsPlaced)];
            return (onTheWay.Length, onTheWay.Sum(chunk => (long)chunk.Length));
        }
    }

    /// <summary>Writes a verified chunk. Readable on return.</summary>
    public async ValueTask<PutResult> PutAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await room.WaitAsync(cancellationToken).ConfigureAwait(false);
        bool isTaken = false;
        try
        {
            string path = Path.Combine(layout.Incoming, $"{id}.{Interlocked.Increment(ref lastName)}.{session}");
            SafeFileHandle file = files.Create(path, content.Span);
            isTaken = TryTake(new IncomingChunk(id, content.Length, path, file));
            if (!isTaken)
            {
                // Another caller put the same chunk meanwhile.
                file.Dispose();
                files.Delete(path);
                return PutResult.AlreadyPresent;
            }

            return PutResult.Stored;
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            throw StoreErrors.From(exception, layout.Root);
        }
        finally
        {
            if (!isTaken)
            {
                room.Release();
            }
        }
    }

    /// <summary>Waits until every chunk put before is in chunks/, its folder's name for it not yet durable.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: since the last flush, some could not be
    /// made durable; they are missing again.</exception>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        List<IncomingChunk> before;
        lock (gate)
        {
            before = [.. unsettled, .. untold];
        }

        await Task.WhenAll(before.Select(chunk => chunk.Settled)).WaitAsync(cancellationToken).ConfigureAwait(false);
        lock (gate)
        {
            untold.RemoveAll(before.Contains);
        }

        if (before.Find(chunk => chunk.Error is not null)?.Error is { } error)
        {
            // A new one for each caller: an exception thrown twice has a muddled stack.
            throw error.Copy();
        }
    }

    /// <summary>Forgets a chunk on its way. Under the lock of its chunk folder.</summary>
    public void Forget(ChunkId id)
    {
        lock (gate)
        {
            if (readable.Remove(id, out IncomingChunk? chunk))
            {
                chunk.IsUnwanted = true;
            }
        }
    }

    /// <summary>Lets the threads finish what waits, and ends them.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            isClosing = true;
            Monitor.PulseAll(gate);
        }

        await threadsEnded.Task.ConfigureAwait(false);
        room.Dispose();
    }

    private bool TryTake(IncomingChunk chunk)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isClosing, this);
            if (!readable.TryAdd(chunk.Id, chunk))
            {
                return false;
            }

            unsettled.Add(chunk);
            waiting.Enqueue(chunk);
            Monitor.Pulse(gate);
            return true;
        }
    }

    private void SyncUntilClosed()
    {
        while (TryDequeue(out IncomingChunk? chunk))
        {
            chunk.Error = TryPromote(chunk);
            lock (gate)
            {
                if (chunk.Error is not null && untold.Count < MaxUnsynced)
                {
                    untold.Add(chunk);
                }

                unsettled.Remove(chunk);
                if (readable.TryGetValue(chunk.Id, out IncomingChunk? current) && current == chunk)
                {
                    readable.Remove(chunk.Id);
                }
            }

            room.Release();
            chunk.Settle();
        }

        if (Interlocked.Decrement(ref liveThreads) == 0)
        {
            threadsEnded.SetResult();
        }
    }

    private bool TryDequeue([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IncomingChunk? chunk)
    {
        lock (gate)
        {
            while (!waiting.TryDequeue(out chunk))
            {
                if (isClosing)
                {
                    return false;
                }

                Monitor.Wait(gate);
            }

            return true;
        }
    }

    /// <summary>Sync, then rename: a name in chunks/ always means content on the disk.</summary>
    private DfssException? TryPromote(IncomingChunk chunk)
    {
        try
        {
            using (chunk.File)
            {
                files.Sync(chunk.File, chunk.Path);
            }

            folders.Promote(chunk.Path, chunk.Id, () => !chunk.IsUnwanted, () => chunk.IsPlaced = true);
            return null;
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            GiveUp(chunk);
            return StoreErrors.Failed(layout.Root, exception);
        }
        catch (Exception exception)
        {
            // The edge of the thread: an exception here would end the process. It is unknown what it left undone.
            fault.Set(exception);
            GiveUp(chunk);
            return StoreErrors.Fault(layout.Root, exception);
        }
    }

    /// <summary>Never tried again: the kernel may hold as clean what it failed to write, and a second sync would then
    /// succeed and lie.</summary>
    private void GiveUp(IncomingChunk chunk)
    {
        try
        {
            files.Delete(chunk.Path);
        }
        catch (Exception error) when (StoreErrors.IsOfMedium(error))
        {
            // It stays as garbage in incoming/; the next start removes it, or re-reads and rewrites it.
        }
        catch (Exception error)
        {
            fault.Set(error);
        }
    }
}
