namespace Dfss.Storage;

/// <summary>A chunk store on this machine: what its own upkeep (garbage collection, scrub, serving it to others) needs
/// beyond what every caller may ask of a store. A store at the other end of a connection has none of these powers, on
/// purpose.</summary>
public interface ILocalChunkStore : IChunkStore, IChunkVerifier
{
    /// <summary>The length in bytes of a stored chunk without reading it, or null where it is absent.</summary>
    ValueTask<int?> GetLengthAsync(ChunkId id, CancellationToken cancellationToken);

    /// <summary>The stored ids greater than <paramref name="after"/> (null: all), in ascending order. A live view: what
    /// comes and goes meanwhile may or may not show.</summary>
    IAsyncEnumerable<ChunkId> EnumerateAsync(ChunkId? after, CancellationToken cancellationToken);

    /// <summary>Forgets a chunk. Deleting what is absent is no error.</summary>
    ValueTask DeleteAsync(ChunkId id, CancellationToken cancellationToken);
}
