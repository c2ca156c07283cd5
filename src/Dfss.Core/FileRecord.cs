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

/// <summary>What a name is at one version: the current one of its record, or an earlier one that is kept.</summary>
/// <param name="Version">1 for the first record of a name, and one more for each record after it.</param>
/// <param name="FileId">The content. Default for a tombstone.</param>
/// <param name="Length">
/// The length of the stored chunks in bytes: the length of the file, and for an encrypted file 28 bytes more for each
/// chunk.
/// </param>
/// <param name="ChunkSize">The chunk size in bytes, as in the manifest.</param>
/// <param name="Replicas">R: the number of members that hold each chunk.</param>
/// <param name="Run">The number of consecutive chunks that go to the same member of the ring.</param>
/// <param name="Modified">The source's last write.</param>
/// <param name="UnixMode">The Unix permission bits (0-4095) of the source; null if it had none (Windows).</param>
public sealed record FileVersion(
    long Version,
    FileId FileId,
    long Length,
    int ChunkSize,
    int Replicas,
    int Run,
    UnixTime Modified,
    int? UnixMode)
{
    /// <summary>The keys of an encrypted file, wrapped for its recipients; null for an unencrypted file.</summary>
    public KeyEnvelope? Encryption { get; init; }
}

/// <summary>
/// The binding of a name to a file at one version. Immutable: a change is a new record with the next version.
/// </summary>
public sealed record FileRecord
{
    /// <summary>The name, normalized by <see cref="FileName.Normalize"/>.</summary>
    public required string Name { get; init; }

    /// <summary>The file that the name is at; without content for a tombstone.</summary>
    public FileVersion Content { get; init; } =
        new(Version: 0, FileId: default, Length: 0, ChunkSize: 0, Replicas: 1, Run: 1, Modified: default,
            UnixMode: null);

    /// <inheritdoc cref="FileVersion.Version"/>
    public long Version { get => Content.Version; init => Content = Content with { Version = value }; }

    /// <summary>
    /// The number of the home that this record is for: 0 for the first home of the name, and one more for each move. A
    /// <see cref="FileRecordState.Moved"/> record has the number of the new home.
    /// </summary>
    public long Epoch { get; init; }

    /// <summary>Whether the name is a file, was removed, or moved.</summary>
    public FileRecordState State { get; init; }

    /// <inheritdoc cref="FileVersion.FileId"/>
    public FileId FileId { get => Content.FileId; init => Content = Content with { FileId = value }; }

    /// <inheritdoc cref="FileVersion.Length"/>
    public long Length { get => Content.Length; init => Content = Content with { Length = value }; }

    /// <inheritdoc cref="FileVersion.ChunkSize"/>
    public int ChunkSize { get => Content.ChunkSize; init => Content = Content with { ChunkSize = value }; }

    /// <inheritdoc cref="FileVersion.Encryption"/>
    public KeyEnvelope? Encryption { get => Content.Encryption; init => Content = Content with { Encryption = value }; }

    /// <summary>The length of the file's content in bytes, whether or not it is encrypted.</summary>
    public long ContentLength => Encryption is null ? Length : KeyEnvelope.ContentLength(Length, ChunkSize);

    /// <inheritdoc cref="FileVersion.Replicas"/>
    public int Replicas { get => Content.Replicas; init => Content = Content with { Replicas = value }; }

    /// <inheritdoc cref="FileVersion.Run"/>
    public int Run { get => Content.Run; init => Content = Content with { Run = value }; }

    /// <summary>The ordered members that hold the chunks and vote on the record.</summary>
    public required IReadOnlyList<HomeMember> Home { get; init; }

    /// <summary>
    /// In a <see cref="FileRecordState.Moved"/> record the home that holds it, so that a reader of the record knows
    /// which members voted on it; else empty.
    /// </summary>
    public IReadOnlyList<HomeMember> FormerHome { get; init; } = [];

    /// <inheritdoc cref="FileVersion.Modified"/>
    public UnixTime Modified { get => Content.Modified; init => Content = Content with { Modified = value }; }

    /// <inheritdoc cref="FileVersion.UnixMode"/>
    public int? UnixMode { get => Content.UnixMode; init => Content = Content with { UnixMode = value }; }

    /// <summary>16 random bytes made for this one change, so that a writer recognizes its own change.</summary>
    public required Guid WriterId { get; init; }

    /// <summary>The previous versions that are kept, newest first, at most 64.</summary>
    public IReadOnlyList<FileVersion> Previous { get; init; } = [];

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
