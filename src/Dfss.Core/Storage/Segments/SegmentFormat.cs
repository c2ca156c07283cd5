using System.Buffers.Binary;
using System.Numerics;

namespace Dfss.Storage;

/// <summary>
/// The bytes of a segment, as docs/store-format.md defines them: its header, and those of its records.
/// </summary>
internal static class SegmentFormat
{
    /// <summary>64 MiB: a segment that has as many bytes takes no more records.</summary>
    public const long MaxBytes = 64L << 20;

    /// <summary>65,536: nor does one that has as many records.</summary>
    public const int MaxRecords = 1 << 16;

    /// <summary>
    /// A segment's header: what it is, its own id, and its mark. A block of its own, so that a new mark rewrites no
    /// block that has a record.
    /// </summary>
    public const int HeaderBytes = SparseFile.BlockBytes;

    /// <summary>Where the mark is.</summary>
    public const int MarkAt = 28;

    /// <summary>A record's header: magic, length, chunk id, checksum of these.</summary>
    public const int RecordHeaderBytes = 44;

    /// <summary>The extension of a segment's file.</summary>
    public const string Extension = ".segment";

    /// <summary>The extension of the file that lists a segment's records.</summary>
    public const string IndexExtension = ".index";

    private const int OwnIdAt = 8;
    private const int OwnIdChecksumAt = 24;
    private const int MarkBytes = 12;
    private const int MarkChecksumAt = 8;
    private const int LengthAt = 4;
    private const int IdAt = 8;
    private const int ChecksumAt = 40;

    /// <summary>What a segment begins with.</summary>
    public static ReadOnlySpan<byte> Magic => "DFSSSEGM"u8;

    /// <summary>What a record begins with.</summary>
    public static ReadOnlySpan<byte> RecordMagic => "CHNK"u8;

    /// <summary>The header of a segment.</summary>
    public static byte[] Header(Guid ownId, long markBegin, long markEnd)
    {
        byte[] header = new byte[HeaderBytes];
        Magic.CopyTo(header);
        ownId.TryWriteBytes(header.AsSpan(OwnIdAt));
        BinaryPrimitives.WriteUInt32LittleEndian(
            header.AsSpan(OwnIdChecksumAt), Checksum(header.AsSpan(0, OwnIdChecksumAt)));
        Mark(ownId, markBegin, markEnd).CopyTo(header.AsSpan(MarkAt));
        return header;
    }

    /// <summary>
    /// The mark: between where and where records were whole and on stable storage when it was written, and a checksum
    /// of that and the segment's own id. After a kill of the process it is exact; after a power cut it may be an
    /// earlier one.
    /// </summary>
    public static byte[] Mark(Guid ownId, long begin, long end)
    {
        byte[] mark = new byte[MarkBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(mark, (uint)begin);
        BinaryPrimitives.WriteUInt32LittleEndian(mark.AsSpan(sizeof(uint)), (uint)end);
        BinaryPrimitives.WriteUInt32LittleEndian(mark.AsSpan(MarkChecksumAt), ChecksumOfMark(ownId, mark));
        return mark;
    }

    /// <summary>What a segment's header says; null where its own id is damaged.</summary>
    public static SegmentHeader? ReadHeader(ReadOnlySpan<byte> header)
    {
        if (header.Length < HeaderBytes || !header.StartsWith(Magic)
            || BinaryPrimitives.ReadUInt32LittleEndian(header[OwnIdChecksumAt..])
                != Checksum(header[..OwnIdChecksumAt]))
        {
            return null;
        }

        Guid ownId = new(header[OwnIdAt..OwnIdChecksumAt]);
        ReadOnlySpan<byte> mark = header.Slice(MarkAt, MarkBytes);
        long begin = BinaryPrimitives.ReadUInt32LittleEndian(mark);
        long end = BinaryPrimitives.ReadUInt32LittleEndian(mark[sizeof(uint)..]);
        bool isWhole = BinaryPrimitives.ReadUInt32LittleEndian(mark[MarkChecksumAt..]) == ChecksumOfMark(ownId, mark)
            && begin >= HeaderBytes && begin <= end;
        return new SegmentHeader(ownId, isWhole ? new SegmentMark(begin, end) : null);
    }

    /// <summary>Writes a record's header.</summary>
    public static void WriteRecordHeader(Span<byte> header, ChunkId id, int length)
    {
        RecordMagic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[LengthAt..], length);
        id.CopyTo(header[IdAt..]);
        BinaryPrimitives.WriteUInt32LittleEndian(header[ChecksumAt..], Checksum(header[..ChecksumAt]));
    }

    /// <summary>Reads a record's header; false where there is none.</summary>
    public static bool TryReadRecordHeader(ReadOnlySpan<byte> header, out ChunkId id, out int length)
    {
        (id, length) = (default, 0);
        if (header.Length < RecordHeaderBytes
            || !header.StartsWith(RecordMagic)
            || BinaryPrimitives.ReadUInt32LittleEndian(header[ChecksumAt..]) != Checksum(header[..ChecksumAt]))
        {
            return false;
        }

        id = new ChunkId(header.Slice(IdAt, ChunkId.SizeBytes));
        length = BinaryPrimitives.ReadInt32LittleEndian(header[LengthAt..]);
        return length is >= 0 and <= DfssLimits.MaxPayloadBytes;
    }

    private static uint ChecksumOfMark(Guid ownId, ReadOnlySpan<byte> mark)
    {
        Span<byte> bytes = stackalloc byte[OwnIdChecksumAt - OwnIdAt + MarkChecksumAt];
        ownId.TryWriteBytes(bytes);
        mark[..MarkChecksumAt].CopyTo(bytes[(OwnIdChecksumAt - OwnIdAt)..]);
        return Checksum(bytes);
    }

    /// <summary>CRC-32C.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (byte value in bytes)
        {
            sum = BitOperations.Crc32C(sum, value);
        }

        return ~sum;
    }
}

/// <summary>What the header of a segment says.</summary>
/// <param name="OwnId">The segment's own id.</param>
/// <param name="Mark">Its mark; null where that is damaged.</param>
internal sealed record SegmentHeader(Guid OwnId, SegmentMark? Mark);

/// <summary>Where all records of a segment are whole and on stable storage.</summary>
/// <param name="Begin">From where on: a record begins there, or the segment ends.</param>
/// <param name="End">Up to where: a record ends there.</param>
internal sealed record SegmentMark(long Begin, long End);
