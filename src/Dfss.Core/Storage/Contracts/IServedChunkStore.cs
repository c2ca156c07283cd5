namespace Dfss.Storage;

/// <summary>A chunk store that a peer serves: the operations that its requests need.</summary>
public interface IServedChunkStore : IChunkStore, IChunkVerifier
{
    /// <summary>The length in bytes of a stored chunk without reading it, or null where it is absent.</summary>
    ValueTask<int?> GetLengthAsync(ChunkId id, CancellationToken cancellationToken);

    /// <summary>
    /// The length in bytes of a chunk that is to be read, or null where it is absent. It may rest on an earlier look:
    /// the read that follows decides.
    /// </summary>
    ValueTask<int?> FindToReadAsync(ChunkId id, CancellationToken cancellationToken) =>
        GetLengthAsync(id, cancellationToken);

    /// <summary>How many of a batch of requests are best under way at once: 1 where they wait for nothing far away.
    /// </summary>
    int AtOnce => 1;
}
