using System.Buffers;

namespace Dfss.Storage;

/// <summary>Reads a part of a segment; the result is how many bytes there were.</summary>
internal delegate int SegmentRead(Span<byte> destination, long offset);

/// <summary>
/// The records of a segment that no index lists. A header is followed by the next record; where there is none, or the
/// disk cannot read it, the next place that has one is looked for, so that one damaged header hides no more than its
/// own record. What is found may be torn, or be the content of another chunk: it counts once its bytes hash to its id.
/// </summary>
internal sealed class SegmentScan
{
    private const int WindowBytes = 256 << 10;
    private const int BlockBytes = SparseFile.BlockBytes;

    /// <summary>
    /// 128: a disk may try for seconds to read one. A segment that has more is looked at again at the next start.
    /// </summary>
    private const int MaxUnreadable = 128;

    private readonly SegmentRead read;
    private readonly uint segment;
    private readonly long until;
    private readonly long end;
    private readonly long[] edges;
    private readonly List<SegmentRecord> records = [];
    private int unreadable;

    private SegmentScan(SegmentRead read, uint segment, long begin, long until, long end, long[] edges)
    {
        this.read = read;
        this.segment = segment;
        this.until = until;
        this.end = end;
        this.edges = edges;
        ContiguousEnd = begin;
    }

    /// <summary>The records, in the order of the segment.</summary>
    public IReadOnlyList<SegmentRecord> Records => records;

    /// <summary>Whether the disk could read every header: if not, there may be records that were not found.</summary>
    public bool IsComplete => unreadable == 0;

    /// <summary>Up to where one record follows the other from the beginning on.</summary>
    public long ContiguousEnd { get; private set; }

    /// <summary>Finds the records between <paramref name="begin"/> and <paramref name="end"/>.</summary>
    /// <remarks>No record goes across one of the <paramref name="edges"/>: a header that says so is none.</remarks>
    public static SegmentScan Find(
        SegmentRead read, uint segment, long begin, long end, params long[] edges) =>
        Run(new SegmentScan(read, segment, begin, end, end, edges), begin);

    /// <summary>
    /// Finds the records that begin within a record that is not whole, whose length may be wrong: they may end behind
    /// it.
    /// </summary>
    public static SegmentScan FindWithin(SegmentRead read, ChunkLocation location, long end)
    {
        long begin = location.Offset + 1L;
        return Run(new SegmentScan(read, location.Segment, begin, Math.Min(location.End, end), end, edges: []), begin);
    }

    private static SegmentScan Run(SegmentScan scan, long begin)
    {
        byte[] window = ArrayPool<byte>.Shared.Rent(WindowBytes);
        try
        {
            scan.Run(window, begin);
            return scan;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(window);
        }
    }

    private void Run(byte[] window, long begin)
    {
        long position = begin;
        int size = WindowBytes;
        while (position < until && position + SegmentFormat.RecordHeaderBytes <= end && unreadable < MaxUnreadable)
        {
            // Up to the last header that begins before the end of the part.
            int length = (int)Math.Min(
                SizeOfWindow(position, size), until - position + SegmentFormat.RecordHeaderBytes - 1);
            if (TryRead(window.AsSpan(0, length), position) is not { } found)
            {
                if (size > BlockBytes)
                {
                    // What is before the bad place can be read.
                    size /= 2;
                    continue;
                }

                // The next is tried alone, too: bad blocks are neighbours, and each try may take seconds.
                unreadable++;
                position = (position / BlockBytes * BlockBytes) + BlockBytes;
                continue;
            }

            if (found == 0)
            {
                break;
            }

            // Fewer than a header's: the disk cannot read what follows them.
            position += found < SegmentFormat.RecordHeaderBytes ? found : Find(window.AsSpan(0, found), position);
            size = Math.Min(size * 2, WindowBytes);
        }
    }

    /// <summary>Windows end with a block, and have room for a header.</summary>
    private static int SizeOfWindow(long position, int size)
    {
        int length = (int)(((position + size) / BlockBytes * BlockBytes) - position);
        return length < SegmentFormat.RecordHeaderBytes ? length + BlockBytes : Math.Min(length, WindowBytes);
    }

    private int? TryRead(Span<byte> window, long position)
    {
        try
        {
            return read(window, position);
        }
        catch (IOException exception) when (StoreErrors.IsCorrupt(exception))
        {
            return null;
        }
    }

    /// <returns>How far the next window is from this one; at least 1.</returns>
    private long Find(ReadOnlySpan<byte> window, long position)
    {
        int at = 0;
        while (window.Length - at >= SegmentFormat.RecordHeaderBytes)
        {
            ReadOnlySpan<byte> rest = window[at..];
            if (SegmentFormat.TryReadRecordHeader(rest, out ChunkId id, out int length))
            {
                ChunkLocation location = new(segment, (uint)(position + at), length);
                if (location.End > end || edges.Any(edge => edge > location.Offset && edge < location.End))
                {
                    // Torn, or content; a record that is whole may follow in what would be its bytes.
                    at++;
                    continue;
                }

                Add(new SegmentRecord(id, location));
                if (location.RecordBytes > rest.Length)
                {
                    return location.End - position;
                }

                at += (int)location.RecordBytes;
                continue;
            }

            int next = rest[1..].IndexOf(SegmentFormat.RecordMagic);
            at = next < 0 ? Math.Max(at + 1, window.Length - SegmentFormat.RecordMagic.Length + 1) : at + 1 + next;
        }

        return Math.Max(1, at);
    }

    private void Add(SegmentRecord record)
    {
        records.Add(record);
        if (record.Location.Offset == ContiguousEnd)
        {
            ContiguousEnd = record.Location.End;
        }
    }
}
