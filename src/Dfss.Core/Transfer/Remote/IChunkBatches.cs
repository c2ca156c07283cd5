using Dfss.Storage;

namespace Dfss.Transfer;

/// <summary>
/// A store that puts and gets several chunks in one round trip. Optional beside <see cref="IChunkStore"/>.
/// </summary>
internal interface IChunkBatches
{
    /// <summary>
    /// Puts each chunk as <see cref="IChunkStore.PutAsync"/> does; distinct ids, 4,096 and 16 MiB at the most.
    /// </summary>
    /// <returns>
    /// For each chunk what the put found; null where it was refused: a put of that chunk alone gets the error.
    /// </returns>
    ValueTask<IReadOnlyList<PutResult?>> PutManyAsync(
        IReadOnlyList<(ChunkId Id, byte[] Content)> chunks, CancellationToken cancellationToken);

    /// <summary>Reads each chunk; not verified.</summary>
    /// <returns>For each id the bytes, null where it is absent; as many as fit into one answer, at least one.</returns>
    ValueTask<IReadOnlyList<byte[]?>> GetManyAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken);
}
