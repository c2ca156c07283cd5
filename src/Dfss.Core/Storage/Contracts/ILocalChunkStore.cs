namespace Dfss.Storage;

/// <summary>
/// A chunk store on this machine: the operations that garbage collection, the scrub and the peer need in addition to
/// those of every store. A store at the other end of a connection does not offer them, on purpose.
/// </summary>
public interface ILocalChunkStore : IChunkStore, IChunkVerifier
{
    /// <summary>The length in bytes of a stored chunk without reading it, or null where it is absent.</summary>
    ValueTask<int?> GetLengthAsync(ChunkId id, CancellationToken cancellationToken);

    /// <summary>
    /// The stored ids greater than <paramref name="after"/> (null: all), in ascending order. A live view: chunks that
    /// are put or deleted meanwhile may or may not be in it.
    /// </summary>
    IAsyncEnumerable<ChunkId> EnumerateAsync(ChunkId? after, CancellationToken cancellationToken);

    /// <summary>Deletes a chunk. Deleting an absent chunk is no error.</summary>
    ValueTask DeleteAsync(ChunkId id, CancellationToken cancellationToken);
}
