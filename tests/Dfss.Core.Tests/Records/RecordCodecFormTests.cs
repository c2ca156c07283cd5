using Dfss.Records;
using Xunit;

namespace Dfss.Tests.Records;

/// <summary>The ranges of a record's values, and the forms of a ballot.</summary>
public sealed class RecordCodecFormTests
{
    [Fact]
    public void Values_out_of_range_are_refused_when_written()
    {
        FileRecord good = Sample.Record();
        HomeMember member = good.Home[0];
        AssertInvalid(() => RecordCodec.EncodeRecord(good with { Version = 0 }));
        AssertInvalid(() => RecordCodec.EncodeRecord(good with { FileId = default }));
        AssertInvalid(() => RecordCodec.EncodeRecord(good with { Length = -1 }));
        AssertInvalid(() => RecordCodec.EncodeRecord(good with { ChunkSize = DfssLimits.MaxChunkSize + 1 }));
        AssertInvalid(() => RecordCodec.EncodeRecord(good with { ChunkSize = DfssLimits.MinChunkSize - 1 }));
        AssertInvalid(() => RecordCodec.EncodeRecord(good with { Replicas = 0 }));
        AssertInvalid(() => RecordCodec.EncodeRecord(good with { UnixMode = 4096 }));
        AssertInvalid(() => RecordCodec.EncodeRecord(good with { Home = [] }));
        AssertInvalid(() => RecordCodec.EncodeRecord(good with { Home = [.. Enumerable.Repeat(member, 65)] }));
        AssertInvalid(
            () => RecordCodec.EncodeRecord(
                good with { Home = [member with { Addresses = [new string('a', DfssLimits.MaxAddressBytes + 1)] }] }));
        AssertInvalid(
            () => RecordCodec.EncodeRecord(
                good with { Home = [member with { Addresses = [.. Enumerable.Repeat("a", 9)] }] }));
        AssertInvalid(() => RecordCodec.EncodeRecord(good with { Epoch = -1 }));
        AssertInvalid(() => RecordCodec.EncodeRecord(good with { FormerHome = good.Home }));
        AssertInvalid(() => RecordCodec.EncodeRecord(Sample.Moved() with { FormerHome = [] }));
        AssertInvalid(() => RecordCodec.EncodeRecord(Sample.Moved() with { Epoch = 0 }));
        AssertInvalid(() => RecordCodec.EncodeRecord(Sample.Moved() with { FileId = default }));
        AssertInvalid(() => RecordCodec.EncodeRecord(Sample.Moved() with { ChunkSize = 0 }));
        AssertInvalid(() => RecordCodec.EncodeRecord(good with { PreviousWriterIds = new Guid[9] }));
    }

    [Fact]
    public void Earlier_versions_out_of_range_are_refused_when_written()
    {
        FileRecord record = Sample.Record();
        FileVersion good = Sample.Previous(1, Sample.FileId(1));
        Assert.NotEmpty(RecordCodec.EncodeRecord(record with { Previous = [.. Enumerable.Repeat(good, 64)] }));
        AssertInvalid(() => RecordCodec.EncodeRecord(record with { Previous = [.. Enumerable.Repeat(good, 65)] }));
        Assert.All(
            new FileVersion[]
            {
                good with { Version = 0 }, good with { FileId = default }, good with { Length = -1 },
                good with { ChunkSize = 0 },
                good with { Replicas = 65 }, good with { Run = 0 }, good with { UnixMode = 4096 },
            },
            bad => AssertInvalid(() => RecordCodec.EncodeRecord(record with { Previous = [bad] })));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("01", 1)]
    [InlineData("cf001fffffffffffff", (1L << 53) - 1)]
    public void A_ballot_of_a_later_home_names_its_epoch(string written, long epoch)
    {
        string text =
            $"82a46e616d65a161a662616c6c6f749{(epoch > 0 ? 3 : 2)}05c41000112233445566778899aabbccddeeff{written}";

        Ballot ballot = RecordCodec.DecodePrepare(Convert.FromHexString(text)).Ballot;

        Assert.Equal(new Ballot(5, new Guid("00112233-4455-6677-8899-aabbccddeeff"), epoch), ballot);
        Assert.Equal(text, Convert.ToHexStringLower(RecordCodec.Encode(new PrepareRequest("a", ballot))));
    }

    [Theory]
    [InlineData("9105")]
    [InlineData("9305c41000112233445566778899aabbccddeeff00")]
    [InlineData("9305c41000112233445566778899aabbccddeeffc0")]
    [InlineData("9405c41000112233445566778899aabbccddeeff0101")]
    public void A_ballot_of_another_form_is_refused(string ballot) =>
        AssertInvalid(
            () => RecordCodec.DecodePrepare(Convert.FromHexString("82a46e616d65a161a662616c6c6f74" + ballot)));

    [Fact]
    public void A_ballot_is_a_counter_and_sixteen_bytes_in_the_order_they_are_compared()
    {
        byte[] bytes = RecordCodec.Encode(
            new PrepareRequest("a", new Ballot(5, new Guid("00112233-4455-6677-8899-aabbccddeeff"))));

        Assert.Equal(
            "82a46e616d65a161a662616c6c6f749205c41000112233445566778899aabbccddeeff", Convert.ToHexStringLower(bytes));
    }

    [Theory]
    [InlineData("a86d6f646966696564cf0000e677d21fdc00")] // A millisecond after the year 9999.
    [InlineData("a86d6f646966696564ff")]
    [InlineData("a86d6f64696669656400ab6d6f6469666965645f6e7301")]
    [InlineData("a86d6f64696669656400ab6d6f6469666965645f6e73c40f000000000000000000000000000000")]
    public void A_time_of_another_form_is_refused(string written)
    {
        string record = Convert.ToHexStringLower(RecordCodec.EncodeRecord(Sample.Record()));
        const string Epoch = "a86d6f64696669656400";
        Assert.Contains(Epoch, record, StringComparison.Ordinal);
        int keys = written.Contains("ab6d6f", StringComparison.Ordinal) ? 1 : 0;
        string other = $"8{Convert.ToInt32(record[1..2], 16) + keys:x}" + record[2..].Replace(
            Epoch, written, StringComparison.Ordinal);

        AssertInvalid(() => RecordCodec.DecodeRecord(Convert.FromHexString(other)));
    }

    private static void AssertInvalid(Func<object?> action) =>
        Assert.Equal(DfssErrorCode.InvalidArgument, Assert.Throws<DfssException>(action).Code);
}
