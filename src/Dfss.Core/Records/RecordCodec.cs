using System.Buffers;
using MessagePack;

namespace Dfss.Records;

/// <summary>
/// Records, register states and the register's requests and answers as bytes: MessagePack, the same form on the wire
/// and in stores. One value has one encoding. Reading trusts nothing: bytes that are malformed, over a limit or left
/// over at the end are <see cref="DfssErrorCode.InvalidArgument"/>, and so is encoding a value that could not be read
/// again; a name that breaks the rule for names is <see cref="DfssErrorCode.InvalidName"/>.
/// </summary>
/// <remarks>
/// Every item is a map with text keys, written in this order. Unknown keys are skipped; a duplicate key is refused. nil
/// is the same as absent. Integers are 0 to 2^53 - 1, text is UTF-8, nesting is at most 8 deep. ballot: [counter, bin
/// 16] in the first home (epoch 0), else [counter, bin 16, epoch], the epoch from 1; ordered by the epoch, the counter,
/// the bytes.
/// <code>
/// record           name                 str         1-1024 bytes, by the rule for names
///                  version              int         from 1
///                  epoch                int         from 1; absent: 0, the first home
///                  state                int         0 file, 1 removed, 2 moved
///                  file_id              bin 32      a file's; absent in a tombstone, and of an encrypted file
///                  encrypted_file_id    bin 32      in place of file_id, of an encrypted file alone
///                  length               int         bytes
///                  chunk_size           int         bytes, 64 KiB to 16 MiB; in a tombstone from 0
///                  replicas             int         1-64
///                  run                  int         1-524,287
///                  home                 array       1-64 maps: store_id bin 16 (absent: never answered),
///                                              addresses array of 0-8 str to 259 bytes
///                  former_home          array       as home, in a moved record only
///                  encryption           bin         1-4096 bytes, the envelope of an encrypted file; else absent
///                  modified             int         ms since 1970-01-01 UTC, to the end of the year 9999
///                  mode                 int         0-4095; absent where the source had none
///                  writer_id            bin 16
///                  previous             array       0-64 previous versions; absent where empty
///                  previous_writer_ids  array       0-8 bin 16; absent where empty
/// previous version version, file_id or encrypted_file_id, length, chunk_size, replicas, run, encryption, modified,
///                  mode as in a file's record
/// balloted record  ballot               ballot
///                  record               record
/// register state   promised             ballot      absent: nothing promised
///                  accepted             balloted record; absent: none
///                  decided              balloted record; absent: none
///                  seals                array       0-1024 seals; absent where empty
///                  generation           int         of the store, in which this register has a vote; absent: 0
/// seal kept        ballot
///                  file_id              bin 32
///                  home                 array       as a record's; absent where it was not told
/// sealed name      name, seals
/// prepare          name, ballot
/// seal             name, ballot, file_id bin 32, expected bin: bit i of byte i/8, lowest first, for chunk i;
///                  home, may be absent
/// accept, decide   name, ballot, record
/// read             name
/// all requests     clocks               array       0-512 clocks; absent where empty
///                  unanimous            bool        the home has one or two members; absent: false
/// clock            [store id bin 16, generation, instance bin 16, counter]; [store id] where nothing is known of it
/// answer           status               int         0 done, 1 refused, 2 chunks missing, 3 no vote
///                  promised             ballot      absent: nothing promised
///                  accepted             balloted record; absent: none
///                  decided              balloted record; absent: none
///                  missing              bin         as expected; absent where empty
///                  manifest_missing     bool        absent: false
///                  clock                clock       the member's own; absent: it tells none
///                  known                array       0-512 clocks of other stores
/// </code>
/// </remarks>
internal static partial class RecordCodec
{
    /// <summary>1 KiB: most requests and answers.</summary>
    private const int FirstBufferBytes = 1 << 10;

    /// <summary>64 KiB: a thread keeps no more for its next item.</summary>
    private const int MaxSpareBytes = 64 << 10;

    /// <summary>This thread's buffer for the next item that it encodes.</summary>
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? spare;

    private const long MaxInteger = (1L << 53) - 1;

    private const int MaxMode = 4095;
    private const int MaxBitmapBytes = (DfssLimits.MaxChunksPerFile + 7) / 8;
    private const int GuidBytes = 16;
    private const int TimeBytes = 16;

    private delegate void WriteAction<in T>(ref MessagePackWriter writer, T value);

