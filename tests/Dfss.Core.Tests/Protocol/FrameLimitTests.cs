using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Protocol;

/// <summary>
/// Each limit of a frame, through the reader of connections: at the limit it is read, one over it is refused.
/// </summary>
public sealed class FrameLimitTests
{
    private const int BeforeHello = DfssLimits.MaxHelloFrameBytes;
    private const int AfterHello = DfssLimits.MaxFrameBytes;

    /// <summary>
    /// 15 bytes are before and behind it: the array, id, operation, map, key and this bin's head, and the head of the
    /// payload.
    /// </summary>
    private const int LargestBin = DfssLimits.MaxHeaderBytes - 15;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, int, DfssErrorCode> Lengths => new()
    {
        { "00000000", AfterHello, DfssErrorCode.ProtocolViolation },
        { "00000001", AfterHello, DfssErrorCode.ProtocolViolation },
        { "00000004", AfterHello, DfssErrorCode.ProtocolViolation },
        { "00001001", BeforeHello, DfssErrorCode.LimitExceeded },
        { "01010001", AfterHello, DfssErrorCode.LimitExceeded },
        { "7fffffff", AfterHello, DfssErrorCode.LimitExceeded },
        { "80000000", AfterHello, DfssErrorCode.LimitExceeded },
        { "ffffffff", AfterHello, DfssErrorCode.LimitExceeded },
        { "ffffffff", BeforeHello, DfssErrorCode.LimitExceeded },
    };

    [Theory]
    [MemberData(nameof(Lengths))]
    public async Task A_length_out_of_range_is_refused_as_soon_as_it_is_read(
        string prefix, int maxBodyBytes, DfssErrorCode expected) =>
        Assert.Equal(expected, await ReadAsync(Convert.FromHexString(prefix), maxBodyBytes));

    [Fact]
    public async Task The_largest_body_before_hello_is_read_and_one_byte_more_is_refused()
    {
        int overhead = MessageCodec.ToFrame(Message.Request(1, "a", []), new byte[300]).Length - 300
            - Frame.PrefixBytes;
        byte[] largest = MessageCodec.ToFrame(Message.Request(1, "a", []), new byte[BeforeHello - overhead]);
        Assert.Equal(Frame.PrefixBytes + BeforeHello, largest.Length);
        Assert.Null(await ReadAsync(largest, BeforeHello));
        byte[] over = MessageCodec.ToFrame(Message.Request(1, "a", []), new byte[BeforeHello - overhead + 1]);
        Assert.Equal(DfssErrorCode.LimitExceeded, await ReadAsync(over, BeforeHello));
        Assert.Null(await ReadAsync(over, AfterHello));
    }

    [Fact]
    public async Task The_largest_payload_is_read_and_one_byte_more_is_refused_before_it_is_sent()
    {
        byte[] head = [0x94, 0x01, 0xa1, 0x61, 0x80, 0xc6, 0x01, 0x00, 0x00, 0x00];
        Assert.Null(await ReadAsync(Framed(head, new byte[DfssLimits.MaxPayloadBytes]), AfterHello));
        head[^1] = 1;
        byte[] announced = Framed(head, new byte[DfssLimits.MaxPayloadBytes + 1]);
        Assert.Equal(
            DfssErrorCode.LimitExceeded,
            await ReadAsync(announced.AsMemory(0, Frame.PrefixBytes + head.Length), AfterHello));
    }

    [Fact]
    public async Task The_largest_head_is_read_and_one_byte_more_is_refused()
    {
        Assert.Null(await ReadAsync(Framed(Head(LargestBin), new byte[10]), AfterHello));
        Assert.Equal(
            DfssErrorCode.LimitExceeded, await ReadAsync(Framed(Head(LargestBin + 1), new byte[10]), AfterHello));

        static byte[] Head(int binBytes) =>
            [0x94, 0x01, 0xa1, 0x61, 0x81, 0xa1, 0x62, 0xc5, (byte)(binBytes >> 8), (byte)binBytes,
                .. new byte[binBytes], 0xc6, 0, 0, 0, 10];
    }

