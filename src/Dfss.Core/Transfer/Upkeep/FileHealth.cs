namespace Dfss.Transfer;

/// <summary>A member of a file's home, and whether it answered.</summary>
/// <param name="Member">The member.</param>
/// <param name="Reason">Why it is unknown what the member holds, in whole sentences; null if it answered.</param>
public sealed record MemberHealth(HomeMember Member, string? Reason)
{
    /// <summary>Whether it answered.</summary>
    public bool IsUp => Reason is null;
}

/// <summary>What the members of a file's home report about its chunks.</summary>
public sealed class FileHealth
{
    private readonly CopyTable copies;

    internal FileHealth(
        StoredFile file, CopyTable copies, IReadOnlyList<MemberHealth> members, FileRecord? current, bool isDeep,
        string? problem)
    {
        this.copies = copies;
        Members = members;
        CurrentRecord = current;
        IsDeep = isDeep;
        ManifestProblem = problem;
        Manifest = copies.Describe(index: null, file.Record);
        Chunks = new ChunkList(copies, file.Record);
        for (int index = 0; index < copies.ChunkCount; index++)
        {
            int count = copies.CountHolders(copies.SlotOf(index));
            DegradedChunks += count < file.Record.Replicas ? 1 : 0;
            LostChunks += count == 0 ? 1 : 0;
        }

        File = file with { PresentReplicas = copies.PresentReplicas };
    }

    /// <summary>The file that was tested. Its <see cref="StoredFile.PresentReplicas"/> is the fewest members that hold
    /// any of its chunks, or the manifest; 0 if no peer has the manifest.</summary>
    public StoredFile File { get; }

    /// <summary>How many members should hold each chunk.</summary>
    public int Replicas => File.Record.Replicas;

    /// <summary>The members of the home, in its order.</summary>
    public IReadOnlyList<MemberHealth> Members { get; }

    /// <summary>The current version of the name; null if too few members answered to know it.</summary>
    public long? CurrentVersion => CurrentRecord?.Version;

    /// <summary>Whether the tested file is the current version of its name, as a majority has it.</summary>
    public bool IsCurrent => CurrentVersion == File.Record.Version;

    /// <summary>Whether a majority of the home answered, so that the name can be read and changed.</summary>
    public bool HasMajority => Members.Count(member => member.IsUp) > Members.Count / 2;

    /// <summary>Whether each copy was hashed at its member.</summary>
    public bool IsDeep { get; }

    /// <summary>The manifest, without which the file's chunks are unknown.</summary>
    public ChunkHealth Manifest { get; }

    /// <summary>Why the manifest is not available, so that nothing is known of the chunks; null if it is.</summary>
    public string? ManifestProblem { get; }

    /// <summary>The chunks by index; empty if the manifest is not available.</summary>
    public IReadOnlyList<ChunkHealth> Chunks { get; }

    /// <summary>How many chunks have fewer copies than <see cref="Replicas"/>, the lost ones too.</summary>
    public int DegradedChunks { get; }

    /// <summary>How many chunks none of the members that answered has.</summary>
    public int LostChunks { get; }

    /// <summary>Whether each chunk and the manifest has as many copies as the record requires, and a majority of the
    /// home is up.</summary>
    public bool IsHealthy => HasMajority && File.PresentReplicas >= Replicas;

    /// <summary>The record that a majority has of the name; null if too few answered.</summary>
    internal FileRecord? CurrentRecord { get; }

    /// <summary>Which members hold which chunks.</summary>
    internal CopyTable Copies => copies;

    /// <summary>The file's manifest; null if it is not available.</summary>
    internal FileManifest? Content { get; init; }

    /// <summary>Described when asked for: a file may have half a million chunks.</summary>
    private sealed class ChunkList(CopyTable copies, FileRecord record) : IReadOnlyList<ChunkHealth>
    {
        public int Count => copies.ChunkCount;

        public ChunkHealth this[int index]
        {
            get
            {
                ArgumentOutOfRangeException.ThrowIfNegative(index);
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
                return copies.Describe(index, record);
            }
        }

        public IEnumerator<ChunkHealth> GetEnumerator() =>
            Enumerable.Range(0, Count).Select(index => this[index]).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
