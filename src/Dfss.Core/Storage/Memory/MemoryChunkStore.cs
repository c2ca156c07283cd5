using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Dfss.Storage;

/// <summary>Chunks in memory: for trying things out, and for tests. Stable storage is the process's life.</summary>
internal sealed class MemoryChunkStore : IDurableChunkStore
{
    private readonly ConcurrentDictionary<ChunkId, byte[]> chunks = new();
    private readonly TouchedChunks touched;
    private long bytes;

    public MemoryChunkStore(TouchedChunks touched, long? quotaBytes = null)
    {
        this.touched = touched;
        Space = new StoreSpace(
            "The store in memory", quotaBytes, minimumFreeBytes: 0, () => Interlocked.Read(ref bytes), findFree: null);
    }

    /// <summary>Whether there is room for more.</summary>
    public StoreSpace Space { get; }

    /// <summary>Chunks and bytes stored.</summary>
    public (long Chunks, long Bytes) Count() => (chunks.Count, Interlocked.Read(ref bytes));

    /// <inheritdoc/>
    public async ValueTask<PutResult> PutAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await ChunkVerification.ThrowIfNotAsync(id, content).ConfigureAwait(false);
        touched.Touch(id);
        if (chunks.ContainsKey(id))
        {
            return PutResult.AlreadyPresent;
        }

        using StoreSpace.Grant grant = Space.Take(content);
        if (!chunks.TryAdd(id, content.ToArray()))
        {
            return PutResult.AlreadyPresent;
        }

        Interlocked.Add(ref bytes, content.Length);
        return PutResult.Stored;
    }

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask<int?> GetAsync(ChunkId id, Memory<byte> destination, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!chunks.TryGetValue(id, out byte[]? content))
        {
            return ValueTask.FromResult<int?>(null);
        }

        StoreErrors.ThrowIfTooShort(content.Length, destination);
        content.CopyTo(destination);
        return ValueTask.FromResult<int?>(content.Length);
    }

    /// <inheritdoc/>
    public ValueTask<int?> GetLengthAsync(ChunkId id, CancellationToken cancellationToken) =>
        ValueTask.FromResult(GetDurableLength(id));

    /// <inheritdoc/>
    public int? GetDurableLength(ChunkId id) => chunks.TryGetValue(id, out byte[]? content) ? content.Length : null;

    /// <inheritdoc/>
    public ValueTask<bool[]> FindMissingAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        bool[] missing = new bool[ids.Count];
        for (int i = 0; i < missing.Length; i++)
        {
            missing[i] = !chunks.ContainsKey(ids[i]);
            if (!missing[i])
            {
                touched.Touch(ids[i]);
            }
        }

        return ValueTask.FromResult(missing);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChunkId> EnumerateAsync(
        ChunkId? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (ChunkId id in chunks.Keys.Where(id => after is null || id > after).Order())
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return id;
        }

        await ValueTask.CompletedTask.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(ChunkId id, CancellationToken cancellationToken)
    {
        if (chunks.TryRemove(id, out byte[]? content))
        {
            Interlocked.Add(ref bytes, -content.Length);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<ChunkState> VerifyAsync(ChunkId id, CancellationToken cancellationToken)
    {
        if (!chunks.TryGetValue(id, out byte[]? content))
        {
            return ValueTask.FromResult(ChunkState.Missing);
        }

        if (ChunkId.Of(content) == id)
        {
            return ValueTask.FromResult(ChunkState.Good);
        }

        if (chunks.TryRemove(KeyValuePair.Create(id, content)))
        {
            Interlocked.Add(ref bytes, -content.Length);
        }

        return ValueTask.FromResult(ChunkState.Corrupt);
    }
}
