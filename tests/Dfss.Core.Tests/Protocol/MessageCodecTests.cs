using CsCheck;
using Dfss.Protocol;
using Xunit;

namespace Dfss.Tests.Protocol;

public class MessageCodecTests
{
    [Fact]
    public void A_message_comes_back_as_it_was_however_its_header_is_split()
    {
        MessageSamples.Any.Select(Gen.Byte.Array[0, 300], Gen.Bool).Sample((message, payload, isNil) =>
        {
            byte[] frame = MessageCodec.ToFrame(message, isNil ? null : (ReadOnlyMemory<byte>?)payload);
            Assert.True(Frame.TryReadPrefix(frame, DfssLimits.MaxFrameBytes, out int bodyBytes));
            Assert.Equal(frame.Length - Frame.PrefixBytes, bodyBytes);
            byte[] body = frame[Frame.PrefixBytes..];
            MessageCodec.HeaderScan trickle = default;
            MessageCodec.HeaderEnd end = default;
            int have = 0;
            while (!trickle.TryFindEnd(body.AsSpan(0, have), bodyBytes, out end))
            {
                have++;
            }

            Assert.Equal(bodyBytes - (isNil ? 0 : payload.Length), end.HeaderBytes);
            Assert.Equal(end.HeaderBytes, have);
            Assert.Equal(isNil ? null : payload.Length, end.PayloadBytes);
            for (int split = 0; split <= end.HeaderBytes; split++)
            {
                MessageCodec.HeaderScan scan = default;
                Assert.Equal(split == end.HeaderBytes, scan.TryFindEnd(body.AsSpan(0, split), bodyBytes, out _));
                Assert.True(scan.TryFindEnd(body, bodyBytes, out MessageCodec.HeaderEnd whole));
                Assert.Equal(end, whole);
            }

            Message decoded = MessageCodec.DecodeHeader(body.AsMemory(0, end.HeaderBytes));
            Assert.Equal(MessageSamples.Describe(message), MessageSamples.Describe(decoded));
        }, iter: 300);
    }

    [Fact]
    public void A_body_cut_short_anywhere_is_a_violation()
    {
        MessageMap map = new()
        {
            { "chunk_id", new byte[32] }, { "list", MessageValue.From([1, "two", new MessageMap { { "a", true } }]) }
        };
        byte[] body = MessageCodec.ToFrame(
            Message.Request(7, Operations.StoreChunk, map), new byte[10])[Frame.PrefixBytes..];
        for (int length = 0; length < body.Length; length++)
        {
            Assert.Equal(DfssErrorCode.ProtocolViolation, Failure(body[..length]));
        }

        Assert.Equal(DfssErrorCode.ProtocolViolation, Failure([.. body, 0]));
        Assert.Null(Failure(body));
    }

    [Fact]
    public void Arbitrary_bytes_give_a_message_or_a_typed_error_and_nothing_else()
    {
        Gen<byte[]> mutated = MessageSamples.Any.Select(Gen.Int, Gen.Byte, (message, place, value) =>
        {
            byte[] body = MessageCodec.ToFrame(message, new byte[3])[Frame.PrefixBytes..];
            body[(place & int.MaxValue) % body.Length] = value;
            return body;
        });
        Gen.OneOf(Gen.Byte.Array[0, 100], mutated).Sample(
            body => Failure(body) is null or DfssErrorCode.ProtocolViolation or DfssErrorCode.LimitExceeded,
            iter: 20_000);
    }

    [Theory]
    [InlineData("9401a47069 6e67 80c0", "fixed forms")]
    [InlineData("dc0004 cc01 d90470696e67 de0000 c0", "8 and 16 bit forms")]
    [InlineData("dd00000004 ce00000001 db0000000470696e67 df00000000 c0", "32 bit forms")]
    [InlineData("94 d30000000000000001 da000470696e67 80 c0", "signed and 16 bit forms")]
    [InlineData("94 cf0000000000000001 a470696e67 80 c0", "64 bit forms")]
    public void Every_length_form_is_read(string hex, string why)
    {
        byte[] body = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        MessageCodec.HeaderScan scan = default;
        Assert.True(scan.TryFindEnd(body, body.Length, out MessageCodec.HeaderEnd end), why);
        Message message = MessageCodec.DecodeHeader(body.AsMemory(0, end.HeaderBytes));
        Assert.Equal((1u, "ping", 0), (message.Id!.Value, message.Operation, message.Map.Count));
    }

