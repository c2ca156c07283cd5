using System.Buffers;
using CsCheck;
using Dfss.Records;
using MessagePack;
using Xunit;

namespace Dfss.Tests.Records;

public sealed partial class RecordCodecTests
{
    [Fact]
    public void Records_come_back_as_they_were() => Records.Sample(record =>
    {
        FileRecord back = RecordCodec.DecodeRecord(RecordCodec.EncodeRecord(record));
        Assert.Equivalent(record, back, strict: true);
        Assert.Equal(RecordCodec.EncodeRecord(record), RecordCodec.EncodeRecord(back));
    });

    [Fact]
    public void States_come_back_as_they_were() => States.Sample(state =>
    {
        RegisterState back = RecordCodec.DecodeState(RecordCodec.EncodeState(state));
        Assert.Equal(state.Promised, back.Promised);
        Assert.Equal(state.Seals, back.Seals);
        Assert.Equal(RecordCodec.EncodeState(state), RecordCodec.EncodeState(back));
    });

    [Fact]
    public void Answers_come_back_as_they_were() => Answers.Sample(answer =>
    {
        RegisterAnswer back = RecordCodec.DecodeAnswer(RecordCodec.EncodeAnswer(answer));
        Assert.Equal(
            (answer.Status, answer.Promised, answer.IsManifestMissing),
            (back.Status, back.Promised, back.IsManifestMissing));
        Assert.Equal(answer.Missing.Bits.ToArray(), back.Missing.Bits.ToArray());
        Assert.Equal(RecordCodec.EncodeAnswer(answer), RecordCodec.EncodeAnswer(back));
    });

    [Fact]
    public void Requests_come_back_as_they_were() =>
        Gen.Select(BallotedRecords, FileIds, Gen.Byte.Array[0, 9]).Sample((record, fileId, bits) =>
        {
            (string name, Ballot ballot) = (record.Record.Name, record.Ballot);
            Assert.Equal(
                new PrepareRequest(name, ballot),
                RecordCodec.DecodePrepare(RecordCodec.Encode(new PrepareRequest(name, ballot))));
            Assert.Equal(new ReadRequest(name), RecordCodec.DecodeRead(RecordCodec.Encode(new ReadRequest(name))));
            SealRequest seal = RecordCodec.DecodeSeal(
                RecordCodec.Encode(new SealRequest(name, ballot, fileId, new ChunkBitmap(bits))));
            Assert.Equal((name, ballot, fileId), (seal.Name, seal.Ballot, seal.FileId));
            Assert.Equal(bits, seal.Expected.Bits.ToArray());
            AcceptRequest accept = RecordCodec.DecodeAccept(
                RecordCodec.Encode(new AcceptRequest(name, ballot, record.Record)));
            DecideRequest decide = RecordCodec.DecodeDecide(
                RecordCodec.Encode(new DecideRequest(name, ballot, record.Record)));
            Assert.Equal((name, ballot, accept.Ballot), (accept.Name, decide.Ballot, ballot));
            Assert.Equivalent(record.Record, accept.Record, strict: true);
            Assert.Equivalent(record.Record, decide.Record, strict: true);
        });

