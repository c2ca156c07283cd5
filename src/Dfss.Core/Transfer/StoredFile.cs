using System.Globalization;
using Dfss.Encryption;

namespace Dfss.Transfer;

/// <summary>A stored file as a client has read it.</summary>
/// <param name="Record">The record of its name.</param>
/// <param name="IsCurrent">Whether a majority of its home confirmed this record when it was read.</param>
public sealed record StoredFile(FileRecord Record, bool IsCurrent)
{
    /// <summary>The name for users: the plain name of an opened hidden name; else that of the record.</summary>
    public string Name
    {
        get => field ?? Record.Name;
        init;
    }

    /// <summary>
    /// The fewest members that are known to hold any chunk, or the manifest: after a send those that sealed it, in a
    /// test those that report it. Null if no peer was asked.
    /// </summary>
    public int? PresentReplicas { get; init; }

    /// <summary>The file that this is an earlier version of (<see cref="AtVersion"/>); null for the newest
    /// one.</summary>
    public StoredFile? Newest { get; init; }

    /// <summary>
    /// Whether the name was removed: then this is the last file that it had, which can be restored as long as its
    /// chunks are there.
    /// </summary>
    public bool IsRemoved => Record.State == FileRecordState.Removed;

    /// <summary>The ids of the keys that an encrypted file can be read with; none for one that is not
    /// encrypted.</summary>
    public IReadOnlyList<string> RecipientKeyIds =>
        Record.Encryption is { } envelope ? EnvelopeContent.KeyIdsOf(envelope) : [];

    /// <summary>
    /// Whether a local file has this one's length and time of last writing, to a millisecond, and so is the same unless
    /// a program has set its time back. False if it is not there, or cannot be examined.
    /// </summary>
    /// <param name="path">The local file; a link is followed.</param>
    public bool HasLengthAndTimeOf(string path) => UnchangedFile.HasLengthAndTime(path, Record);

    /// <summary>An earlier version that is kept, or this one, to be received or compared.</summary>
    /// <param name="version">The number of the version.</param>
    /// <exception cref="DfssException">FileNotFound: it is not kept.</exception>
    public StoredFile AtVersion(long version)
    {
        if (version == Record.Version)
        {
            return this;
        }

        FileVersion earlier = Record.Previous.FirstOrDefault(one => one.Version == version)
            ?? throw NotKept(version);
        return new StoredFile(
            Record with
            {
                Content = earlier,
                Previous = [.. Record.Previous.Where(one => one.Version < version)],
                PreviousWriterIds = [],
            },
            IsCurrent)
        {
            Name = Name,
            Newest = Newest ?? this,
        };
    }

    /// <summary>What a name had before it was removed; null if the tombstone does not say.</summary>
    internal static StoredFile? OfRemoved(FileRecord tombstone, bool isCurrent) => tombstone.Previous is [var last, ..]
        ? new StoredFile(tombstone with { Content = last, Previous = [.. tombstone.Previous.Skip(1)] }, isCurrent)
        : null;

    internal DfssException NotKept(long version)
    {
        string kept = string.Join(
            ", ", Record.Previous.Select(one => one.Version.ToString(CultureInfo.InvariantCulture)));
        return new DfssException(
            DfssErrorCode.FileNotFound,
            string.Create(
                CultureInfo.InvariantCulture,
                $"Version {version} of '{Name}' is not kept: it is at version {Record.Version}, and ")
            + (kept.Length > 0
                ? $"of the earlier ones {kept} {(Record.Previous.Count == 1 ? "is" : "are")} kept."
                : "no earlier one is kept."),
            "-KeepVersions of Send-DfssFile sets how many are kept.");
    }
}

/// <summary>A run of bytes of a file.</summary>
/// <param name="Offset">Where it begins, in bytes from the start.</param>
/// <param name="Length">Its length in bytes.</param>
public sealed record ByteRange(long Offset, long Length);

/// <summary>How a local file compares with a stored one.</summary>
/// <param name="IsEqual">Whether both have the same bytes.</param>
/// <param name="LocalLength">The local file's length in bytes.</param>
/// <param name="StoredLength">The stored file's length in bytes.</param>
/// <param name="Differences">The ranges that differ, ascending, whole chunks merged; where one file is longer, its rest
/// is one of them.</param>
public sealed record FileComparison(
    bool IsEqual, long LocalLength, long StoredLength, IReadOnlyList<ByteRange> Differences);
