namespace Dfss.Storage;

/// <summary>How a stored chunk was found.</summary>
public enum ChunkState
{
    /// <summary>There, and its bytes hash to its id.</summary>
    Good,

    /// <summary>Not there.</summary>
    Missing,

    /// <summary>There, but its bytes did not hash to its id; it has been set aside and now counts as missing.</summary>
    Corrupt,
}

/// <summary>A store that can re-hash a chunk in place.</summary>
public interface IChunkVerifier
{
    /// <summary>
    /// Re-hashes one chunk. A bad one is set aside (quarantined), so that it counts as missing and can be put again.
    /// </summary>
    ValueTask<ChunkState> VerifyAsync(ChunkId id, CancellationToken cancellationToken);
}
