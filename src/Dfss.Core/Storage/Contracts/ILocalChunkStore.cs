namespace Dfss.Storage;

/// <summary>
/// A chunk store on this machine: the operations that garbage collection and the scrub need in addition to those that a
/// peer serves. A store at the other end of a connection does not offer them, on purpose.
/// </summary>
public interface ILocalChunkStore : IServedChunkStore
{
    /// <summary>
    /// The stored ids greater than <paramref name="after"/> (null: all), in ascending order. A live view: chunks that
    /// are put or deleted meanwhile may or may not be in it.
    /// </summary>
    IAsyncEnumerable<ChunkId> EnumerateAsync(ChunkId? after, CancellationToken cancellationToken);

    /// <summary>Deletes a chunk. Deleting an absent chunk is no error.</summary>
    ValueTask DeleteAsync(ChunkId id, CancellationToken cancellationToken);
}
