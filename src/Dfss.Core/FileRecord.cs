namespace Dfss;

/// <summary>The state of a name at one version.</summary>
public enum FileRecordState
{
    /// <summary>The name is a file.</summary>
    File = 0,

    /// <summary>The name was removed at this version: a tombstone.</summary>
    Removed = 1,

    /// <summary>
    /// The name moved: the current record is at another home, <see cref="FileRecord.Home"/>, and has the values of this
    /// record. Only members of former homes hold such records.
    /// </summary>
    Moved = 2,
}

/// <summary>One member of a home: a store that holds chunks and votes, and its last known addresses.</summary>
/// <param name="StoreId">
/// The id of the store; null for a peer that was listed but did not answer. Such a member counts for the
/// majority and never votes.
/// </param>
/// <param name="Addresses">
/// The addresses of the peer, as <c>host:port</c>. They are only hints: peers are matched by store id.
/// </param>
public sealed record HomeMember(StoreId? StoreId, IReadOnlyList<string> Addresses)
{
    /// <summary>
    /// The name to display: the first valid address, else the store id, else a text that neither is known.
    /// </summary>
    public string DisplayName => Addresses.FirstOrDefault(text => PeerAddress.TryParse(text, out _))
        ?? (StoreId is { } id ? $"store {id}" : "a peer without an address");
}

/// <summary>A previous version of a name that is kept: the values of its record.</summary>
/// <param name="Version">The version.</param>
/// <param name="FileId">The content.</param>
/// <param name="Length">The length of the stored chunks in bytes, as in <see cref="FileRecord.Length"/>.</param>
/// <param name="ChunkSize">The chunk size in bytes, as in the manifest.</param>
/// <param name="Replicas">R: the number of members that hold each chunk.</param>
/// <param name="Run">The number of consecutive chunks that go to the same member of the ring.</param>
/// <param name="Modified">The source's last write.</param>
/// <param name="UnixMode">The Unix permission bits of the source; null if it had none.</param>
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
    /// <summary>The wrapped keys of an encrypted file; null for an unencrypted file.</summary>
    public KeyEnvelope? Encryption { get; init; }
}

/// <summary>
/// The binding of a name to a file at one version. Immutable: a change is a new record with the next version.
/// </summary>
public sealed record FileRecord
{
    /// <summary>The name, normalized by <see cref="FileName.Normalize"/>.</summary>
    public required string Name { get; init; }

    /// <summary>1 for the first record of a name, and one more for each record after it.</summary>
    public required long Version { get; init; }

    /// <summary>
    /// The number of the home that this record is for: 0 for the first home of the name, and one more for each move. A
    /// <see cref="FileRecordState.Moved"/> record has the number of the new home.
    /// </summary>
    public long Epoch { get; init; }

    /// <summary>Whether the name is a file, was removed, or moved.</summary>
    public FileRecordState State { get; init; }

    /// <summary>The content. Default for a tombstone.</summary>
    public FileId FileId { get; init; }

    /// <summary>
    /// The length of the stored chunks in bytes: the length of the file, and for an encrypted file 28
    /// bytes more for each chunk.
    /// </summary>
    public long Length { get; init; }

    /// <summary>The chunk size in bytes, as in the manifest.</summary>
    public int ChunkSize { get; init; }

    /// <summary>The keys of an encrypted file, wrapped for its recipients; null for an unencrypted file.</summary>
    public KeyEnvelope? Encryption { get; init; }

    /// <summary>The length of the file's content in bytes, whether or not it is encrypted.</summary>
    public long ContentLength => Encryption is null ? Length : KeyEnvelope.ContentLength(Length, ChunkSize);

    /// <summary>R: the number of members that hold each chunk.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>The number of consecutive chunks that go to the same member of the ring.</summary>
    public int Run { get; init; } = 1;

    /// <summary>The ordered members that hold the chunks and vote on the record.</summary>
    public required IReadOnlyList<HomeMember> Home { get; init; }

    /// <summary>
    /// In a <see cref="FileRecordState.Moved"/> record the home that holds it, so that a reader of the record knows
    /// which members voted on it; else empty.
    /// </summary>
    public IReadOnlyList<HomeMember> FormerHome { get; init; } = [];

    /// <summary>The source's last write.</summary>
    public UnixTime Modified { get; init; }

    /// <summary>The Unix permission bits (0-4095) of the source; null if it had none (Windows).</summary>
    public int? UnixMode { get; init; }

    /// <summary>16 random bytes made for this one change, so that a writer recognizes its own change.</summary>
    public required Guid WriterId { get; init; }

    /// <summary>The previous versions that are kept, newest first, at most 64.</summary>
    public IReadOnlyList<PreviousVersion> Previous { get; init; } = [];

    /// <summary>
    /// The writer ids of the previous versions, newest first, at most 8. They show a writer that its change was made,
    /// even if the answer was lost and the version was replaced before it asked again.
    /// </summary>
    public IReadOnlyList<Guid> PreviousWriterIds { get; init; } = [];

    /// <summary>
    /// The record with the lengths of the content, as it is in a file, instead of those of the stored chunks.
    /// </summary>
    internal FileRecord ToContent() => Encryption is null
        ? this
        : this with { Length = ContentLength, ChunkSize = ChunkSize - KeyEnvelope.ChunkOverheadBytes };
}
