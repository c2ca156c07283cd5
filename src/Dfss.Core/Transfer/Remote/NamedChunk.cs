namespace Dfss.Transfer;

/// <summary>A chunk, and what it is a part of.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">The file's name.</param>
/// <param name="FileId">Which content of that name.</param>
/// <param name="Index">Its place in the file; null for the manifest.</param>
internal readonly record struct NamedChunk(ChunkId Id, string Name, FileId FileId, int? Index);
