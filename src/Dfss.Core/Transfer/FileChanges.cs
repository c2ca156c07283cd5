namespace Dfss.Transfer;

/// <summary>How a stored file is copied to another name.</summary>
public sealed record CopyOptions
{
    /// <summary>The options that hold when none are given.</summary>
    public static CopyOptions Default { get; } = new();

    /// <summary>Whether an existing file of the new name is replaced, at any version.</summary>
    public bool Force { get; init; }

    /// <summary>How many earlier versions of a name that is replaced are kept, 0-64.</summary>
    public int KeepVersions
    {
        get;
        init => field = value is >= 0 and <= DfssLimits.MaxPreviousVersions
            ? value
            : throw new ArgumentOutOfRangeException(nameof(KeepVersions), value, "Earlier versions kept are 0 to 64.");
    } = SendOptions.DefaultKeepVersions;
}

/// <summary>How a stored file is removed.</summary>
public sealed record RemoveOptions
{
    /// <summary>The options that hold when none are given.</summary>
    public static RemoveOptions Default { get; } = new();

    /// <summary>Removes the name at any version; otherwise only at that of the file.</summary>
    public bool Force { get; init; }
}

/// <summary>How a stored file is repaired.</summary>
public sealed record RepairOptions
{
    /// <summary>The options that hold when none are given.</summary>
    public static RepairOptions Default { get; } = new();

    /// <summary>Has the peers hash every copy first, so that corrupt ones are found and replaced.</summary>
    public bool Deep { get; init; }

    /// <summary>
    /// R: the number of members that each chunk is to be at from now on, 1-64 and at most as many as the home has. A
    /// change makes a new version of the record; a lower number removes no copy. Null leaves it as it is.
    /// </summary>
    public int? Replicas
    {
        get;
        init => field = value is null or (>= 1 and <= DfssLimits.MaxHomeMembers)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Replicas), value, "Copies are 1 to 64.");
    }

    /// <summary>
    /// The peers that are to hold the file, and its earlier versions, from now on; each must be up. Its former peers
    /// keep nothing of it but a record of the new ones. If it is at these peers already, it is repaired in place. Null:
    /// it is not moved.
    /// </summary>
    public IReadOnlyList<PeerAddress>? MoveTo { get; init; }

    /// <summary>Suspends the transfer; null if it never is.</summary>
    public TransferGate? Gate { get; init; }

    /// <summary>
    /// Called, from any thread, before anything is copied or changed; if it returns false, nothing is. Not called if
    /// there is nothing to do. Null for always yes.
    /// </summary>
    public Func<RepairPlan, CancellationToken, Task<bool>>? Confirm { get; init; }
}

/// <summary>What a repair is going to do.</summary>
/// <param name="File">The file; its PresentReplicas is what it has now.</param>
/// <param name="Copies">How many chunks (the manifest is one too) go to which members.</param>
/// <param name="Bytes">How many bytes these have.</param>
/// <param name="LostChunks">How many chunks have no copy that could be copied.</param>
public sealed record RepairPlan(
    StoredFile File, IReadOnlyDictionary<HomeMember, int> Copies, long Bytes, int LostChunks)
{
    /// <summary>The peers that the file is to have from now on, where it is moved; else null.</summary>
    public IReadOnlyList<HomeMember>? MoveTo { get; init; }

    /// <summary>
    /// The peers whose stores were restored from an earlier copy, and which get their vote on the file again.
    /// </summary>
    public IReadOnlyList<HomeMember> WithoutVote { get; init; } = [];

    /// <summary>
    /// The peers that were reached at other addresses than the record has, with those that the record gets.
    /// </summary>
    public IReadOnlyList<HomeMember> Readdressed { get; init; } = [];

    /// <summary>The versions that these lost chunks are of: the file's own, and earlier ones that are kept.</summary>
    public IReadOnlyList<long> LostVersions { get; init; } = [];
}

/// <summary>What a repair did.</summary>
/// <param name="File">The file; its PresentReplicas is what it has now.</param>
/// <param name="ReplicasBefore">The fewest members at which any chunk, or the manifest, was before.</param>
/// <param name="CopiedChunks">How many copies were made, of chunks and of the manifest.</param>
/// <param name="CopiedBytes">Their bytes.</param>
public sealed record RepairResult(StoredFile File, int ReplicasBefore, int CopiedChunks, long CopiedBytes)
{
    /// <summary>The peers that had the file before, where it was moved; else null.</summary>
    public IReadOnlyList<HomeMember>? MovedFrom { get; init; }
}
