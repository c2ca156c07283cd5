namespace Dfss.Storage;

/// <summary>A chunk store that a peer serves: the operations that its requests need.</summary>
public interface IServedChunkStore : IChunkStore, IChunkVerifier
{
    /// <summary>The length in bytes of a stored chunk without reading it, or null where it is absent.</summary>
    ValueTask<int?> GetLengthAsync(ChunkId id, CancellationToken cancellationToken);
}
