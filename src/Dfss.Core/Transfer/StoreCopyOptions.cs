namespace Dfss.Transfer;

/// <summary>How a stored file is copied to other peers.</summary>
public sealed record StoreCopyOptions
{
    /// <summary>The options that hold when none are given.</summary>
    public static StoreCopyOptions Default { get; } = new();

    /// <summary>Whether an existing file of the name is replaced, at any version.</summary>
    public bool Force { get; init; }

    /// <summary>How many earlier versions of a name that is replaced are kept, 0-64.</summary>
    public int KeepVersions
    {
        get;
        init => field = value is >= 0 and <= DfssLimits.MaxPreviousVersions
            ? value
            : throw new ArgumentOutOfRangeException(nameof(KeepVersions), value, "Earlier versions kept are 0 to 64.");
    } = SendOptions.DefaultKeepVersions;

    /// <summary>
    /// How many earlier versions come along, 0-64, the newest first, if no file has the name at the destination; null
    /// for all that are kept.
    /// </summary>
    public int? EarlierVersions
    {
        get;
        init => field = value is null or (>= 0 and <= DfssLimits.MaxPreviousVersions)
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(EarlierVersions), value, "Earlier versions that come along are 0 to 64.");
    }

    /// <summary>
    /// R: the number of members that each chunk is to be at, 1-64 and at most as many as the home has; null for as many
    /// as at the source, but at least 2, or 1 where the home has one member. Versions that share a content have the
    /// most of theirs.
    /// </summary>
    public int? Replicas { get; init => field = SendOptions.InRange(value, nameof(Replicas)); }

    /// <summary>
    /// The number of members that each chunk must be at for the copy to succeed, 1 to <see cref="Replicas"/>; null for
    /// 2, or 1 where one copy is made. Earlier versions that had fewer copies get as many.
    /// </summary>
    public int? MinimumReplicas { get; init => field = SendOptions.InRange(value, nameof(MinimumReplicas)); }

    /// <summary>Suspends the transfer; null if it never is.</summary>
    public TransferGate? Gate { get; init; }
}

/// <summary>What a copy to other peers did.</summary>
/// <param name="File">The file at its destination.</param>
/// <param name="IsUnchanged">
/// Whether the destination had the file already, with the same content, keys, time and mode: nothing was changed.
/// </param>
/// <param name="CopiedChunks">How many copies of chunks and manifests were sent to the destination.</param>
/// <param name="CopiedBytes">Their bytes.</param>
public sealed record StoreCopyResult(StoredFile File, bool IsUnchanged, int CopiedChunks, long CopiedBytes)
{
    internal static StoreCopyResult OfUnchanged(StoredFile there) =>
        new(there, IsUnchanged: true, CopiedChunks: 0, CopiedBytes: 0);
}
