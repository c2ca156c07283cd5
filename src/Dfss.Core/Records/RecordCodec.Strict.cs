using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using MessagePack;

namespace Dfss.Records;

/// <content>The strict reading of the parts of all items, and the rules of a record's values, checked when reading and
/// writing.</content>
internal static partial class RecordCodec
{
    /// <summary>More than any map there is has keys; room for new ones.</summary>
    private const int MaxKeys = 64;

    private static readonly UTF8Encoding StrictUtf8 = new(
        encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private delegate T ReadFunc<out T>(ref MessagePackReader reader, int depth);

    /// <summary>
    /// Reads the value of a key; false if the key is unknown. The depth is that of a container in the value's place.
    /// </summary>
    private delegate bool FieldReader(ref MessagePackReader reader, string key, int depth);

    private static T Decode<T>(ReadOnlyMemory<byte> encoded, ReadFunc<T> read)
    {
        try
        {
            // For a text or bin of 2 GiB and more the library throws an argument exception.
            MessagePackReader reader = new(encoded);
            T value = read(ref reader, 1);
            return reader.End ? value : throw Malformed("bytes are left over at the end");
        }
        catch (Exception e) when (e is MessagePackSerializationException or EndOfStreamException or OverflowException
            or DecoderFallbackException or ArgumentOutOfRangeException)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, $"A record or a message of the register is malformed: {e.Message}", e);
        }
    }

    private static void ReadMap(ref MessagePackReader reader, int depth, FieldReader readField)
    {
        Expect(ref reader, MessagePackType.Map, depth);
        int count = reader.ReadMapHeader();
        Require(count <= MaxKeys, "number of keys");
        ReadKeys keys = default;
        for (int i = 0; i < count; i++)
        {
            string key = ReadKey(ref reader, ref keys, out bool isRepeated);
            if (isRepeated)
            {
                throw Malformed($"the key '{key}' is there twice");
            }

            if (!reader.TryReadNil() && !readField(ref reader, key, depth + 1))
            {
                Skip(ref reader, depth + 1);
            }
        }
    }

    private static List<T> ReadArray<T>(ref MessagePackReader reader, int depth, int maxCount, ReadFunc<T> readItem)
    {
        Expect(ref reader, MessagePackType.Array, depth);
        int count = reader.ReadArrayHeader();
        Require(count <= maxCount, "length of an array");
        List<T> items = new(count);
        for (int i = 0; i < count; i++)
        {
            items.Add(readItem(ref reader, depth + 1));
        }

        return items;
    }

    /// <summary>Skips the value of an unknown key, and checks its form as strictly as that of known ones.</summary>
    private static void Skip(ref MessagePackReader reader, int depth)
    {
        switch (reader.NextMessagePackType)
        {
            case MessagePackType.Map:
                ReadMap(ref reader, depth, static (ref MessagePackReader _, string _, int _) => false);
                break;
            case MessagePackType.Array:
                Expect(ref reader, MessagePackType.Array, depth);
                int count = reader.ReadArrayHeader();
                for (int i = 0; i < count; i++)
                {
                    Skip(ref reader, depth + 1);
                }

                break;
            case MessagePackType.Integer:
                ReadInteger(ref reader, 0, MaxInteger);
                break;
            case MessagePackType.String:
                ReadText(ref reader, int.MaxValue);
                break;
            case MessagePackType.Nil or MessagePackType.Boolean or MessagePackType.Binary:
                reader.Skip();
                break;
            default:
                throw Malformed($"{reader.NextMessagePackType} is not used");
        }
    }

    private static long ReadInteger(ref MessagePackReader reader, long min, long max)
    {
        Expect(ref reader, MessagePackType.Integer);
        ulong value = reader.ReadUInt64();
        Require(value <= (ulong)max && value >= (ulong)min, "integer");
        return (long)value;
    }

    private static bool ReadBoolean(ref MessagePackReader reader)
    {
        Expect(ref reader, MessagePackType.Boolean);
        return reader.ReadBoolean();
    }

    private static string ReadText(ref MessagePackReader reader, int maxBytes)
    {
        Expect(ref reader, MessagePackType.String);
        ReadOnlySequence<byte> text = reader.ReadStringSequence() ?? default;
        Require(text.Length <= maxBytes, "length of a text");
        return StrictUtf8.GetString(text);
    }

    private static string ReadName(ref MessagePackReader reader)
    {
        // Of any length: one that is too long is InvalidName, with the reason, as everywhere.
        string name = ReadText(ref reader, int.MaxValue);
        CheckName(name);
        return name;
    }

    private static byte[] ReadBytes(ref MessagePackReader reader, int minBytes, int maxBytes) =>
        ReadBinary(ref reader, minBytes, maxBytes).ToArray();

    private static ReadOnlySequence<byte> ReadBinary(ref MessagePackReader reader, int minBytes, int maxBytes)
    {
        Expect(ref reader, MessagePackType.Binary);
        ReadOnlySequence<byte> bytes = reader.ReadBytes() ?? default;
        Require(bytes.Length >= minBytes && bytes.Length <= maxBytes, "length of a bin");
        return bytes;
    }

    /// <summary>Fills a span with a bin of exactly its length.</summary>
    private static void ReadBytes(ref MessagePackReader reader, scoped Span<byte> destination) =>
        ReadBinary(ref reader, destination.Length, destination.Length).CopyTo(destination);

    private static FileId ReadFileId(ref MessagePackReader reader)
    {
        Span<byte> id = stackalloc byte[FileId.SizeBytes];
        ReadBytes(ref reader, id);
        return new FileId(id);
    }

    private static StoreId ReadStoreId(ref MessagePackReader reader)
    {
        Span<byte> id = stackalloc byte[StoreId.SizeBytes];
        ReadBytes(ref reader, id);
        return new StoreId(id);
    }

    private static Guid ReadGuid(ref MessagePackReader reader)
    {
        Span<byte> guid = stackalloc byte[GuidBytes];
        ReadBytes(ref reader, guid);
        return new Guid(guid, bigEndian: true);
    }

    private static UnixTime ReadTime(ref MessagePackReader reader)
    {
        Span<byte> time = stackalloc byte[TimeBytes];
        ReadBytes(ref reader, time);
        return new UnixTime(BinaryPrimitives.ReadInt128BigEndian(time));
    }

    private static ChunkBitmap ReadBitmap(ref MessagePackReader reader) =>
        new(ReadBytes(ref reader, 0, MaxBitmapBytes));

    private static Ballot ReadBallot(ref MessagePackReader reader)
    {
        Expect(ref reader, MessagePackType.Array);
        int count = reader.ReadArrayHeader();
        Require(count is 2 or 3, "ballot");
        Ballot ballot = new(ReadInteger(ref reader, 0, MaxInteger), ReadGuid(ref reader));
        return count == 2 ? ballot : ballot with { Epoch = ReadInteger(ref reader, 1, MaxInteger) };
    }

    private static void Expect(ref MessagePackReader reader, MessagePackType type, int depth = 1)
    {
        Require(depth <= DfssLimits.MaxDepth, "nesting");
        if (reader.NextMessagePackType != type)
        {
            throw Malformed($"{reader.NextMessagePackType} in place of {type}");
        }
    }

    private static T Required<T>(T? value, string key)
        where T : class => value ?? throw Malformed($"the key '{key}' is missing");

    private static T Required<T>(T? value, string key)
        where T : struct => value ?? throw Malformed($"the key '{key}' is missing");

    private static void Check(FileRecord record)
    {
        CheckName(record.Name);
        Require(Enum.IsDefined(record.State), "state");
        Check(record.Content, record.State == FileRecordState.Removed);
        Require(record.Home.Count is >= 1 and <= DfssLimits.MaxHomeMembers, "home");
        Require(record.Epoch is >= 0 and <= MaxInteger, "epoch");
        bool isMoved = record.State == FileRecordState.Moved;
        Require(isMoved == record.FormerHome.Count > 0 && record.FormerHome.Count <= DfssLimits.MaxHomeMembers,
            "former_home");
        Require(!isMoved || record.Epoch > 0, "epoch");
        foreach (HomeMember member in record.Home.Concat(record.FormerHome))
        {
            Require(member.Addresses.Count <= DfssLimits.MaxAddresses, "addresses");
            Require(
                member.Addresses.All(
                    static address => Encoding.UTF8.GetByteCount(address) <= DfssLimits.MaxAddressBytes), "addresses");
        }

        Require(record.Previous.Count <= DfssLimits.MaxPreviousVersions, "previous");
        foreach (FileVersion previous in record.Previous)
        {
            Check(previous, isRemoved: false);
        }

        Require(record.PreviousWriterIds.Count <= Proposer.MaxPreviousWriterIds, "previous_writer_ids");
    }

    private static void Check(FileVersion version, bool isRemoved)
    {
        Require(version.Version is >= 1 and <= MaxInteger, "version");
        Require(isRemoved || version.FileId != default, "file_id");
        Require(version.Length is >= 0 and <= MaxInteger, "length");
        Require(
            version.ChunkSize >= (isRemoved ? 0 : DfssLimits.MinChunkSize)
                && version.ChunkSize <= DfssLimits.MaxChunkSize, "chunk_size");
        Require(version.Encryption is null || (!isRemoved && KeyEnvelope.Fits(version.Length, version.ChunkSize)),
            "encryption");
        Require(version.Replicas is >= 1 and <= DfssLimits.MaxHomeMembers, "replicas");
        Require(version.Run is >= 1 and <= DfssLimits.MaxChunksPerFile, "run");
        Require(version.UnixMode is null or (>= 0 and <= MaxMode), "mode");
    }

    private static void CheckName(string name)
    {
        if (!string.Equals(name, FileName.Normalize(name), StringComparison.Ordinal))
        {
            throw new DfssException(
                DfssErrorCode.InvalidName,
                $"The name '{name}' of a record is not in normal form C (NFC). Normalize it.");
        }
    }

    private static void Require(bool isMet, string what)
    {
        if (!isMet)
        {
            throw Malformed($"'{what}' is out of range or out of form");
        }
    }

    private static DfssException Malformed(string problem) =>
        new(DfssErrorCode.InvalidArgument, $"A record or a message of the register is malformed: {problem}.");
}
