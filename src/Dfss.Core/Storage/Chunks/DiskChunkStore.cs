using System.Runtime.CompilerServices;

namespace Dfss.Storage;

/// <summary>Chunks on a local disk, as records of segments. Plain blocking reads and writes on the caller's thread: for
/// pages in the cache they are the cheapest there are.</summary>
internal sealed partial class DiskChunkStore : IDurableChunkStore, IAsyncDisposable
{
    private readonly StoreLayout layout;
    private readonly DurableFile files;
    private readonly FailStopLatch fault;
    private readonly TouchedChunks touched;
    private readonly ChunkIndex index = new();
    private readonly SegmentTable segments;
    private readonly SegmentWriter writer;
    private readonly SegmentReclaimer reclaimer;
    private readonly ChunkQuarantine quarantine;
    private readonly Action<string>? log;

    public DiskChunkStore(
        StoreLayout layout, DurableFile files, FailStopLatch fault, TouchedChunks touched, LocalStoreOptions options)
    {
        this.layout = layout;
        this.files = files;
        this.fault = fault;
        this.touched = touched;
        log = options.Log;
        segments = new SegmentTable(layout, files, fault);
        Space = new StoreSpace(
            $"The store at '{layout.Root}'",
            options.QuotaBytes,
            options.MinimumFreeBytes ?? StoreSpace.DefaultMinimumFree(options.FindSpace(layout.Root).Total),
            () => Count().Bytes,
            () => options.FindSpace(layout.Root).Free);
        quarantine = new ChunkQuarantine(layout, files);
        Recovery = new SegmentRecovery(layout, segments, files, index, quarantine, options);
        IReadOnlyList<Segment> open = Recovery.Load(SegmentWriter.MaxWriters);
        writer = new SegmentWriter(layout, segments, files, index, fault);
        writer.Continue(open);
        reclaimer = new SegmentReclaimer(layout, segments, writer, files, index, Space.HasRoomFor);
    }

    /// <summary>What is to be done after a start, in the background.</summary>
    public SegmentRecovery Recovery { get; }

    /// <summary>Whether there is room for more.</summary>
    public StoreSpace Space { get; }

    /// <summary>Chunks and bytes stored.</summary>
    public (long Chunks, long Bytes) Count() => index.Count;

    /// <inheritdoc/>
    public async ValueTask<PutResult> PutAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        fault.ThrowIfSet();
        await ChunkVerification.ThrowIfNotAsync(id, content).ConfigureAwait(false);
        touched.Touch(id);
        // It is not read again, which would double the cost of every repeated send: scrub finds what has gone bad. What
        // a crash left does not count before it is durable.
        if (index.TryFind(id, out _))
        {
            return PutResult.AlreadyPresent;
        }

