using System.Buffers.Binary;
using System.Text;
using Dfss.Protocol;

namespace Dfss.Transfer;

/// <summary>The values of the calls of a copy, as message maps and payloads.</summary>
internal static class ItemCodec
{
    private const int TimeBytes = 16;

    /// <summary>Permission bits, set-user-id, set-group-id, sticky.</summary>
    private const int MaxMode = 0b111_111_111_111;

    private const int NoMode = -1;

    public static MessageMap ToMap(ItemPath path) => new() { { "folder", path.Folder }, { "name", path.Name } };

    public static ItemPath ReadPath(MessageMap map) =>
        new(map.Required("folder").AsText(), map.Required("name").AsText());

    public static MessageMap Add(MessageMap map, ItemFacts facts)
    {
        byte[] modified = new byte[TimeBytes];
        BinaryPrimitives.WriteInt128LittleEndian(modified, facts.Modified.Nanoseconds);
        map.Add("length", facts.Length);
        map.Add("chunk_size", facts.ChunkSize);
        map.Add("modified", modified);
        return AddMode(map, facts.UnixMode);
    }

    public static MessageMap AddMode(MessageMap map, int? unixMode)
    {
        if (unixMode is int mode)
        {
            map.Add("mode", mode);
        }

        return map;
    }

    public static int? ReadMode(MessageMap map) => !map.TryGet("mode", out MessageValue mode)
        ? null
        : mode.AsInteger() is >= 0 and <= MaxMode and long bits
            ? (int)bits
            : throw new DfssException(DfssErrorCode.InvalidArgument, "The mode of a file is malformed.");

    public static ItemFacts ReadFacts(MessageMap map)
    {
        byte[] modified = map.Required("modified").AsBinary();
        long chunkSize = map.Required("chunk_size").AsInteger();
        long length = map.Required("length").AsInteger();
        if (modified.Length != TimeBytes || chunkSize is < DfssLimits.MinChunkSize or > DfssLimits.MaxChunkSize
            || length < 0 || length > DfssLimits.MaxChunksPerFile * chunkSize)
        {
            throw new DfssException(DfssErrorCode.InvalidArgument, "The description of a file is malformed.");
        }

        return new ItemFacts(
            length,
            (int)chunkSize,
            new UnixTime(BinaryPrimitives.ReadInt128LittleEndian(modified)),
            ReadMode(map));
    }

    public static byte[] Encode(IReadOnlyList<int> indexes)
    {
        byte[] bytes = new byte[indexes.Count * sizeof(int)];
        for (int i = 0; i < indexes.Count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), indexes[i]);
        }

        return bytes;
    }

    public static int[] DecodeIndexes(ReadOnlySpan<byte> bytes, int count)
    {
        int[] indexes = new int[bytes.Length / sizeof(int)];
        for (int i = 0; i < indexes.Length; i++)
        {
            indexes[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes[(i * sizeof(int))..]);
            ThrowIfOutside(indexes[i], count);
            if (i > 0 && indexes[i] <= indexes[i - 1])
            {
                throw new DfssException(
                    DfssErrorCode.ProtocolViolation, "The chunks of a file are not in their order.");
            }
        }

        return indexes;
    }

    public static int ReadIndex(MessageMap map, int count)
    {
        long index = map.Required("index").AsInteger();
        ThrowIfOutside(index, count);
        return (int)index;
    }

    public static byte[] Encode(ChunkId[] ids)
    {
        byte[] bytes = new byte[ids.Length * ChunkId.SizeBytes];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i].CopyTo(bytes.AsSpan(i * ChunkId.SizeBytes));
        }

        return bytes;
    }

    public static ChunkId[] DecodeIds(ReadOnlySpan<byte> bytes, int count)
    {
        if (bytes.Length != count * ChunkId.SizeBytes)
        {
            throw new DfssException(DfssErrorCode.ProtocolViolation, "The other side sent another number of ids.");
        }

        ChunkId[] ids = new ChunkId[count];
        for (int i = 0; i < count; i++)
        {
            ids[i] = new ChunkId(bytes.Slice(i * ChunkId.SizeBytes, ChunkId.SizeBytes));
        }

        return ids;
    }

    public static byte[] Encode(IReadOnlyList<ItemCopyEntry> entries)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream, Encoding.UTF8);
        foreach (ItemCopyEntry entry in entries)
        {
            writer.Write(entry.Path);
            writer.Write(entry.Name);
            writer.Write((byte)entry.Kind);
            writer.Write(entry.Length);
            writer.Write(entry.Problem);
            writer.Write((short)(entry.UnixMode ?? NoMode));
        }

        return stream.ToArray();
    }

    public static List<ItemCopyEntry> DecodeEntries(ReadOnlySpan<byte> bytes)
    {
        using MemoryStream stream = new(bytes.ToArray());
        using BinaryReader reader = new(stream, Encoding.UTF8);
        List<ItemCopyEntry> entries = [];
        try
        {
            while (stream.Position < stream.Length)
            {
                ItemCopyEntry entry = new(
                    reader.ReadString(), reader.ReadString(), (ItemCopyEntryKind)reader.ReadByte(), reader.ReadInt64(),
                    reader.ReadString(), reader.ReadInt16());
                if (entry.Length < 0 || entry.UnixMode is < NoMode or > MaxMode)
                {
                    throw new DfssException(DfssErrorCode.ProtocolViolation, "An entry of a listing is malformed.");
                }

                entries.Add(entry.UnixMode == NoMode ? entry with { UnixMode = null } : entry);
            }
        }
        catch (Exception error) when (error is IOException or FormatException)
        {
            throw new DfssException(DfssErrorCode.ProtocolViolation, "A listing is malformed.", error);
        }

        return entries;
    }

    private static void ThrowIfOutside(long index, int count)
    {
        if (index < 0 || index >= count)
        {
            throw new DfssException(DfssErrorCode.InvalidArgument, "The file has no such chunk.");
        }
    }
}
