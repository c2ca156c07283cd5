namespace Dfss;

/// <summary>What a record says of its name.</summary>
public enum FileRecordState
{
    /// <summary>The name is a file.</summary>
    File = 0,

    /// <summary>The name was removed at this version: a tombstone.</summary>
    Removed = 1,

    /// <summary>
    /// The name moved: its record is at another home now, <see cref="FileRecord.Home"/>, with these values. Only former
    /// homes hold such records.
    /// </summary>
    Moved = 2,
}

/// <summary>One member of a home: a store that holds chunks and votes, and where it was last heard of.</summary>
/// <param name="StoreId">
/// Who it is; null for a peer that was listed but did not answer. It counts, and never votes.
/// </param>
/// <param name="Addresses">
/// Where it may be found, as <c>host:port</c>. Hints only: peers are matched by store id.
/// </param>
public sealed record HomeMember(StoreId? StoreId, IReadOnlyList<string> Addresses)
{
    /// <summary>What to call it: the first of its addresses that is one, else its store, else that neither is known.</summary>
    public string DisplayName => Addresses.FirstOrDefault(text => PeerAddress.TryParse(text, out _))
        ?? (StoreId is { } id ? $"store {id}" : "a peer without an address");
}

/// <summary>An earlier version of a name that is kept: what a record said of it.</summary>
/// <param name="Version">Which version.</param>
/// <param name="FileId">The content.</param>
/// <param name="Length">The file's length in bytes.</param>
/// <param name="ChunkSize">The chunk size in bytes, as in the manifest.</param>
/// <param name="Replicas">R: how many members hold each chunk.</param>
/// <param name="Run">How many consecutive chunks share a member of the ring.</param>
/// <param name="Modified">The source's last write.</param>
/// <param name="UnixMode">The Unix permission bits of the source; null where it had none.</param>
public sealed record PreviousVersion(
    long Version,
    FileId FileId,
    long Length,
    int ChunkSize,
    int Replicas,
    int Run,
    UnixTime Modified,
    int? UnixMode)
{
    /// <summary>The keys of an encrypted file; null for one that is not.</summary>
    public KeyEnvelope? Encryption { get; init; }
}

/// <summary>
/// The binding of a name to a file at one version. Immutable: a change is a new record with the next version.
/// </summary>
public sealed record FileRecord
{
    /// <summary>The name, normalized by <see cref="FileName.Normalize"/>.</summary>
    public required string Name { get; init; }

    /// <summary>1 for a name's first record, and one more for each after it.</summary>
    public required long Version { get; init; }

    /// <summary>
    /// Which home of the name this record is for: 0 the first, and one more with each move. That of a
    /// <see cref="FileRecordState.Moved"/> record is the new home's.
    /// </summary>
    public long Epoch { get; init; }

    /// <summary>Whether the name is a file, was removed, or moved.</summary>
    public FileRecordState State { get; init; }

    /// <summary>The content. Default for a tombstone.</summary>
    public FileId FileId { get; init; }

    /// <summary>The length of the stored chunks in bytes: the file's, and of an encrypted file 28 more for each chunk.</summary>
    public long Length { get; init; }

    /// <summary>The chunk size in bytes, as in the manifest.</summary>
    public int ChunkSize { get; init; }

    /// <summary>The keys of an encrypted file, wrapped for its recipients; null for a file that is not encrypted.</summary>
    public KeyEnvelope? Encryption { get; init; }

    /// <summary>The file's length in bytes, also where it is encrypted.</summary>
    public long ContentLength => Encryption is null ? Length : KeyEnvelope.ContentLength(Length, ChunkSize);

    /// <summary>R: how many members hold each chunk.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>How many consecutive chunks share a member of the ring.</summary>
    public int Run { get; init; } = 1;

    /// <summary>The ordered members that hold the chunks and vote on the record.</summary>
    public required IReadOnlyList<HomeMember> Home { get; init; }

    /// <summary>
    /// In a <see cref="FileRecordState.Moved"/> record the home it was left in, so that whoever finds the record
    /// knows who voted on it; else empty.
    /// </summary>
    public IReadOnlyList<HomeMember> FormerHome { get; init; } = [];

    /// <summary>The source's last write.</summary>
    public UnixTime Modified { get; init; }

    /// <summary>The Unix permission bits (0-4095) of the source; null where it had none (Windows).</summary>
    public int? UnixMode { get; init; }

    /// <summary>16 random bytes made for this one change, so that a writer knows its own.</summary>
    public required Guid WriterId { get; init; }

    /// <summary>The versions before this one that are kept, newest first, at most 64.</summary>
    public IReadOnlyList<PreviousVersion> Previous { get; init; } = [];

    /// <summary>
    /// The writer ids of the versions before this one, newest first, at most 8. A writer whose answer was lost, and
    /// whose version was replaced before it asked again, finds here that its change was made.
    /// </summary>
    public IReadOnlyList<Guid> PreviousWriterIds { get; init; } = [];

    /// <summary>The same with the lengths of the content, as it lies in a file, in place of those of the stored chunks.</summary>
    internal FileRecord ToContent() => Encryption is null
        ? this
        : this with { Length = ContentLength, ChunkSize = ChunkSize - KeyEnvelope.ChunkOverheadBytes };
}
