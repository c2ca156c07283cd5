using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>
/// Appends chunks to segments. Each of a few writers has a segment of its own, so that writes need no order among each
/// other and a torn end is the only damage that a crash leaves.
/// </summary>
internal sealed class SegmentWriter : IAsyncDisposable
{
    /// <summary>
    /// 2: writes into the cache are copies, which one processor makes faster than any disk takes them; the second
    /// writes while the first starts a segment.
    /// </summary>
    public const int MaxWriters = 2;

    /// <summary>
    /// 16 MiB: what is synced at a time. A disk is at its full speed by then, and a flush waits for no more than one of
    /// these.
    /// </summary>
    private const long SyncBytes = 16 << 20;

    /// <summary>32 MiB: a writer that has as much unsynced waits for the disk.</summary>
    private const long MaxUnsyncedBytes = 32 << 20;

    /// <summary>64 KiB: up to there a copy behind the header is cheaper than a write of two parts.</summary>
    private const int MaxCopied = 64 << 10;

    private readonly StoreLayout layout;
    private readonly SegmentTable segments;
    private readonly DurableFile files;
    private readonly ChunkIndex index;
    private readonly SemaphoreSlim slots = new(MaxWriters);

    // Held while all slots are taken, one by one: two that did that at a time would wait for each other.
    private readonly SemaphoreSlim all = new(1);
    private readonly Lock gate = new();
    private readonly Stack<Segment> free = [];

    public SegmentWriter(
        StoreLayout layout, SegmentTable segments, DurableFile files, ChunkIndex index, FailStopLatch fault)
    {
        this.layout = layout;
        this.segments = segments;
        this.files = files;
        this.index = index;
        Sync = new SegmentSync(layout, segments, files, index, fault, GiveBack);
    }

    /// <summary>Makes durable what was appended.</summary>
    public SegmentSync Sync { get; }

    /// <summary>
    /// Goes on with segments that have room, of those found at the start, open for writing. Before the first append.
    /// </summary>
    public void Continue(IEnumerable<Segment> open)
    {
        foreach (Segment segment in open)
        {
            Sync.Add(segment);
            free.Push(segment);
        }
    }

    /// <summary>Appends a chunk that is absent. It can be read on return.</summary>
    /// <returns>False where another caller has put the same chunk meanwhile.</returns>
    public async ValueTask<bool> TryAddAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        bool isAdded = false;
        await AppendAsync(
            id, content, location => isAdded = index.TryAdd(id, location), cancellationToken).ConfigureAwait(false);
        return isAdded;
    }

    /// <summary>Appends a copy of a chunk. It becomes the chunk when its caller says so.</summary>
    public ValueTask<ChunkLocation> CopyAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        AppendAsync(id, content, take: null, cancellationToken);

    /// <summary>Does something with the segments that take more, while all of them is durable and nothing is
    /// appended.</summary>
    public async Task RunAloneAsync(Action<Segment> action, CancellationToken cancellationToken)
    {
        await all.WaitAsync(cancellationToken).ConfigureAwait(false);
        int taken = 0;
        try
        {
            for (; taken < MaxWriters; taken++)
            {
                await slots.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            if (await Sync.FlushAsync(cancellationToken).ConfigureAwait(false) is { } error)
            {
                Sync.KeepUntold(error);
            }

            Segment[] open;
            lock (gate)
            {
                open = [.. free.Where(segment => segment.State == SegmentState.Open)];
            }

            Array.ForEach(open, action);
        }
        finally
        {
            if (taken > 0)
            {
                slots.Release(taken);
            }

            all.Release();
        }
    }

    /// <summary>Lets all that was appended become durable, and closes the segments.</summary>
    public async ValueTask DisposeAsync()
    {
        await all.WaitAsync().ConfigureAwait(false);
        for (int i = 0; i < MaxWriters; i++)
        {
            await slots.WaitAsync().ConfigureAwait(false);
        }

        await Sync.DisposeAsync().ConfigureAwait(false);
        slots.Dispose();
        all.Dispose();
    }

    private async ValueTask<ChunkLocation> AppendAsync(
        ChunkId id, ReadOnlyMemory<byte> content, Func<ChunkLocation, bool>? take, CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        Segment? segment = null;
        try
        {
            segment = Take();
            ChunkLocation location = Write(segment, id, content);
            lock (segment)
            {
                // A sync that fails takes what the segment has; this would not be among it.
                ThrowIfFailed(segment);
                // First what can fail for want of memory: a chunk in the index is one of the segment's records, and
                // the next record does not take its place.
                segment.Records.EnsureCapacity(segment.Records.Count + 1);
                segment.Length = location.End;
                if (take?.Invoke(location) != false)
                {
                    segment.Records.Add(new SegmentRecord(id, location));
                }
                else
                {
                    segment.HasWaste = true;
                }
            }

            return location;
        }
        catch (ObjectDisposedException exception)
        {
            throw StoreErrors.Failed(
                layout.Root, new IOException($"'{segment?.Path}' was closed, as a sync of it failed.", exception));
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            throw StoreErrors.From(exception, layout.Root);
        }
        finally
        {
            Return(segment);
        }
    }

    private Segment Take()
    {
        lock (gate)
        {
            while (free.TryPop(out Segment? found))
            {
                // One that has failed is dropped: its sync closes it.
                if (found.State == SegmentState.Open)
                {
                    return found;
                }
            }
        }

        Segment segment = segments.Create();
        Sync.Add(segment);
        return segment;
    }

    private ChunkLocation Write(Segment segment, ChunkId id, ReadOnlyMemory<byte> content)
    {
        ChunkLocation location = new(segment.Number, (uint)segment.Length, content.Length);
        bool isCopied = content.Length <= MaxCopied;
        int first = SegmentFormat.RecordHeaderBytes + (isCopied ? content.Length : 0);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(first);
        SafeFileHandle file = segment.Writer ?? throw new IOException($"'{segment.Path}' is closed.");
        bool isWhole = false;
        try
        {
            SegmentFormat.WriteRecordHeader(buffer, id, content.Length);
            if (isCopied)
            {
                content.Span.CopyTo(buffer.AsSpan(SegmentFormat.RecordHeaderBytes));
                files.Write(file, segment.Path, buffer.AsSpan(0, first), location.Offset);
            }
            else
            {
                files.Write(file, segment.Path, buffer.AsMemory(0, first), content, location.Offset);
            }

            isWhole = true;
            return location;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            if (!isWhole)
            {
                // It would take room of a full disk. The next record is written in its place.
                files.TryTruncate(file, segment.Path, location.Offset);
            }
        }
    }

    private static void ThrowIfFailed(Segment segment)
    {
        if (segment.State != SegmentState.Open)
        {
            throw new IOException($"A sync of '{segment.Path}' failed.");
        }
    }

    private void Return(Segment? segment)
    {
        if (segment is { State: SegmentState.Open })
        {
            if (segment.IsFull || segment.UnsyncedBytes >= MaxUnsyncedBytes)
            {
                // The writer waits with it.
                Sync.Take(segment);
                return;
            }

            lock (gate)
            {
                free.Push(segment);
            }

            if (segment.UnsyncedBytes >= SyncBytes)
            {
                Sync.Request(segment);
            }
        }

        slots.Release();
    }

    /// <summary>The segment has been synced, or has failed.</summary>
    private void GiveBack(Segment segment)
    {
        lock (gate)
        {
            free.Push(segment);
        }

        slots.Release();
    }
}
