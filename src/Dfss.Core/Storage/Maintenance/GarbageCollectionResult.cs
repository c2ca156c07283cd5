namespace Dfss.Storage;

/// <summary>What a garbage collection did, or would do.</summary>
/// <param name="FilesMarked">Manifests whose chunks were kept.</param>
/// <param name="ChunksKept">Chunks left in the store, those within their grace period included.</param>
/// <param name="ChunksDeleted">Chunks removed.</param>
/// <param name="BytesDeleted">Their lengths in bytes, added up.</param>
internal readonly record struct GarbageCollectionResult(
    long FilesMarked, long ChunksKept, long ChunksDeleted, long BytesDeleted);
