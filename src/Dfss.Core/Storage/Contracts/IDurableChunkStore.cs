namespace Dfss.Storage;

/// <summary>A chunk store that can tell which chunks would survive a power cut: a seal promises only these.</summary>
internal interface IDurableChunkStore : ILocalChunkStore
{
    /// <summary>
    /// The length in bytes of a chunk that is on stable storage; null if it is absent or not durable yet. A chunk that
    /// <see cref="IChunkStore.FindMissingAsync"/> reports as present may still wait for its sync, and be lost if that
    /// fails.
    /// </summary>
    int? GetDurableLength(ChunkId id);
}
