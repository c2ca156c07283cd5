namespace Dfss.Storage;

/// <summary>Where a chunk's record is.</summary>
/// <param name="Segment">The number of the segment.</param>
/// <param name="Offset">Where the record begins in the segment's file.</param>
/// <param name="Length">The chunk's length in bytes.</param>
internal readonly record struct ChunkLocation(uint Segment, uint Offset, int Length)
{
    /// <summary>Where the chunk's bytes begin.</summary>
    public long ContentOffset => Offset + (long)SegmentFormat.RecordHeaderBytes;

    /// <summary>Where the record ends.</summary>
    public long End => ContentOffset + Length;

    /// <summary>What the record takes of the segment.</summary>
    public long RecordBytes => End - Offset;
}

/// <summary>A record of a segment.</summary>
/// <param name="Id">The chunk.</param>
/// <param name="Location">Where it is.</param>
internal readonly record struct SegmentRecord(ChunkId Id, ChunkLocation Location);
