using System.Runtime.CompilerServices;
using Dfss.Storage;

namespace Dfss.Transfer;

/// <summary>Batches the lookups, puts and reads of many callers: of each kind one request is under way, and calls that
/// arrive meanwhile share the next. Chunks over 64 KiB, and flushes, pass through. A store made of a peer's.</summary>
internal sealed class BatchingChunkStore : IChunkStore, IAsyncDisposable
{
    /// <summary>64 KiB: above it a chunk keeps a connection busy by itself, and is not worth a copy.</summary>
    public const int SmallBytes = 64 << 10;

    /// <summary>256 chunks or 1 MiB: one chunk of the usual size. What a peer holds of a session's answers is 8
    /// MiB.</summary>
    private static readonly BatchLimits ContentLimits = new(MaxItems: 256, MaxBytes: 1 << 20);

    /// <summary>131,072 ids are the maximum of one request; larger lists are split by the store that asks.</summary>
    private static readonly BatchLimits RequestLimits = new(MaxItems: 4096, MaxBytes: 1 << 17);

    private readonly RemoteChunkStore inner;
    private readonly BatchingQueue<IReadOnlyList<ChunkId>, bool[]> questions;
    private readonly BatchingQueue<(ChunkId Id, byte[] Content), PutResult?> puts;
    private readonly BatchingQueue<(ChunkId Id, int Length), byte[]?> gets;

    public BatchingChunkStore(RemoteChunkStore inner)
    {
        this.inner = inner;
        questions = new(FindManyAsync, RequestLimits, ids => ids.Count);
        puts = new(inner.PutManyAsync, ContentLimits, chunk => chunk.Content.Length, chunk => chunk.Id.ToString());
        gets = new(GetAllAsync, ContentLimits, chunk => chunk.Length);
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<PutResult> PutAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (content.Length > SmallBytes)
        {
            return await inner.PutAsync(id, content, cancellationToken).ConfigureAwait(false);
        }

        // A copy: the batch may still be under way when this caller has given up and uses its memory for something
        // else.
        return await puts.AskAsync((id, content.ToArray()), cancellationToken).ConfigureAwait(false)
            ?? await inner.PutAsync(id, content, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int?> GetAsync(ChunkId id, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (destination.Length > SmallBytes)
        {
            return await inner.GetAsync(id, destination, cancellationToken).ConfigureAwait(false);
        }

        if (await gets.AskAsync((id, destination.Length), cancellationToken).ConfigureAwait(false) is not { } content)
        {
            return null;
        }

        StoreErrors.ThrowIfTooShort(content.Length, destination);
        content.CopyTo(destination);
        return content.Length;
    }

    /// <inheritdoc/>
    public ValueTask<bool[]> FindMissingAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken) =>
        questions.AskAsync(ids, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await questions.DisposeAsync().ConfigureAwait(false);
        await puts.DisposeAsync().ConfigureAwait(false);
        await gets.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask<IReadOnlyList<bool[]>> FindManyAsync(
        IReadOnlyList<IReadOnlyList<ChunkId>> batch, CancellationToken cancellationToken)
    {
        bool[] missing = await inner.FindMissingAsync(
            [.. batch.SelectMany(ids => ids)], cancellationToken).ConfigureAwait(false);
        bool[][] answers = new bool[batch.Count][];
        int start = 0;
        for (int i = 0; i < answers.Length; i++)
        {
            answers[i] = missing[start..(start + batch[i].Count)];
            start += batch[i].Count;
        }

        return answers;
    }

    private async ValueTask<IReadOnlyList<byte[]?>> GetAllAsync(
        IReadOnlyList<(ChunkId Id, int Length)> wanted, CancellationToken cancellationToken)
    {
        List<byte[]?> found = new(wanted.Count);
        while (found.Count < wanted.Count)
        {
            found.AddRange(await inner.GetManyAsync(
                [.. wanted.Skip(found.Count).Select(chunk => chunk.Id)], cancellationToken).ConfigureAwait(false));
        }

        return found;
    }
}