    [Theory]
    [InlineData("9301a470696e6780", "an array of three")]
    [InlineData("9501a470696e6780c0c0", "an array of five")]
    [InlineData("94ffa470696e6780c0", "a negative id")]
    [InlineData("94d0ffa470696e6780c0", "a negative id in a longer form")]
    [InlineData("94cf0000000100000000a470696e6780c0", "an id over 32 bits")]
    [InlineData("94c0a470696e6780c0", "a request without id")]
    [InlineData("9401a470696e6790c0", "arguments that are an array")]
    [InlineData("9401a470696e678180c0c0", "a key that is a map")]
    [InlineData("9401a470696e678101c0c0", "a key that is a number")]
    [InlineData("9401a470696e6782a161c0a161c0c0", "a duplicate key, both nil")]
    [InlineData("9401a470696e6782a16101a16102c0", "a duplicate key")]
    [InlineData("9401a470696e6781a161ca00000000c0", "a float")]
    [InlineData("9401a470696e6781a161d40000c0", "an extension")]
    [InlineData("9401a470696e6781a161cf0020000000000000c0", "2^53")]
    [InlineData("9401a470696e6781a161cfffffffffffffffffc0", "2^64 - 1")]
    [InlineData("9401a470696e6781a161a1ffc0", "a text that is not UTF-8")]
    [InlineData("9401a470696e6781a161a3eda080c0", "a surrogate in UTF-8")]
    [InlineData("9401a470696e6780a0", "a payload that is a text")]
    [InlineData("9401a470696e6780c40100ff", "a byte behind the payload")]
    [InlineData("9401a470696e6780c402ff", "a payload cut short")]
    [InlineData("9401c1 80c0", "a byte MessagePack never uses")]
    public void What_is_malformed_is_a_violation(string hex, string why)
    {
        DfssErrorCode? failure = Failure(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        Assert.True(failure == DfssErrorCode.ProtocolViolation, $"{why}: {failure?.ToString() ?? "was read"}");
    }

    [Fact]
    public void Nesting_to_the_limit_is_read_and_deeper_is_refused()
    {
        // The body is the first level, the map of arguments the second.
        static byte[] Nested(int levels) =>
            [0x94, 0x01, 0xa1, 0x70, 0x81, 0xa1, 0x61, .. Enumerable.Repeat((byte)0x91, levels - 3), 0x90, 0xc0];
        Assert.Null(Failure(Nested(DfssLimits.MaxDepth)));
        Assert.Equal(DfssErrorCode.LimitExceeded, Failure(Nested(DfssLimits.MaxDepth + 1)));
        Assert.Equal(DfssErrorCode.LimitExceeded, Failure(Nested(50_000)));
    }

    [Fact]
    public void A_huge_length_is_refused_as_soon_as_it_is_announced()
    {
        byte[] text = Convert.FromHexString("9401a470696e6781a161dbffffffff");
        MessageCodec.HeaderScan scan = default;
        DfssException exception = Assert.Throws<DfssException>(
            () => scan.TryFindEnd(text, DfssLimits.MaxFrameBytes, out _));
        Assert.Equal(DfssErrorCode.ProtocolViolation, exception.Code);
        byte[] array = Convert.FromHexString("9401a470696e6781a161dd00ffffff");
        MessageCodec.HeaderScan other = default;
        exception = Assert.Throws<DfssException>(() => other.TryFindEnd(array, DfssLimits.MaxFrameBytes, out _));
        Assert.Equal(DfssErrorCode.LimitExceeded, exception.Code);
    }

    [Fact]
    public void What_is_too_large_is_not_sent()
    {
        MessageMap large = new() { { "a", new byte[DfssLimits.MaxHeaderBytes] } };
        Assert.Equal(
            DfssErrorCode.LimitExceeded,
            Assert.Throws<DfssException>(() => MessageCodec.ToFrame(Message.Request(1, "a", large), null)).Code);
        byte[] payload = new byte[DfssLimits.MaxPayloadBytes + 1];
        Assert.Equal(
            DfssErrorCode.LimitExceeded,
            Assert.Throws<DfssException>(() => MessageCodec.ToFrame(Message.Request(1, "a", []), payload)).Code);
    }

    [Fact]
    public void A_frame_over_the_limit_or_too_short_is_refused_by_its_prefix()
    {
        Assert.False(Frame.TryReadPrefix([0, 0, 0], 10, out _));
        Assert.Equal(
            DfssErrorCode.LimitExceeded,
            Assert.Throws<DfssException>(() => Frame.TryReadPrefix([0, 0, 0, 11], 10, out _)).Code);
        Assert.Equal(
            DfssErrorCode.LimitExceeded,
            Assert.Throws<DfssException>(() => Frame.TryReadPrefix([255, 255, 255, 255], 10, out _)).Code);
        Assert.Equal(
            DfssErrorCode.ProtocolViolation,
            Assert.Throws<DfssException>(() => Frame.TryReadPrefix([0, 0, 0, 4], 10, out _)).Code);
        Assert.True(Frame.TryReadPrefix([0, 0, 0, 10], 10, out int length));
        Assert.Equal(10, length);
    }

    private static DfssErrorCode? Failure(byte[] body)
    {
        try
        {
            MessageCodec.HeaderScan scan = default;
            Assert.True(scan.TryFindEnd(body, body.Length, out MessageCodec.HeaderEnd end));
            _ = MessageCodec.DecodeHeader(body.AsMemory(0, end.HeaderBytes));
            return null;
        }
        catch (DfssException exception)
        {
            return exception.Code;
        }
    }
}
