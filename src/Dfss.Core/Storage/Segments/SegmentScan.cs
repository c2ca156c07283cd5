using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>
/// Finds the records of a segment that no index lists. A header is followed by the next record; where there is none,
/// the next place that has one is looked for, so that one damaged header hides no more than its own record. What it
/// finds may be torn, or be the content of another chunk: it counts once its bytes hash to its id.
/// </summary>
internal static class SegmentScan
{
    private const int WindowBytes = 256 << 10;

    /// <summary>The records from <paramref name="begin"/> to the end of the file.</summary>
    public static List<SegmentRecord> Find(SafeFileHandle file, uint segment, long begin, long end)
    {
        List<SegmentRecord> records = [];
        byte[] window = ArrayPool<byte>.Shared.Rent(WindowBytes);
        try
        {
            long position = begin;
            while (position + SegmentFormat.RecordHeaderBytes <= end)
            {
                int read = Read(file, window.AsSpan(0, WindowBytes), position);
                if (read < SegmentFormat.RecordHeaderBytes)
                {
                    break;
                }

                position += Find(window.AsSpan(0, read), segment, position, end, records);
            }

            return records;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(window);
        }
    }

    /// <returns>How many bytes; none where the disk cannot read them: what is behind is lost with them.</returns>
    private static int Read(SafeFileHandle file, Span<byte> window, long position)
    {
        try
        {
            return RandomAccess.Read(file, window, position);
        }
        catch (IOException exception) when (StoreErrors.IsSpoiled(exception))
        {
            return 0;
        }
    }

    /// <returns>How far the next window is from this one; at least 1.</returns>
    private static long Find(
        ReadOnlySpan<byte> window, uint segment, long position, long end, List<SegmentRecord> records)
    {
        int at = 0;
        while (window.Length - at >= SegmentFormat.RecordHeaderBytes)
        {
            ReadOnlySpan<byte> rest = window[at..];
            if (SegmentFormat.TryReadRecordHeader(rest, out ChunkId id, out int length))
            {
                ChunkLocation location = new(segment, (uint)(position + at), length);
                if (location.End > end)
                {
                    // Torn; a record that is whole may follow in what would be its bytes.
                    at++;
                    continue;
                }

                records.Add(new SegmentRecord(id, location));
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
}
