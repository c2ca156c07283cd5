namespace Dfss.Transfer;

/// <summary>Where the copies of one chunk are, or those of a file's manifest.</summary>
/// <param name="Index">The chunk's place in the file, from 0; null for the manifest.</param>
/// <param name="Id">The chunk.</param>
/// <param name="Length">Its length in bytes; 0 of a manifest that cannot be had.</param>
public sealed record ChunkHealth(int? Index, ChunkId Id, int Length)
{
    /// <summary>
    /// The members that are to hold it: the first of its ring, as many as the record says; of a manifest, all. A copy
    /// counts wherever it is: one that could not be placed here is further along the ring.
    /// </summary>
    public required IReadOnlyList<HomeMember> Expected { get; init; }

    /// <summary>The members that say they have it; after a deep test, whose copy was hashed and is good.</summary>
    public required IReadOnlyList<HomeMember> Holders { get; init; }

    /// <summary>The members that are to hold it, answered, and do not have it.</summary>
    public required IReadOnlyList<HomeMember> Missing { get; init; }

    /// <summary>The members whose copy a deep test found to be bad; they have set it aside.</summary>
    public required IReadOnlyList<HomeMember> Corrupt { get; init; }

    /// <summary>Whether as many members hold it as the record says.</summary>
    public required bool IsHealthy { get; init; }
}
