namespace Dfss.Storage;

/// <summary>
/// What a start takes over of a segment without reading the chunks, and what it leaves to the recovery.
/// </summary>
/// <param name="segment">The segment.</param>
internal sealed class FoundSegment(Segment segment)
{
    /// <summary>The segment.</summary>
    public Segment Segment { get; } = segment;

    /// <summary>
    /// The records that its index lists, and those within its mark: durable, but not read.
    /// </summary>
    public List<SegmentRecord> Trusted { get; } = [];

    /// <summary>Its records that count once their bytes hash to their ids.</summary>
    public List<SegmentRecord> Unverified { get; } = [];

    /// <summary>Whether its file is shorter than its index says.</summary>
    public bool IsCutOff { get; init; }

    /// <summary>Its records that its index lists and its file no longer has.</summary>
    public List<SegmentRecord> Lost { get; } = [];

    /// <summary>Whether its file could be opened; if not, the rest is not known.</summary>
    public bool IsOpened { get; init; }

    /// <summary>How long its file was.</summary>
    public long Length { get; init; }

    /// <summary>Up to where it was on stable storage before this start.</summary>
    public long DurableLength { get; init; } = SegmentFormat.HeaderBytes;

    /// <summary>Whether its header and mark are whole.</summary>
    public bool HasHeader { get; init; }

    /// <summary>Whether the disk could read where its records are.</summary>
    public bool IsComplete { get; init; }

    /// <summary>Up to where one record follows the other, behind what the index lists.</summary>
    public long ContiguousEnd { get; init; }

    /// <summary>From where on one durable record followed the other, without a hole.</summary>
    public long WholeBegin { get; init; }

    /// <summary>Up to where.</summary>
    public long WholeEnd { get; init; }

    /// <summary>Whether a durable record may be missing, and what its id was is not known.</summary>
    public bool MayHaveLost => !IsComplete || IsCutOff || ContiguousEnd < Math.Max(DurableLength, WholeEnd);

    /// <summary>Whether nothing of it is left to verify.</summary>
    public bool IsKnown => HasHeader && !MayHaveLost && Unverified.Count == 0 && Segment.Length == Length;

    /// <summary>Whether it takes no more records.</summary>
    public bool IsFull => Length >= SegmentFormat.MaxBytes || Trusted.Count >= SegmentFormat.MaxRecords;

    /// <summary>Whether this record was durable, with all records around it, and none was left out.</summary>
    public bool WasWhole(ChunkLocation location) => location.Offset >= WholeBegin && location.End <= WholeEnd;
}
