using System.Buffers;
using MessagePack;

namespace Dfss.Records;

/// <summary>
/// Records, register states and the register's requests and answers as bytes: MessagePack, the same form on the wire
/// and in stores. One value has one encoding. Reading trusts nothing: whatever is malformed, over a limit or left over
/// at the end is <see cref="DfssErrorCode.InvalidArgument"/>, and so is encoding a value that could not be read again;
/// a name that breaks the rule for names is <see cref="DfssErrorCode.InvalidName"/>.
/// </summary>
/// <remarks>
/// Every item is a map with text keys, written in this order. Unknown keys are skipped; a key that stands twice is
/// refused. nil is the same as absent. Integers are 0 to 2^53 - 1, text is UTF-8, nesting is at most 8 deep. ballot:
/// [counter, bin 16], ordered by the counter, then by the bytes.
/// <code>
/// record           name                 str         1-1024 bytes, by the rule for names
///                  version              int         from 1
///                  state                int         0 file, 1 removed
///                  file_id              bin 32      a file's; absent in a tombstone
///                  length               int         bytes
///                  chunk_size           int         bytes, 64 KiB to 16 MiB; in a tombstone from 0
///                  replicas             int         1-64
///                  run                  int         1-524,287
///                  home                 array       1-64 maps: store_id bin 16 (absent: never answered), addresses array of 0-8 str to 256 bytes
///                  modified             int         ms since 1970-01-01 UTC, to the end of the year 9999
///                  mode                 int         0-4095; absent where the source had none
///                  writer_id            bin 16
///                  previous_file_ids    array       0-64 bin 32; absent where empty
///                  previous_writer_ids  array       0-8 bin 16; absent where empty
/// balloted record  ballot               ballot
///                  record               record
/// register state   promised             ballot      absent: nothing promised
///                  accepted             balloted record; absent: none
///                  decided              balloted record; absent: none
///                  seals                array       0-1024 maps: ballot, file_id bin 32; absent where empty
/// prepare          name, ballot
/// seal             name, ballot, file_id bin 32, expected bin: bit i of byte i/8, lowest first, for chunk i
/// accept, decide   name, ballot, record
/// read             name
/// answer           status               int         0 done, 1 refused, 2 chunks missing
///                  promised             ballot      absent: nothing promised
///                  accepted             balloted record; absent: none
///                  decided              balloted record; absent: none
///                  missing              bin         as expected; absent where empty
///                  manifest_missing     bool        absent: false
/// </code>
/// </remarks>
internal static partial class RecordCodec
{
    private const long MaxInteger = (1L << 53) - 1;

    /// <summary>The last millisecond of the year 9999, beyond which many languages have no times.</summary>
    private const long MaxModified = 253_402_300_799_999;
    private const int MaxAddresses = 8;
    private const int MaxAddressBytes = 256;
    private const int MaxPreviousFileIds = 64;
    private const int MaxMode = 4095;
    private const int MaxBitmapBytes = (DfssLimits.MaxChunksPerFile + 7) / 8;
    private const int GuidBytes = 16;

    private delegate void WriteAction<in T>(ref MessagePackWriter writer, T value);

    public static byte[] EncodeRecord(FileRecord record) => Encode(record, WriteRecord);

    public static byte[] EncodeBallotedRecord(BallotedRecord record) => Encode(record, WriteBallotedRecord);

    public static byte[] EncodeState(RegisterState state) => Encode(state, WriteState);

    public static byte[] EncodeAnswer(RegisterAnswer answer) => Encode(answer, WriteAnswer);

    public static byte[] Encode(RegisterRequest request) => Encode(request, WriteRequest);

