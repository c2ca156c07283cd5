using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>Which part of the store may change a segment's files: one at a time.</summary>
internal enum SegmentState
{
    /// <summary>The recovery: what it holds is not known in full yet.</summary>
    Recovering,

    /// <summary>A writer appends to it, and the sync makes it durable.</summary>
    Open,

    /// <summary>The collection returns its space. It takes no more records.</summary>
    Closed,
}

/// <summary>
/// One segment: a file of records, one behind the other. Locked while a record becomes one of its records, while its
/// state changes, and while its index is written.
/// </summary>
/// <param name="number">Its number, and so its name.</param>
/// <param name="path">Its file.</param>
/// <param name="ownId">What its header says; an index that says the same is its index.</param>
internal sealed class Segment(uint number, string path, Guid ownId)
{
    private SafeFileHandle? writer;
    private SafeFileHandle? reader;
    private long length = SegmentFormat.HeaderBytes;
    private long durableLength = SegmentFormat.HeaderBytes;
    private volatile SegmentState state = SegmentState.Open;
    private bool hasWaste;
    private bool mustStay;

    /// <summary>Its number.</summary>
    public uint Number { get; } = number;

    /// <summary>Its file.</summary>
    public string Path { get; } = path;

    /// <summary>The file that lists its records.</summary>
    public string IndexPath { get; } = System.IO.Path.ChangeExtension(path, SegmentFormat.IndexExtension);

    /// <summary>What ties its index to it.</summary>
    public Guid OwnId { get; } = ownId;

    /// <summary>Which part of the store may change its files.</summary>
    public SegmentState State { get => state; set => state = value; }

    /// <summary>
    /// The records that its index is to list, while it is open: copies too, which are not in use yet. Then empty.
    /// </summary>
    public List<SegmentRecord> Records { get; set; } = [];

    /// <summary>Where the next record begins.</summary>
    public long Length { get => Volatile.Read(ref length); set => Volatile.Write(ref length, value); }

    /// <summary>Up to where it is on stable storage.</summary>
    public long DurableLength
    {
        get => Volatile.Read(ref durableLength);
        set => Volatile.Write(ref durableLength, value);
    }

    /// <summary>What was appended and is not on stable storage yet.</summary>
    public long UnsyncedBytes => Length - DurableLength;

    /// <summary>From where on no record has been left out of its index.</summary>
    public long WholeFrom { get; set; } = SegmentFormat.HeaderBytes;

    /// <summary>Up to where this process has moved the mark durably; 0 where it has not.</summary>
    public long NarrowedTo { get; set; }

    /// <summary>Its mark as it is to be now.</summary>
    public byte[] Mark => SegmentFormat.Mark(OwnId, WholeFrom, DurableLength);

    /// <summary>Whether its name is on stable storage.</summary>
    public bool IsNameDurable { get; set; }

    /// <summary>Up to where its index lists it; 0 where it has none that counts.</summary>
    public long IndexedLength { get; set; }

    /// <summary>How many records its index lists.</summary>
    public int IndexedCount { get; set; }

    /// <summary>Whether the name of its index is on stable storage: if not, a power cut may leave the one
    /// before.</summary>
    public bool IsIndexNameDurable { get; set; }

    /// <summary>Whether its index lists all that it has.</summary>
    public bool IsIndexed => IndexedLength == Length;

    /// <summary>Whether it has as many bytes or records as it may have.</summary>
    public bool IsFull => Length >= SegmentFormat.MaxBytes || Records.Count >= SegmentFormat.MaxRecords;

    /// <summary>Whether the collection is to look at it: it has unwanted records, or an index that is not
    /// written.</summary>
    public bool HasWaste { get => Volatile.Read(ref hasWaste); set => Volatile.Write(ref hasWaste, value); }

    /// <summary>
    /// Whether it keeps all its bytes and its index until the next start: there was no room to note that a chunk of it
    /// is corrupt.
    /// </summary>
    public bool MustStay { get => Volatile.Read(ref mustStay); set => Volatile.Write(ref mustStay, value); }

    /// <summary>
    /// The file, open for writing, while the segment is open. Open since it was made, as Linux reports a failed
    /// write-back only to processes that had the file open by then.
    /// </summary>
    public SafeFileHandle? Writer { get => Volatile.Read(ref writer); set => Volatile.Write(ref writer, value); }

    /// <summary>The file, open for reading; null while it is not.</summary>
    public SafeFileHandle? Reader { get => Volatile.Read(ref reader); set => Volatile.Write(ref reader, value); }

    /// <summary>Whether a power cut leaves this record whole.</summary>
    public bool IsDurable(ChunkLocation location) => location.End <= DurableLength;
}
