namespace Dfss.Storage;

/// <content>Durable bytes of a segment that no record has any more: the header of one is damaged.</content>
internal sealed partial class SegmentRecovery
{
    private const string Advice = "Repair-DfssFile restores it from another peer. Check the disk.";

    /// <summary>
    /// Half of a record's header. As many equal bytes are no accident: without its id only some 9 are equal.
    /// </summary>
    private const int LeastEqualBytes = SegmentFormat.RecordHeaderBytes / 2;

    /// <summary>
    /// Looks for a chunk in each part of a segment that no record has. Where there is none, the part is kept in
    /// quarantine/, durably: it may have been the manifest of any file.
    /// </summary>
    /// <returns>The records that were found.</returns>
    private List<SegmentRecord> FillGaps(FoundSegment found, IReadOnlyCollection<SegmentRecord> good)
    {
        List<SegmentRecord> restored = [];
        foreach ((long begin, long end) in FindGaps(found, good))
        {
            byte[] bytes = new byte[Math.Min(
                end - begin, SegmentFormat.RecordHeaderBytes + DfssLimits.MaxPayloadBytes)];
            int read = segments.Read(found.Segment, bytes, begin);
            if (read == end - begin && TryRestore(found.Segment, begin, bytes) is { } record)
            {
                unverified.Add(record);
                restored.Add(record);
            }
            else if (quarantine.AddLost(found.Segment.Number, begin, bytes.AsSpan(0, read)) is { } kept)
            {
                log?.Invoke(
                    $"'{found.Segment.Path}' has lost a chunk between {begin:N0} and {end:N0}, and it is not known "
                    + $"which: the bytes are in '{kept}', and no chunk is deleted while a manifest is missing. "
                    + "Repair-DfssFile restores it from another peer; delete that file then. Check the disk.");
            }
        }

        return restored;
    }

    /// <summary>
    /// The parts that neither a whole record has nor one that is known to be corrupt, where records were durable
    /// without a hole.
    /// </summary>
    private static List<(long Begin, long End)> FindGaps(FoundSegment found, IReadOnlyCollection<SegmentRecord> good)
    {
        List<(long Begin, long End)> gaps = [];
        var corrupt = found.Unverified.Except(good)
            .ToDictionary(record => (long)record.Location.Offset, record => record.Location.End);
        long at = found.WholeBegin;
        foreach (SegmentRecord? record in found.Trusted.Concat(good).OrderBy(record => record.Location.Offset)
            .Cast<SegmentRecord?>().Append(null))
        {
            long next = Math.Min(record?.Location.Offset ?? found.WholeEnd, found.WholeEnd);
            while (at < next && corrupt.TryGetValue(at, out long end))
            {
                at = end;
            }

            if (at < next)
            {
                gaps.Add((at, next));
            }

            at = Math.Max(at, record?.Location.End ?? at);
        }

        return gaps;
    }

    /// <summary>
    /// The record that these bytes are, if only its header is damaged: the hash of the content is its id, and what is
    /// left of the header says so. Read by its place in the index, it needs no other header.
    /// </summary>
    private static SegmentRecord? TryRestore(Segment segment, long begin, ReadOnlySpan<byte> bytes)
    {
        int length = bytes.Length - SegmentFormat.RecordHeaderBytes;
        if (length < 0)
        {
            return null;
        }

        var id = ChunkId.Of(bytes[SegmentFormat.RecordHeaderBytes..]);
        Span<byte> header = stackalloc byte[SegmentFormat.RecordHeaderBytes];
        SegmentFormat.WriteRecordHeader(header, id, length);
        int equal = 0;
        for (int i = 0; i < header.Length; i++)
        {
            equal += header[i] == bytes[i] ? 1 : 0;
        }

        return equal >= LeastEqualBytes
            ? new SegmentRecord(id, new ChunkLocation(segment.Number, (uint)begin, length))
            : null;
    }
}
