namespace Dfss;

/// <summary>What a record says of its name.</summary>
public enum FileRecordState
{
    /// <summary>The name is a file.</summary>
    File = 0,

    /// <summary>The name was removed at this version: a tombstone.</summary>
    Removed = 1,
}

/// <summary>One member of a home: a store that holds chunks and votes, and where it was last heard of.</summary>
/// <param name="StoreId">
/// Who it is; null for a peer that was listed but did not answer. It counts, and never votes.
/// </param>
/// <param name="Addresses">
/// Where it may be found, as <c>host:port</c>. Hints only: peers are matched by store id.
/// </param>
public sealed record HomeMember(StoreId? StoreId, IReadOnlyList<string> Addresses);

/// <summary>
/// The binding of a name to a file at one version. Immutable: a change is a new record with the next version.
/// </summary>
public sealed record FileRecord
{
    /// <summary>The name, normalized by <see cref="FileName.Normalize"/>.</summary>
    public required string Name { get; init; }

    /// <summary>1 for a name's first record, and one more for each after it.</summary>
    public required long Version { get; init; }

    /// <summary>Whether the name is a file or was removed.</summary>
    public FileRecordState State { get; init; }

    /// <summary>The content. Default for a tombstone.</summary>
    public FileId FileId { get; init; }

    /// <summary>The file's length in bytes.</summary>
    public long Length { get; init; }

    /// <summary>The chunk size in bytes, as in the manifest.</summary>
    public int ChunkSize { get; init; }

    /// <summary>R: how many members hold each chunk.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>How many consecutive chunks share a member of the ring.</summary>
    public int Run { get; init; } = 1;

    /// <summary>The ordered members that hold the chunks and vote on the record.</summary>
    public required IReadOnlyList<HomeMember> Home { get; init; }

    /// <summary>The source's last write, in milliseconds since 1970-01-01 UTC.</summary>
    public long ModifiedUnixMilliseconds { get; init; }

    /// <summary>The Unix permission bits (0-4095) of the source; null where it had none (Windows).</summary>
    public int? UnixMode { get; init; }

    /// <summary>16 random bytes made for this one change, so that a writer knows its own.</summary>
    public required Guid WriterId { get; init; }

    /// <summary>The file ids of the versions before this one that are kept, newest first.</summary>
    public IReadOnlyList<FileId> PreviousFileIds { get; init; } = [];

    /// <summary>
    /// The writer ids of the versions before this one, newest first, at most 8. A writer whose answer was lost, and
    /// whose version was replaced before it asked again, finds here that its change was made.
    /// </summary>
    public IReadOnlyList<Guid> PreviousWriterIds { get; init; } = [];
}
