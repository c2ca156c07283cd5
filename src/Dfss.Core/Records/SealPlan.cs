namespace Dfss.Records;

/// <summary>Which member is to seal which chunks of a new file. The manifest is put to every member that is to
/// seal.</summary>
/// <param name="FileId">The file.</param>
/// <param name="ChunkCount">How many chunks the file has; 0 for an empty file, whose manifest is still sealed.</param>
/// <param name="ExpectedByMember">
/// By the member's index in the home: the chunks put there, none for a member that is left out.
/// </param>
/// <param name="MinimumReplicas">How many members must have sealed a chunk (and the manifest) before the record may be
/// accepted.</param>
internal sealed record SealPlan(
    FileId FileId, int ChunkCount, IReadOnlyList<ChunkBitmap> ExpectedByMember, int MinimumReplicas)
{
    /// <summary>The members that are asked to seal; null: all. For a move only those of the new home are.</summary>
    public IReadOnlyList<bool>? Sealers { get; init; }

    /// <summary>How many are asked to seal.</summary>
    public int SealerCount => Sealers?.Count(isAsked => isAsked) ?? ExpectedByMember.Count;

    /// <summary>Whether the member is asked to seal.</summary>
    public bool Asks(int member) => Sealers is null || Sealers[member];

    /// <summary>The plan of a change that has no chunks: a removal. Step 3 is left out.</summary>
    public static SealPlan None { get; } = new(default, 0, [], 0);

    /// <summary>Whether every chunk, and the manifest, is at enough of the members for which
    /// <paramref name="hasSealed"/> is true.</summary>
    public bool IsMetBy(Func<int, bool> hasSealed)
    {
        int[] members = [.. Enumerable.Range(0, ExpectedByMember.Count).Where(hasSealed)];
        if (members.Length < MinimumReplicas)
        {
            return false;
        }

        for (int chunk = 0; chunk < ChunkCount; chunk++)
        {
            int holders = 0;
            foreach (int member in members)
            {
                holders += ExpectedByMember[member][chunk] ? 1 : 0;
            }

            if (holders < MinimumReplicas)
            {
                return false;
            }
        }

        return true;
    }
}
