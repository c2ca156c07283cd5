using System.Buffers.Binary;

namespace Dfss.Storage;

/// <summary>
/// The list of a segment's records, in a file beside it: what a start reads instead of the segment. It counts only if
/// its checksum is right and it names the segment's own id. What it lists was durable before it was written; what the
/// segment has behind <paramref name="Length"/> it does not know.
/// </summary>
/// <param name="OwnId">The segment.</param>
/// <param name="Length">Up to where it lists the segment.</param>
/// <param name="Records">The records that are wanted, in the order of the segment.</param>
internal sealed record SegmentIndex(Guid OwnId, long Length, IReadOnlyList<SegmentRecord> Records)
{
    private const int OwnIdAt = 8;
    private const int LengthAt = 24;
    private const int CountAt = 32;
    private const int HeaderBytes = 36;
    private const int RecordBytes = ChunkId.SizeBytes + (2 * sizeof(uint));

    private static ReadOnlySpan<byte> Magic => "DFSSINDX"u8;

    /// <summary>The file's bytes.</summary>
    public byte[] Encode()
    {
        byte[] bytes = new byte[HeaderBytes + (Records.Count * RecordBytes) + sizeof(uint)];
        Magic.CopyTo(bytes);
        OwnId.TryWriteBytes(bytes.AsSpan(OwnIdAt));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(LengthAt), Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(CountAt), Records.Count);
        Span<byte> rest = bytes.AsSpan(HeaderBytes);
        foreach (SegmentRecord record in Records)
        {
            record.Id.CopyTo(rest);
            BinaryPrimitives.WriteUInt32LittleEndian(rest[ChunkId.SizeBytes..], record.Location.Offset);
            BinaryPrimitives.WriteInt32LittleEndian(rest[(ChunkId.SizeBytes + sizeof(uint))..], record.Location.Length);
            rest = rest[RecordBytes..];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(rest, SegmentFormat.Checksum(bytes.AsSpan()[..^sizeof(uint)]));
        return bytes;
    }

    /// <summary>
    /// Reads the index of a segment at a start: the only time that one is read, and the only place that decides whether
    /// it counts.
    /// </summary>
    /// <param name="path">The index.</param>
    /// <param name="segment">The segment's number.</param>
    /// <param name="ownId">What the segment's header says; null where that is damaged or cannot be read.</param>
    /// <returns>Null where there is none that counts: the segment has its records all the same.</returns>
    public static SegmentIndex? Read(string path, uint segment, Guid? ownId)
    {
        try
        {
            SegmentIndex? index = File.Exists(path) ? Decode(segment, File.ReadAllBytes(path)) : null;
            return index is not null && (ownId is null || ownId == index.OwnId) ? index : null;
        }
        catch (Exception exception) when (StoreErrors.IsCorrupt(exception) || exception is UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads it; null where it is damaged.</summary>
    public static SegmentIndex? Decode(uint segment, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes + sizeof(uint) || !bytes.StartsWith(Magic))
        {
            return null;
        }

        int count = BinaryPrimitives.ReadInt32LittleEndian(bytes[CountAt..]);
        if (bytes.Length - HeaderBytes - sizeof(uint) != (long)count * RecordBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[^sizeof(uint)..]) != SegmentFormat.Checksum(
                bytes[..^sizeof(uint)]))
        {
            return null;
        }

        SegmentRecord[] records = new SegmentRecord[count];
        ReadOnlySpan<byte> rest = bytes[HeaderBytes..];
        for (int i = 0; i < count; i++)
        {
            ChunkLocation location = new(
                segment,
                BinaryPrimitives.ReadUInt32LittleEndian(rest[ChunkId.SizeBytes..]),
                BinaryPrimitives.ReadInt32LittleEndian(rest[(ChunkId.SizeBytes + sizeof(uint))..]));
            records[i] = new SegmentRecord(new ChunkId(rest[..ChunkId.SizeBytes]), location);
            rest = rest[RecordBytes..];
        }

        return new SegmentIndex(
            new Guid(bytes[OwnIdAt..LengthAt]), BinaryPrimitives.ReadInt64LittleEndian(bytes[LengthAt..]), records);
    }
}
