using Dfss.Protocol;
using Dfss.Records;
using Xunit;

namespace Dfss.Tests.Protocol;

/// <summary>
/// Every kind of value in every form that MessagePack has for it, in a message and in a record's item.
/// </summary>
public sealed class ValueFormTests
{
    public static TheoryData<string> Allowed => [.. ValueVectors.Allowed.Select(vector => vector.What)];

    public static TheoryData<string> Refused => [.. ValueVectors.Refused.Select(vector => vector.What)];

    [Theory]
    [MemberData(nameof(Allowed))]
    public void What_is_allowed_is_read_equal_in_every_form(string what)
    {
        ValueVector vector = ValueVectors.Allowed.Single(one => one.What == what);
        string expected = MessageSamples.Describe(
            Message.Request(1, "a", new MessageMap { { "v", vector.Value!.Value }, { "w", 7 } }));
        foreach (string form in vector.Forms)
        {
            Message read = Decode($"9401a16182a176{form}a17707c0");
            Assert.Equal(expected, MessageSamples.Describe(read));
            byte[] written = MessageCodec.ToFrame(read, payload: null)[Frame.PrefixBytes..];
            Assert.Equal(expected, MessageSamples.Describe(Decode(Convert.ToHexString(written))));
        }
    }

    [Theory]
    [MemberData(nameof(Allowed))]
    public void What_is_allowed_is_skipped_in_an_item_in_every_form(string what) => Assert.All(
        ValueVectors.Allowed.Single(one => one.What == what).Forms,
        form => Assert.Equal("a", RecordCodec.DecodeRead(Convert.FromHexString($"82a176{form}a46e616d65a161")).Name));

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_not_allowed_is_a_violation_with_a_reason_in_every_form(string what) => Assert.All(
        ValueVectors.Refused.Single(one => one.What == what).Forms,
        form =>
        {
            DfssException failure = Assert.Throws<DfssException>(() => Decode($"9401a16182a176{form}a17707c0"));
            Assert.Equal(DfssErrorCode.ProtocolViolation, failure.Code);
            Assert.Matches("[a-z]{3}.*\\.$", failure.Message);
            failure = Assert.Throws<DfssException>(
                () => RecordCodec.DecodeRead(Convert.FromHexString($"82a176{form}a46e616d65a161")));
            Assert.Equal(DfssErrorCode.InvalidArgument, failure.Code);
        });

    [Theory]
    [InlineData("01", "cc01", "cd0001", "ce00000001", "cf0000000000000001", "d001", "d10001", "d200000001",
        "d30000000000000001")]
    public void An_id_and_a_status_are_read_in_every_form(params string[] forms) => Assert.All(
        forms.SelectMany(_ => forms, (id, status) => (id, status)),
        pair => Assert.Equal("1 - 1 {}", MessageSamples.Describe(Decode($"94{pair.id}{pair.status}80c0"))));

    [Theory]
    [InlineData("ff", "negative")]
    [InlineData("d0ff", "negative, 8 bit")]
    [InlineData("cf0000000100000000", "2^32")]
    [InlineData("ca00000000", "a float")]
    [InlineData("a131", "a text")]
    [InlineData("c3", "a bool")]
    [InlineData("90", "an array")]
    [InlineData("c40101", "a bin")]
    public void An_id_of_another_kind_is_a_violation(string id, string why)
    {
        foreach (string operationOrStatus in new[] { "a161", "00" })
        {
            DfssException failure = Assert.Throws<DfssException>(() => Decode($"94{id}{operationOrStatus}80c0"));
            Assert.True(failure.Code == DfssErrorCode.ProtocolViolation, why);
        }
    }

    [Theory]
    [InlineData("ff")]
    [InlineData("ce80000000")]
    [InlineData("c0")]
    [InlineData("c3")]
    [InlineData("c40161")]
    [InlineData("90")]
    [InlineData("a1ff")]
    public void An_operation_or_status_of_another_kind_is_a_violation(string hex) =>
        Assert.Equal(
            DfssErrorCode.ProtocolViolation, Assert.Throws<DfssException>(() => Decode($"9401{hex}80c0")).Code);

    [Theory]
    [InlineData("c403616263")]
    [InlineData("c50003616263")]
    [InlineData("c600000003616263")]
    public void A_payload_is_read_in_every_form(string hex)
    {
        byte[] body = Convert.FromHexString("9401a16180" + hex);
        MessageCodec.HeaderScan scan = default;
        Assert.True(scan.TryFindEnd(body, body.Length, out MessageCodec.HeaderEnd end));
        Assert.Equal(3, end.PayloadBytes);
        Assert.Equal("abc"u8.ToArray(), body[end.HeaderBytes..]);
    }

    [Theory]
    [InlineData("a3616263")]
    [InlineData("93010203")]
    [InlineData("80")]
    [InlineData("00")]
    [InlineData("c2")]
    [InlineData("ca00000000")]
    [InlineData("c70101ff")]
    [InlineData("c1")]
    public void A_payload_of_another_kind_is_a_violation(string hex) =>
        Assert.Equal(
            DfssErrorCode.ProtocolViolation, Assert.Throws<DfssException>(() => Decode($"9401a16180{hex}")).Code);

    private static Message Decode(string hex)
    {
        byte[] body = Convert.FromHexString(hex);
        MessageCodec.HeaderScan scan = default;
        Assert.True(scan.TryFindEnd(body, body.Length, out MessageCodec.HeaderEnd end));
        return MessageCodec.DecodeHeader(body.AsMemory(0, end.HeaderBytes));
    }
}