        using StoreSpace.Grant grant = Space.Take(content);
        return await writer.TryAddAsync(id, content, cancellationToken).ConfigureAwait(false)
            ? PutResult.Stored
            : PutResult.AlreadyPresent;
    }

    /// <inheritdoc/>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        fault.ThrowIfSet();
        DfssException? error = await writer.Sync.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (error is not null)
        {
            // A new one for each caller: an exception thrown twice has a muddled stack.
            throw error.Copy();
        }

        fault.ThrowIfSet();
    }

    /// <inheritdoc/>
    public ValueTask<int?> GetAsync(ChunkId id, Memory<byte> destination, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (TryFind(id, out ChunkLocation location))
        {
            StoreErrors.ThrowIfTooShort(location.Length, destination);
            Memory<byte> content = destination[..location.Length];
            if (StoreErrors.Guarded(layout.Root, () => Read(id, location, content.Span)) is { } read)
            {
                return read == location.Length ? ValueTask.FromResult<int?>(read) : throw Ended(id, location, read);
            }
        }

        return ValueTask.FromResult<int?>(null);
    }

    /// <inheritdoc/>
    public ValueTask<int?> GetLengthAsync(ChunkId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult<int?>(TryFind(id, out ChunkLocation location) ? location.Length : null);
    }

    /// <inheritdoc/>
    public int? GetDurableLength(ChunkId id)
    {
        while (index.TryFind(id, out ChunkLocation location))
        {
            if (segments.Find(location.Segment) is { } segment)
            {
                return segment.IsDurable(location) ? location.Length : null;
            }

            // Moved between the two looks.
        }

        return null;
    }

    /// <inheritdoc/>
    public ValueTask<bool[]> FindMissingAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        bool[] missing = new bool[ids.Count];
        for (int i = 0; i < missing.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            missing[i] = !TryFind(ids[i], out _);
            if (!missing[i])
            {
                // Only ids that are there: others would be remembered for as long, and a client could ask for them at
                // no cost.
                touched.Touch(ids[i]);
            }
        }

        return ValueTask.FromResult(missing);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChunkId> EnumerateAsync(
        ChunkId? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // By first byte: memory for one 256th of the ids is enough to sort them all.
        for (int i = after?.ToByteArray()[0] ?? 0; i < ChunkIndex.PartCount; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            SortedSet<ChunkId> left = ListLeft(i, cancellationToken);
            List<ChunkId> ids = index.List(i);
            if (left.Count > 0)
            {
                left.UnionWith(ids);
                ids = [.. left];
            }
            else
            {
                ids.Sort();
            }

            foreach (ChunkId id in ids)
            {
                if (after is null || id > after)
                {
                    yield return id;
                }
            }
        }

        await ValueTask.CompletedTask.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(ChunkId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        fault.ThrowIfSet();
        Recovery.Forget(id);
        while (index.TryFind(id, out ChunkLocation location) && !TryRemove(id, location))
        {
            // Another caller has moved it meanwhile.
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Returns the space of what was deleted.</summary>
    public Task ReclaimAsync(CancellationToken cancellationToken) =>
        fault.Cause is null ? reclaimer.ReclaimAsync(cancellationToken) : Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Recovery.DisposeAsync().ConfigureAwait(false);
        await writer.DisposeAsync().ConfigureAwait(false);
        segments.Dispose();
    }

    /// <summary>Where a chunk is: a durable one, one on its way, or a whole one that a crash left.</summary>
    private bool TryFind(ChunkId id, out ChunkLocation location) =>
        // Again at the end: the recovery may have taken it over meanwhile.
        index.TryFind(id, out location) || TryFindLeft(id, out location) || index.TryFind(id, out location);

    private bool TryFindLeft(ChunkId id, out ChunkLocation location)
    {
        try
        {
            return Recovery.TryFind(id, out location);
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            throw StoreErrors.From(exception, layout.Root);
        }
    }

    /// <summary>The whole ones that a crash left, of those that begin with this byte.</summary>
    private SortedSet<ChunkId> ListLeft(int firstByte, CancellationToken cancellationToken)
    {
        SortedSet<ChunkId> left = [];
        foreach (ChunkId id in Recovery.List(firstByte))
        {
            // Each is read.
            cancellationToken.ThrowIfCancellationRequested();
            if (TryFindLeft(id, out _))
            {
                left.Add(id);
            }
        }

        return left;
    }

    private bool TryRemove(ChunkId id, ChunkLocation location)
    {
        if (!index.TryRemove(id, location))
        {
            return false;
        }

        if (segments.Find(location.Segment) is { } segment)
        {
            segment.HasWaste = true;
        }

        return true;
    }

    /// <summary>Reads a chunk's bytes.</summary>
    /// <returns>How many there were; null where it is no longer there: look again.</returns>
    private int? Read(ChunkId id, ChunkLocation location, Span<byte> content)
    {
        int read = 0;
        try
        {
            if (segments.Find(location.Segment) is { } segment)
            {
                read = segments.Read(segment, content, location.ContentOffset);
            }
        }
        catch (FileNotFoundException)
        {
            // The segment has been removed, as nothing in it was wanted, or it has gone with the disk's file.
        }

        // After the read: what was deleted meanwhile may have become a hole.
        return IsAt(id, location) ? read : null;
    }

    private bool IsAt(ChunkId id, ChunkLocation location) => TryFind(id, out ChunkLocation now) && now == location;

    private DfssException Ended(ChunkId id, ChunkLocation location, int read) => StoreErrors.Failed(
        layout.Root,
        new IOException(
            $"'{segments.PathOf(location.Segment)}' ended after {read} of the {location.Length} bytes of chunk {id}."));
}
