using System.Buffers.Binary;
using MessagePack;

namespace Dfss.Records;

/// <content>The writing of records.</content>
internal static partial class RecordCodec
{
    /// <summary>The value of <c>modified_ns</c>. Integers on the wire are neither negative nor beyond 2^53.</summary>
    public static byte[] Encode(UnixTime time)
    {
        byte[] encoded = new byte[TimeBytes];
        BinaryPrimitives.WriteInt128BigEndian(encoded, time.Nanoseconds);
        return encoded;
    }

    private static void WriteBallotedRecord(ref MessagePackWriter writer, BallotedRecord record)
    {
        writer.WriteMapHeader(2);
        WriteBallot(ref writer, "ballot", record.Ballot);
        writer.Write("record");
        WriteRecord(ref writer, record.Record);
    }

    private static void WriteRecord(ref MessagePackWriter writer, FileRecord record)
    {
        Check(record);
        writer.WriteMapHeader(
            10 + CountOf(record.FileId != default, record.UnixMode is not null, record.Encryption is not null)
                + CountOf(record.Epoch > 0, record.FormerHome.Count > 0, !record.Modified.IsMilliseconds)
                + CountOf(record.Previous.Count > 0, record.PreviousWriterIds.Count > 0));
        writer.Write("name");
        writer.Write(record.Name);
        WriteInteger(ref writer, "version", record.Version);
        if (record.Epoch > 0)
        {
            WriteInteger(ref writer, "epoch", record.Epoch);
        }

        WriteInteger(ref writer, "state", (int)record.State);
        if (record.FileId != default)
        {
            WriteFileId(ref writer, FileIdKey(record.Encryption), record.FileId);
        }

        WriteSizes(ref writer, record.Content);
        WriteHome(ref writer, "home", record.Home);
        if (record.FormerHome.Count > 0)
        {
            WriteHome(ref writer, "former_home", record.FormerHome);
        }

        WriteOrigin(ref writer, record.Content);
        writer.Write("writer_id");
        WriteGuid(ref writer, record.WriterId);
        WritePrevious(ref writer, record);
    }

    private static void WriteSealedName(ref MessagePackWriter writer, SealedName name)
    {
        CheckName(name.Name);
        Require(name.Seals.Count is > 0 and <= RegisterState.MaxSeals, "seals");
        writer.WriteMapHeader(2);
        writer.Write("name");
        writer.Write(name.Name);
        WriteSeals(ref writer, name.Seals);
    }

    private static void WriteSeals(ref MessagePackWriter writer, IReadOnlyList<RegisterSeal> seals)
    {
        writer.Write("seals");
        writer.WriteArrayHeader(seals.Count);
        foreach (RegisterSeal seal in seals)
        {
            writer.WriteMapHeader(2 + CountOf(seal.Home.Count > 0));
            WriteBallot(ref writer, "ballot", seal.Ballot);
            WriteFileId(ref writer, "file_id", seal.FileId);
            if (seal.Home.Count > 0)
            {
                WriteHome(ref writer, "home", seal.Home);
            }
        }
    }

    private static void WriteHome(ref MessagePackWriter writer, string key, IReadOnlyList<HomeMember> home)
    {
        writer.Write(key);
        writer.WriteArrayHeader(home.Count);
        foreach (HomeMember member in home)
        {
            writer.WriteMapHeader(member.StoreId is null ? 1 : 2);
            if (member.StoreId is { } storeId)
            {
                writer.Write("store_id");
                writer.Write(storeId.ToByteArray());
            }

            writer.Write("addresses");
            writer.WriteArrayHeader(member.Addresses.Count);
            foreach (string address in member.Addresses)
            {
                writer.Write(address);
            }
        }
    }

    private static void WritePrevious(ref MessagePackWriter writer, FileRecord record)
    {
        if (record.Previous.Count > 0)
        {
            writer.Write("previous");
            writer.WriteArrayHeader(record.Previous.Count);
            foreach (FileVersion previous in record.Previous)
            {
                WritePrevious(ref writer, previous);
            }
        }

        if (record.PreviousWriterIds.Count > 0)
        {
            writer.Write("previous_writer_ids");
            writer.WriteArrayHeader(record.PreviousWriterIds.Count);
            foreach (Guid id in record.PreviousWriterIds)
            {
                WriteGuid(ref writer, id);
            }
        }
    }

    private static void WritePrevious(ref MessagePackWriter writer, FileVersion previous)
    {
        writer.WriteMapHeader(
            7 + CountOf(
                previous.UnixMode is not null, previous.Encryption is not null, !previous.Modified.IsMilliseconds));
        WriteInteger(ref writer, "version", previous.Version);
        WriteFileId(ref writer, FileIdKey(previous.Encryption), previous.FileId);
        WriteSizes(ref writer, previous);
        WriteOrigin(ref writer, previous);
    }

    private static void WriteSizes(ref MessagePackWriter writer, FileVersion version)
    {
        WriteInteger(ref writer, "length", version.Length);
        WriteInteger(ref writer, "chunk_size", version.ChunkSize);
        WriteInteger(ref writer, "replicas", version.Replicas);
        WriteInteger(ref writer, "run", version.Run);
    }

    private static void WriteOrigin(ref MessagePackWriter writer, FileVersion version)
    {
        WriteEncryption(ref writer, version.Encryption);
        WriteTime(ref writer, version.Modified);
        if (version.UnixMode is { } mode)
        {
            WriteInteger(ref writer, "mode", mode);
        }
    }

    private static void WriteTime(ref MessagePackWriter writer, UnixTime modified)
    {
        WriteInteger(ref writer, "modified", modified.Milliseconds);
        if (!modified.IsMilliseconds)
        {
            writer.Write("modified_ns");
            writer.Write(Encode(modified));
        }
    }

    /// <summary>Another key for an encrypted file: a program without support for encryption cannot keep such a record
    /// without its keys.</summary>
    private static string FileIdKey(KeyEnvelope? encryption) => encryption is null ? "file_id" : "encrypted_file_id";

    private static void WriteEncryption(ref MessagePackWriter writer, KeyEnvelope? encryption)
    {
        if (encryption is not null)
        {
            writer.Write("encryption");
            writer.Write(encryption.Encoded.Span);
        }
    }
}