    [Fact]
    public void What_is_cut_off_at_any_byte_is_refused()
    {
        BallotedRecord record = new(
            Sample.Ballot(3) with { Epoch = 1 },
            Sample.Moved() with { UnixMode = 420, Previous = [Sample.Previous(1, Sample.FileId(9))] });
        RegisterState state = new()
        {
            Promised = record.Ballot,
            Accepted = record,
            Decided = record,
            Seals = [new(record.Ballot, Sample.FileId(1))]
        };
        RegisterAnswer answer =
            new() { Promised = record.Ballot, Accepted = record, Missing = Sample.AllOf(9), IsManifestMissing = true };

        AssertCutOffIsRefused(RecordCodec.EncodeRecord(record.Record), RecordCodec.DecodeRecord);
        AssertCutOffIsRefused(RecordCodec.EncodeBallotedRecord(record), RecordCodec.DecodeBallotedRecord);
        AssertCutOffIsRefused(RecordCodec.EncodeState(state), RecordCodec.DecodeState);
        AssertCutOffIsRefused(RecordCodec.EncodeAnswer(answer), RecordCodec.DecodeAnswer);
        AssertCutOffIsRefused(RecordCodec.Encode(new PrepareRequest("a", record.Ballot)), RecordCodec.DecodePrepare);
        AssertCutOffIsRefused(
            RecordCodec.Encode(new SealRequest("a", record.Ballot, Sample.FileId(1), Sample.AllOf(9))),
            RecordCodec.DecodeSeal);
        AssertCutOffIsRefused(
            RecordCodec.Encode(new AcceptRequest(Sample.Name, record.Ballot, record.Record)), RecordCodec.DecodeAccept);
        AssertCutOffIsRefused(
            RecordCodec.Encode(new DecideRequest(Sample.Name, record.Ballot, record.Record)), RecordCodec.DecodeDecide);
        AssertCutOffIsRefused(RecordCodec.Encode(new ReadRequest("a")), RecordCodec.DecodeRead);
    }

    [Fact]
    public void Changed_bytes_are_read_or_refused_and_nothing_else_happens() =>
        Gen.Select(States, Gen.Int[0, 1 << 20], Gen.Byte).Sample((state, position, value) =>
        {
            byte[] bytes = RecordCodec.EncodeState(state);
            bytes[position % bytes.Length] = value;
            try
            {
                RecordCodec.DecodeState(bytes);
            }
            catch (DfssException e) when (e.Code is DfssErrorCode.InvalidArgument or DfssErrorCode.InvalidName)
            {
                Assert.NotEmpty(e.Message);
            }
        });

    [Fact]
    public void Random_bytes_are_refused() =>
        Gen.Byte.Array[0, 200].Sample(bytes => AssertInvalid(() => RecordCodec.DecodeRecord(bytes)));

    [Fact]
    public void Bytes_left_over_are_refused() =>
        AssertInvalid(() => RecordCodec.DecodeRecord((byte[])[.. RecordCodec.EncodeRecord(Sample.Record()), 0xc0]));

    [Fact]
    public void Unknown_keys_are_skipped_and_null_is_absent() => Assert.Equal("a", RecordCodec.DecodeRead(Map(
        ("new", (ref w) => { w.WriteMapHeader(1); w.Write("deep"); w.WriteArrayHeader(2); w.Write(1); w.Write("x"); }
    ),
        ("ballot", (ref w) => w.WriteNil()),
        ("name", (ref w) => w.Write("a")))).Name);

    [Fact]
    public void A_key_that_stands_twice_is_refused_known_or_not()
    {
        AssertInvalid(
            () => RecordCodec.DecodeRead(Map(("name", (ref w) => w.Write("a")), ("name", (ref w) => w.Write("a")))));
        AssertInvalid(
            () => RecordCodec.DecodeRead(
                Map(("name", (ref w) => w.Write("a")), ("x", (ref w) => w.Write(1)), ("x", (ref w) => w.Write(1)))));
        AssertInvalid(() => RecordCodec.DecodeRead(Map(("name", (ref w) => w.Write("a")), ("x", (ref w) =>
        {
            w.WriteMapHeader(2);
            w.Write("y");
            w.Write(1);
            w.Write("y");
            w.Write(1);
        }
        ))));
    }

