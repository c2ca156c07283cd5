namespace Dfss.Transfer;

/// <summary>Where the copies of one chunk are, or those of a file's manifest.</summary>
/// <param name="Index">The chunk's place in the file, from 0; null for the manifest.</param>
/// <param name="Id">The chunk.</param>
/// <param name="Length">Its length in bytes; 0 for a manifest that is not available.</param>
public sealed record ChunkHealth(int? Index, ChunkId Id, int Length)
{
    /// <summary>The members that should hold it: the first of its ring, as many as the record requires; for a manifest,
    /// all. A copy counts wherever it is: one that could not be placed here is further along the ring.</summary>
    public required IReadOnlyList<HomeMember> Expected { get; init; }

    /// <summary>The members that report it; after a deep test, those whose copy was hashed and is good.</summary>
    public required IReadOnlyList<HomeMember> Holders { get; init; }

    /// <summary>The members that should hold it, answered, and do not have it.</summary>
    public required IReadOnlyList<HomeMember> Missing { get; init; }

    /// <summary>The members whose copy a deep test found corrupt; it is in quarantine there.</summary>
    public required IReadOnlyList<HomeMember> Corrupt { get; init; }

    /// <summary>Whether as many members hold it as the record requires.</summary>
    public required bool IsHealthy { get; init; }
}
