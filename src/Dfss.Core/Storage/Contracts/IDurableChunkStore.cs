namespace Dfss.Storage;

/// <summary>A chunk store that can tell what a power cut would leave of it: what a seal vouches for.</summary>
internal interface IDurableChunkStore : ILocalChunkStore
{
    /// <summary>
    /// The length in bytes of a chunk that is on stable storage; null where it is absent or only on its way. What <see
    /// cref="IChunkStore.FindMissingAsync"/> calls present may still be waiting for its sync, and lost by it.
    /// </summary>
    int? GetDurableLength(ChunkId id);
}