    [Fact]
    public async Task The_most_keys_are_read_and_one_more_is_refused()
    {
        Assert.Null(await ReadAsync(Framed(Keys(MessageCodec.MaxMapKeys)), AfterHello));
        Assert.Equal(
            DfssErrorCode.LimitExceeded, await ReadAsync(Framed(Keys(MessageCodec.MaxMapKeys + 1)), AfterHello));

        static byte[] Keys(int count) =>
        [
            0x94, 0x01, 0xa1, 0x61, 0xde, (byte)(count >> 8), (byte)count,
            .. Enumerable.Range(0, count)
                .SelectMany(i => new byte[] { 0xa2, (byte)('a' + (i / 26)), (byte)('a' + (i % 26)), 0xc0 }), 0xc0,
        ];
    }

    [Theory]
    [InlineData(0x91, "arrays")]
    [InlineData(0x81, "maps")]
    public async Task The_deepest_nesting_is_read_and_one_level_more_is_refused(byte container, string kind)
    {
        Assert.Null(await ReadAsync(Framed(Nested(DfssLimits.MaxDepth)), AfterHello));
        Assert.Equal(DfssErrorCode.LimitExceeded, await ReadAsync(Framed(Nested(DfssLimits.MaxDepth + 1)), AfterHello));
        Assert.True(await ReadAsync(Framed(Nested(10_000)), AfterHello) == DfssErrorCode.LimitExceeded, kind);

        // The body is the first level, its map the second; an empty one inside is the last.
        byte[] Nested(int levels) =>
        [
            0x94, 0x01, 0xa1, 0x61, 0x81, 0xa1, 0x62,
            .. Enumerable.Range(0, levels - 3)
                .SelectMany(_ => container == 0x91 ? new byte[] { 0x91 } : [0x81, 0xa1, 0x63]),
            (byte)(container & 0xf0), 0xc0,
        ];
    }

    [Theory]
    [InlineData("94 01 a1 61 81 a1 62 db 7fffffff", "a text of 2 GiB")]
    [InlineData("94 01 a1 61 81 a1 62 c6 ffffffff", "a bin of 4 GiB")]
    [InlineData("94 01 a1 61 81 a1 62 dd ffffffff", "an array of 4 G items")]
    [InlineData("94 01 a1 61 df ffffffff", "a map of 4 G keys")]
    [InlineData("94 01 a1 61 81 a1 62 c6 00010000", "a bin of 64 KiB in the head")]
    [InlineData("94 01 db 00020000", "an operation of 128 KiB")]
    [InlineData("94 01 a1 61 80 c6 ffffffff", "a payload of 4 GiB")]
    public async Task A_huge_length_inside_a_body_is_refused_before_what_it_announces_has_come(string hex, string why)
    {
        byte[] head = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        byte[] frame = [0x01, 0x01, 0x00, 0x00, .. head];
        DfssErrorCode? code = await ReadAsync(frame, AfterHello);
        Assert.True(code is DfssErrorCode.LimitExceeded or DfssErrorCode.ProtocolViolation, $"{why}: {code}");
    }

    private static byte[] Framed(byte[] head, byte[]? payload = null)
    {
        byte[] frame = [0, 0, 0, 0, .. head, .. payload ?? []];
        Frame.WritePrefix(frame, frame.Length - Frame.PrefixBytes);
        return frame;
    }

    /// <summary>
    /// The error that reading these bytes gives, null for none. The sender keeps the connection open: no reader waits
    /// for more.
    /// </summary>
    private static async Task<DfssErrorCode?> ReadAsync(ReadOnlyMemory<byte> bytes, int maxBodyBytes)
    {
        (MemoryConnection client, MemoryConnection far) = MemoryConnection.CreatePair(capacityBytes: 64 << 20);
        await using MessageChannel server = new(
            far, new PayloadPool(DfssLimits.MaxPayloadBytes), new ChannelOptions { MaxBodyBytes = maxBodyBytes });
        await client.SendAsync(bytes, Token);
        try
        {
            using ReceivedMessage? message = await server.ReadAsync(Token).AsTask()
                .WaitAsync(TimeSpan.FromSeconds(60), Token);
            Assert.NotNull(message);
            return null;
        }
        catch (DfssException error)
        {
            Assert.NotEmpty(error.Message);
            return error.Code;
        }
    }
}
