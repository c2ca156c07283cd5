using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>Chunks on a local disk: small ones as rows of chunks.db, the others as files. A chunk is kept by its length
/// in one of the two, so it is never in both. Plain blocking reads and writes on the caller's thread: for pages in the
/// cache they are the cheapest there are.</summary>
internal sealed partial class DiskChunkStore : IDurableChunkStore, IAsyncDisposable
{
    private readonly StoreLayout layout;
    private readonly DurableFile files;
    private readonly FailStopLatch fault;
    private readonly TouchedChunks touched;
    private readonly ChunkFolders folders;
    private readonly IncomingChunks incoming;
    private readonly Database database;
    private readonly SmallChunkTable small;
    private readonly Action<string>? log;

    public DiskChunkStore(
        StoreLayout layout, DurableFile files, FailStopLatch fault, TouchedChunks touched, LocalStoreOptions options)
    {
        this.layout = layout;
        this.files = files;
        this.fault = fault;
        this.touched = touched;
        folders = new ChunkFolders(layout, files, fault);
        database = new Database(layout.SmallChunks, $"{SmallChunkTable.Schema}; {ScrubTable.Schema}", fault);
        small = new SmallChunkTable(database);
        ScrubTable = new ScrubTable(database);
        log = options.Log;
        incoming = new IncomingChunks(layout, files, folders, fault);
        Recovery = new IncomingRecovery(layout, files, this, incoming, folders, small, options);
        Space = new StoreSpace(
            $"The store at '{layout.Root}'",
            options.QuotaBytes,
            options.MinimumFreeBytes ?? StoreSpace.DefaultMinimumFree(options.FindSpace(layout.Root).Total),
            () => Count().Bytes,
            () => options.FindSpace(layout.Root).Free - small.Waiting.Bytes,
            () => Recovery.Counted);
    }

    /// <summary>What is to be done after a start, in the background.</summary>
    public IncomingRecovery Recovery { get; }

    /// <summary>Whether there is room for more.</summary>
    public StoreSpace Space { get; }

    /// <summary>Where the scrub keeps its progress.</summary>
    public ScrubTable ScrubTable { get; }

    /// <summary>Chunks and bytes stored; after a start, those counted so far.</summary>
    public (long Chunks, long Bytes) Count()
    {
        (long Chunks, long Bytes) onTheWay, inFolders, inTable;
        lock (folders.CountLock)
        {
            (onTheWay, inFolders, inTable) = (incoming.Count(), folders.Count, small.Count);
        }

        return (inFolders.Chunks + inTable.Chunks + onTheWay.Chunks, inFolders.Bytes + inTable.Bytes + onTheWay.Bytes);
    }

    /// <inheritdoc/>
    public async ValueTask<PutResult> PutAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        fault.ThrowIfSet();
        await ChunkVerification.ThrowIfNotAsync(id, content).ConfigureAwait(false);
        touched.Touch(id);
        bool isRow = content.Length <= SmallChunkTable.MaxLength && !unreadable.ContainsKey(id);
        // The length alone decides: reading it again would double the cost of every repeated send, and scrub finds what
        // has gone bad.
        if (isRow
            ? small.LengthOf(id) is not null
            : incoming.Find(id) is not null || folders.LengthOf(id) == content.Length)
        {
            return PutResult.AlreadyPresent;
        }

        using StoreSpace.Grant grant = await Space.TakeAsync(content, cancellationToken).ConfigureAwait(false);
        return isRow
            ? await small.PutAsync(id, content, cancellationToken).ConfigureAwait(false)
            : await incoming.PutAsync(id, content, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        fault.ThrowIfSet();
        // Both at once: the syncs of the files and the commit of the rows wait for the same disk.
        Task rows = small.FlushAsync(cancellationToken);
        Task names = FlushFilesAsync(cancellationToken);
        await Task.WhenAll(rows, names).ConfigureAwait(false);
        fault.ThrowIfSet();
    }

    /// <inheritdoc/>
    public ValueTask<int?> GetAsync(ChunkId id, Memory<byte> destination, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return ValueTask.FromResult(ReadFile(id, destination) ?? ReadRow(id, destination));
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            throw StoreErrors.Failed(layout.Root, exception);
        }
    }

    /// <inheritdoc/>
    public ValueTask<int?> GetLengthAsync(ChunkId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(LengthOf(id));
    }

    /// <inheritdoc/>
    public int? GetDurableLength(ChunkId id) =>
        folders.DurableLengthOf(id) ?? (unreadable.ContainsKey(id) ? null : small.DurableLengthOf(id));

    /// <inheritdoc/>
    public ValueTask<bool[]> FindMissingAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        bool[] missing = new bool[ids.Count];
        for (int i = 0; i < missing.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            missing[i] = LengthOf(ids[i]) is null;
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
        int first = after?.ToByteArray()[0] ?? 0;
        for (int i = first; i < StoreLayout.ChunkFolderCount; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // On the way before in place: what is moved between the two shows in both, not in neither.
            SortedSet<ChunkId> ids = [.. incoming.Enumerate(i), .. folders.Enumerate(i), .. small.Enumerate(i)];
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
    public async ValueTask DeleteAsync(ChunkId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        fault.ThrowIfSet();
        try
        {
            folders.Delete(id, () => incoming.Forget(id));
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            throw StoreErrors.Failed(layout.Root, exception);
        }

        if (IsReadable(id))
        {
            await small.DeleteAsync(id).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Recovery.DisposeAsync().ConfigureAwait(false);
        await incoming.DisposeAsync().ConfigureAwait(false);
        await database.DisposeAsync().ConfigureAwait(false);
    }

    private async Task FlushFilesAsync(CancellationToken cancellationToken)
    {
        await incoming.SettleAsync(cancellationToken).ConfigureAwait(false);
        // Only now: the names moved in last are not durable before their folders are.
        await folders.SyncAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private int? LengthOf(ChunkId id) => incoming.Find(id)?.Length ?? folders.LengthOf(id)
        ?? (unreadable.ContainsKey(id) ? null : small.LengthOf(id));

    private int? ReadRow(ChunkId id, Memory<byte> destination)
    {
        if (unreadable.ContainsKey(id) || small.Get(id) is not { } content)
        {
            return null;
        }

        StoreErrors.ThrowIfTooShort(content.Length, destination);
        content.CopyTo(destination);
        return content.Length;
    }

    private int? ReadFile(ChunkId id, Memory<byte> destination)
    {
        string? path = incoming.Find(id)?.Path;
        if (path is not null)
        {
            try
            {
                return ReadFile(path, destination);
            }
            catch (FileNotFoundException)
            {
                // It was moved to its place between the look and the open.
            }
        }

        path = folders.PathOf(id);
        try
        {
            // Asked first: for a small chunk an exception would cost more than its row.
            return File.Exists(path) ? ReadFile(path, destination) : null;
        }
        catch (FileNotFoundException)
        {
            // It was deleted between the look and the open.
            return null;
        }
    }

    private static int? ReadFile(string path, Memory<byte> destination)
    {
        using SafeFileHandle file = File.OpenHandle(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        long length = RandomAccess.GetLength(file);
        if (length is 0 or > DfssLimits.MaxPayloadBytes)
        {
            return null;
        }

        StoreErrors.ThrowIfTooShort(length, destination);
        int total = 0;
        while (total < length)
        {
            int read = RandomAccess.Read(file, destination.Span[total..(int)length], total);
            if (read == 0)
            {
                throw new IOException($"'{path}' ended after {total} of {length} bytes.");
            }

            total += read;
        }

        return total;
    }
}
