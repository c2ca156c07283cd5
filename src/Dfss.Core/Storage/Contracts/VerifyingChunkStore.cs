using Dfss.Hashing;

namespace Dfss.Storage;

/// <summary>
/// A store that hashes chunks when they are read: what <see cref="GetAsync"/> returns hashes to the id.
/// </summary>
/// <param name="inner">The store read from.</param>
internal sealed class VerifyingChunkStore(IChunkStore inner) : IChunkStore
{
    /// <inheritdoc/>
    public ValueTask<PutResult> PutAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        inner.PutAsync(id, content, cancellationToken);

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.ChunkCorrupt"/>: the bytes stored are not the chunk;
    /// they are in <paramref name="destination"/> all the same.</exception>
    public async ValueTask<int?> GetAsync(ChunkId id, Memory<byte> destination, CancellationToken cancellationToken)
    {
        int? length = await inner.GetAsync(id, destination, cancellationToken).ConfigureAwait(false);
        if (length is { } count
            && await ChunkHasher.Shared.HashAsync(destination[..count]).ConfigureAwait(false) != id)
        {
            throw new DfssException(
                DfssErrorCode.ChunkCorrupt,
                $"The {count} bytes stored as chunk {id} are not that chunk: their SHA-256 is another.")
            { ChunkId = id };
        }

        return length;
    }

    /// <inheritdoc/>
    public ValueTask<bool[]> FindMissingAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken) =>
        inner.FindMissingAsync(ids, cancellationToken);
}