    [Theory]
    [InlineData(7, true)]
    [InlineData(8, false)]
    [InlineData(100_000, false)]
    public void Nesting_is_bounded_also_where_it_is_skipped(int depth, bool isRead)
    {
        byte[] bytes = Map(("name", (ref w) => w.Write("a")), ("x", (ref w) =>
        {
            for (int i = 0; i < depth; i++)
            {
                w.WriteArrayHeader(1);
            }

            w.WriteNil();
        }
        ));
        if (isRead)
        {
            Assert.Equal("a", RecordCodec.DecodeRead(bytes).Name);
        }
        else
        {
            AssertInvalid(() => RecordCodec.DecodeRead(bytes));
        }
    }

    [Theory]
    [InlineData("c67fffffff")]
    [InlineData("c680000000")]
    [InlineData("c6ffffffff")]
    [InlineData("db80000000")]
    [InlineData("dbffffffff")]
    [InlineData("ddffffffff")]
    [InlineData("dfffffffff")]
    public void A_huge_length_is_refused_known_or_not(string hex)
    {
        AssertInvalid(() => RecordCodec.DecodeRead(Convert.FromHexString("82a46e616d65a161a178" + hex)));
        AssertInvalid(() => RecordCodec.DecodeRead(Convert.FromHexString("81a46e616d65" + hex)));
        AssertInvalid(
            () => RecordCodec.DecodePrepare(Convert.FromHexString("82a46e616d65a161a662616c6c6f749201" + hex)));
        AssertInvalid(
            () => RecordCodec.DecodeSeal(Convert.FromHexString("82a46e616d65a161a865787065637465649201" + hex)));
    }

    [Fact]
    public void What_the_wire_does_not_use_is_refused()
    {
        AssertInvalid(
            () => RecordCodec.DecodeRead(Map(("name", (ref w) => w.Write("a")), ("x", (ref w) => w.Write(1.5)))));
        AssertInvalid(
            () => RecordCodec.DecodeRead(Map(("name", (ref w) => w.Write("a")), ("x", (ref w) => w.Write(-1)))));
        AssertInvalid(
            () => RecordCodec.DecodeRead(
                Map(("name", (ref w) => w.Write("a")), ("x", (ref w) => w.Write(ulong.MaxValue)))));
        AssertInvalid(() => RecordCodec.DecodeRead(Map(("name", (ref w) => w.WriteString([0xff, 0xfe])))));
        AssertInvalid(() => RecordCodec.DecodeRead(Map(("name", (ref w) => w.Write("a"u8)))));
        AssertInvalid(() => RecordCodec.DecodeRead(Map(("name", (ref w) => w.Write(7)))));
        AssertInvalid(() => RecordCodec.DecodeRead(Map(("other", (ref w) => w.Write("a")))));
        AssertInvalid(() => RecordCodec.DecodeRead(Map(("name", (ref w) => w.WriteArrayHeader(int.MaxValue)))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../a")]
    [InlineData("a\\b")]
    [InlineData("cafe\u0301")]
    public void Names_that_break_the_rule_are_refused(string name) => Assert.Equal(
        DfssErrorCode.InvalidName,
        Assert.Throws<DfssException>(() => RecordCodec.DecodeRead(Map(("name", (ref w) => w.Write(name))))).Code);

    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static byte[] Map(params (string Key, WriteValue Write)[] entries)
    {
        ArrayBufferWriter<byte> buffer = new();
        MessagePackWriter writer = new(buffer);
        writer.WriteMapHeader(entries.Length);
        foreach ((string key, WriteValue write) in entries)
        {
            writer.Write(key);
            write(ref writer);
        }

        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void AssertCutOffIsRefused<T>(byte[] whole, Func<ReadOnlyMemory<byte>, T> decode)
    {
        Assert.NotNull(decode(whole));
        for (int length = 0; length < whole.Length; length++)
        {
            AssertInvalid(() => decode(whole.AsMemory(0, length)));
        }
    }

    private static void AssertInvalid(Func<object?> action) =>
        Assert.Equal(DfssErrorCode.InvalidArgument, Assert.Throws<DfssException>(action).Code);

    private delegate void WriteValue(ref MessagePackWriter writer);
}