    public static byte[] EncodeRecord(FileRecord record) => Encode(record, WriteRecord);

    public static byte[] EncodeBallotedRecord(BallotedRecord record) => Encode(record, WriteBallotedRecord);

    public static byte[] EncodeState(RegisterState state) => Encode(state, WriteState);

    public static byte[] EncodeSealedName(SealedName name) => Encode(name, WriteSealedName);

    public static byte[] EncodeAnswer(RegisterAnswer answer) => Encode(answer, WriteAnswer);

    public static byte[] Encode(RegisterRequest request) => Encode(request, WriteRequest);

    private static byte[] Encode<T>(T value, WriteAction<T> write)
    {
        ArrayBufferWriter<byte> buffer = spare ?? new(FirstBufferBytes);
        spare = null;
        buffer.ResetWrittenCount();
        MessagePackWriter writer = new(buffer);
        write(ref writer, value);
        writer.Flush();
        byte[] encoded = buffer.WrittenSpan.ToArray();
        spare = buffer.Capacity <= MaxSpareBytes ? buffer : null;
        return encoded;
    }

    private static void WriteRequest(ref MessagePackWriter writer, RegisterRequest request)
    {
        CheckName(request.Name);
        (Ballot? ballot, int count) = request switch
        {
            PrepareRequest prepare => (prepare.Ballot, 2),
            SealRequest seal => (seal.Ballot, 4 + CountOf(seal.Home.Count > 0)),
            AcceptRequest accept => (accept.Ballot, 3),
            DecideRequest decide => (decide.Ballot, 3),
            _ => ((Ballot?)null, 1),
        };
        writer.WriteMapHeader(count + CountOf(request.Clocks.Count > 0, request.IsUnanimous));
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
                if (seal.Home.Count > 0)
                {
                    WriteHome(ref writer, "home", seal.Home);
                }

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

        WriteClocks(ref writer, "clocks", request.Clocks);
        if (request.IsUnanimous)
        {
            writer.Write("unanimous");
            writer.Write(request.IsUnanimous);
        }
    }

    private static void WriteAnswer(ref MessagePackWriter writer, RegisterAnswer answer)
    {
        Require(Enum.IsDefined(answer.Status), "status");
        writer.WriteMapHeader(
            1 + CountOf(answer.Promised != default, answer.Accepted is not null, answer.Decided is not null)
                + CountOf(
                    !answer.Missing.Bits.IsEmpty, answer.IsManifestMissing, answer.Clock is not null,
                    answer.Known.Count > 0));
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

        if (answer.Clock is not null)
        {
            writer.Write("clock");
            WriteClock(ref writer, answer.Clock);
        }

        WriteClocks(ref writer, "known", answer.Known);
    }

    private static void WriteState(ref MessagePackWriter writer, RegisterState state)
    {
        Require(state.Seals.Count <= RegisterState.MaxSeals, "seals");
        writer.WriteMapHeader(CountOf(
            state.Promised != default, state.Accepted is not null, state.Decided is not null, state.Seals.Count > 0)
            + CountOf(state.Generation > 0));
        WriteVotes(ref writer, state.Promised, state.Accepted, state.Decided);
        if (state.Seals.Count > 0)
        {
            WriteSeals(ref writer, state.Seals);
        }

        if (state.Generation > 0)
        {
            Require(state.Generation <= MaxInteger, "generation");
            WriteInteger(ref writer, "generation", state.Generation);
        }
    }

    private static void WriteVotes(
        ref MessagePackWriter writer, Ballot promised, BallotedRecord? accepted, BallotedRecord? decided)
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

    private static void WriteBallot(ref MessagePackWriter writer, string key, Ballot ballot)
    {
        Require(ballot.Counter is >= 0 and <= MaxInteger, key);
        Require(ballot.Epoch is >= 0 and <= MaxInteger, key);
        writer.Write(key);
        writer.WriteArrayHeader(ballot.Epoch > 0 ? 3 : 2);
        writer.Write(ballot.Counter);
        WriteGuid(ref writer, ballot.Proposer);
        if (ballot.Epoch > 0)
        {
            writer.Write(ballot.Epoch);
        }
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
    private static void WriteGuid(ref MessagePackWriter writer, Guid id) =>
        writer.Write(id.ToByteArray(bigEndian: true));

    private static int CountOf(params ReadOnlySpan<bool> present) => present.Count(value: true);
}