    private static byte[] Encode<T>(T value, WriteAction<T> write)
    {
        ArrayBufferWriter<byte> buffer = new(512);
        MessagePackWriter writer = new(buffer);
        write(ref writer, value);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteRequest(ref MessagePackWriter writer, RegisterRequest request)
    {
        CheckName(request.Name);
        (Ballot? ballot, int count) = request switch
        {
            PrepareRequest prepare => (prepare.Ballot, 2),
            SealRequest seal => (seal.Ballot, 4),
            AcceptRequest accept => (accept.Ballot, 3),
            DecideRequest decide => (decide.Ballot, 3),
            _ => ((Ballot?)null, 1),
        };
        writer.WriteMapHeader(count);
        writer.Write("name");
        writer.Write(request.Name);
        if (ballot is { } known)
        {
            WriteBallot(ref writer, "ballot", known);
        }

        switch (request)
        {
            case SealRequest seal:
                WriteFileId(ref writer, "file_id", seal.FileId);
                writer.Write("expected");
                WriteBitmap(ref writer, seal.Expected);
                break;
            case AcceptRequest { Record: var record }:
                writer.Write("record");
                WriteRecord(ref writer, record);
                break;
            case DecideRequest { Record: var record }:
                writer.Write("record");
                WriteRecord(ref writer, record);
                break;
        }
    }

    private static void WriteAnswer(ref MessagePackWriter writer, RegisterAnswer answer)
    {
        Require(Enum.IsDefined(answer.Status), "status");
        writer.WriteMapHeader(1 + CountOf(answer.Promised != default, answer.Accepted is not null, answer.Decided is not null)
            + CountOf(!answer.Missing.Bits.IsEmpty, answer.IsManifestMissing));
        writer.Write("status");
        writer.Write((int)answer.Status);
        WriteVotes(ref writer, answer.Promised, answer.Accepted, answer.Decided);
        if (!answer.Missing.Bits.IsEmpty)
        {
            writer.Write("missing");
            WriteBitmap(ref writer, answer.Missing);
        }

        if (answer.IsManifestMissing)
        {
            writer.Write("manifest_missing");
            writer.Write(answer.IsManifestMissing);
        }
    }

    private static void WriteState(ref MessagePackWriter writer, RegisterState state)
    {
        Require(state.Seals.Count <= RegisterState.MaxSeals, "seals");
        writer.WriteMapHeader(CountOf(
            state.Promised != default, state.Accepted is not null, state.Decided is not null, state.Seals.Count > 0));
        WriteVotes(ref writer, state.Promised, state.Accepted, state.Decided);
        if (state.Seals.Count > 0)
        {
            writer.Write("seals");
            writer.WriteArrayHeader(state.Seals.Count);
            foreach (RegisterSeal seal in state.Seals)
            {
                writer.WriteMapHeader(2);
                WriteBallot(ref writer, "ballot", seal.Ballot);
                WriteFileId(ref writer, "file_id", seal.FileId);
            }
        }
    }

    private static void WriteVotes(ref MessagePackWriter writer, Ballot promised, BallotedRecord? accepted, BallotedRecord? decided)
    {
        if (promised != default)
        {
            WriteBallot(ref writer, "promised", promised);
        }

        if (accepted is not null)
        {
            writer.Write("accepted");
            WriteBallotedRecord(ref writer, accepted);
        }

        if (decided is not null)
        {
            writer.Write("decided");
            WriteBallotedRecord(ref writer, decided);
        }
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
        writer.WriteMapHeader(10 + CountOf(record.FileId != default, record.UnixMode is not null)
            + CountOf(record.PreviousFileIds.Count > 0, record.PreviousWriterIds.Count > 0));
        writer.Write("name");
        writer.Write(record.Name);
        WriteInteger(ref writer, "version", record.Version);
        WriteInteger(ref writer, "state", (int)record.State);
        if (record.FileId != default)
        {
            WriteFileId(ref writer, "file_id", record.FileId);
        }

        WriteInteger(ref writer, "length", record.Length);
        WriteInteger(ref writer, "chunk_size", record.ChunkSize);
        WriteInteger(ref writer, "replicas", record.Replicas);
        WriteInteger(ref writer, "run", record.Run);
        WriteHome(ref writer, record.Home);
        WriteInteger(ref writer, "modified", record.ModifiedUnixMilliseconds);
        if (record.UnixMode is { } mode)
        {
            WriteInteger(ref writer, "mode", mode);
        }

        writer.Write("writer_id");
        WriteGuid(ref writer, record.WriterId);
        WritePrevious(ref writer, record);
    }

    private static void WriteHome(ref MessagePackWriter writer, IReadOnlyList<HomeMember> home)
    {
        writer.Write("home");
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
        if (record.PreviousFileIds.Count > 0)
        {
            writer.Write("previous_file_ids");
            writer.WriteArrayHeader(record.PreviousFileIds.Count);
            foreach (FileId id in record.PreviousFileIds)
            {
                writer.Write(id.ToByteArray());
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

    private static void WriteBallot(ref MessagePackWriter writer, string key, Ballot ballot)
    {
        Require(ballot.Counter is >= 0 and <= MaxInteger, key);
        writer.Write(key);
        writer.WriteArrayHeader(2);
        writer.Write(ballot.Counter);
        WriteGuid(ref writer, ballot.Proposer);
    }

    private static void WriteInteger(ref MessagePackWriter writer, string key, long value)
    {
        writer.Write(key);
        writer.Write(value);
    }

    private static void WriteFileId(ref MessagePackWriter writer, string key, FileId id)
    {
        writer.Write(key);
        writer.Write(id.ToByteArray());
    }

    private static void WriteBitmap(ref MessagePackWriter writer, ChunkBitmap bitmap)
    {
        Require(bitmap.Bits.Length <= MaxBitmapBytes, "bitmap");
        writer.Write(bitmap.Bits.Span);
    }

    /// <summary>In network order, so that the order of the bytes is the order of the ids.</summary>
    private static void WriteGuid(ref MessagePackWriter writer, Guid id) => writer.Write(id.ToByteArray(bigEndian: true));

    private static int CountOf(params ReadOnlySpan<bool> present) => present.Count(value: true);
}
