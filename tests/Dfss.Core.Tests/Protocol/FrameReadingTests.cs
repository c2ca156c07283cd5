using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Protocol;

/// <summary>
/// Every kind of frame through the reader of connections, however it arrives: whole, in pieces, with others, or not all
/// of it.
/// </summary>
public sealed class FrameReadingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => [.. PrintedFrames.All.Keys];

    [Fact]
    public void The_document_has_frames_of_every_kind()
    {
        string[] kinds =
            [.. PrintedFrames.All.Values.Select(frame => Kind(Decode(frame))).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(["answer", "answer with payload", "error", "notice", "request", "request with payload"], kinds);
        Assert.True(PrintedFrames.All.Count >= 9);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_frame_is_read_whole(string name)
    {
        byte[] frame = PrintedFrames.All[name];
        (MemoryConnection client, MessageChannel server) = Open();
        await client.SendAsync(frame, Token);
        AssertRead(frame, await server.ReadAsync(Token));
        await client.DisposeAsync();
        Assert.Null(await server.ReadAsync(Token));
        await server.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_frame_split_in_two_at_any_byte_is_read(string name)
    {
        byte[] frame = PrintedFrames.All[name];
        (MemoryConnection client, MessageChannel server) = Open();
        for (int split = 1; split < frame.Length; split++)
        {
            await client.SendAsync(frame.AsMemory(0, split), Token);

            // Takes what is there before it comes back: the first piece is read alone.
            Task<ReceivedMessage?> reading = server.ReadAsync(Token).AsTask();
            Assert.False(reading.IsCompleted, $"Read from its first {split} bytes of {frame.Length}.");
            await client.SendAsync(frame.AsMemory(split), Token);
            AssertRead(frame, await reading);
        }

        await server.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_frame_is_read_byte_by_byte(string name)
    {
        byte[] frame = PrintedFrames.All[name];
        (MemoryConnection client, MessageChannel server) = Open(maxReceiveBytes: 1);
        await client.SendAsync(frame, Token);
        await client.SendAsync(frame, Token);
        AssertRead(frame, await server.ReadAsync(Token));
        AssertRead(frame, await server.ReadAsync(Token));
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(64)]
    [InlineData(int.MaxValue)]
    public async Task All_frames_together_are_read_one_after_the_other(int maxReceiveBytes)
    {
        (MemoryConnection client, MessageChannel server) = Open(maxReceiveBytes);
        await client.SendAsync(PrintedFrames.All.Values.SelectMany(frame => frame).ToArray(), Token);
        foreach (byte[] frame in PrintedFrames.All.Values)
        {
            AssertRead(frame, await server.ReadAsync(Token));
        }

        await server.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_frame_that_ends_at_any_byte_is_a_typed_error(string name)
    {
        byte[] frame = PrintedFrames.All[name];
        for (int length = 1; length < frame.Length; length++)
        {
            DfssException cutOff = await FailureAsync(frame.AsMemory(0, length));
            Assert.Equal(DfssErrorCode.PeerUnreachable, cutOff.Code);
            Assert.Contains("in the middle of a message", cutOff.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_body_that_is_shorter_or_longer_than_its_message_is_a_violation(string name)
    {
        byte[] body = PrintedFrames.All[name][Frame.PrefixBytes..];
        for (int length = 0; length < body.Length; length++)
        {
            Assert.Equal(DfssErrorCode.ProtocolViolation, (await FailureAsync(WithPrefix(body[..length]))).Code);
        }

        Assert.Equal(DfssErrorCode.ProtocolViolation, (await FailureAsync(WithPrefix([.. body, 0xc0]))).Code);
    }

    private static byte[] WithPrefix(byte[] body)
    {
        byte[] frame = [0, 0, 0, 0, .. body];
        Frame.WritePrefix(frame, body.Length);
        return frame;
    }

    private static async Task<DfssException> FailureAsync(ReadOnlyMemory<byte> bytes)
    {
        (MemoryConnection client, MessageChannel server) = Open();
        await client.SendAsync(bytes, Token);
        await client.DisposeAsync();
        DfssException failure = await Assert.ThrowsAsync<DfssException>(async () => await server.ReadAsync(Token));
        await server.DisposeAsync();
        return failure;
    }

    /// <summary>
    /// What was read, written again, is the frame: the golden frames use the shortest forms, as the writer does.
    /// </summary>
    private static void AssertRead(byte[] frame, ReceivedMessage? received)
    {
        using ReceivedMessage message = Assert.IsType<ReceivedMessage>(received);
        ReadOnlyMemory<byte>? payload = message.PayloadBytes is null
            ? null
            : (ReadOnlyMemory<byte>?)message.Payload!.Memory;
        Assert.Equal(Convert.ToHexString(frame), Convert.ToHexString(MessageCodec.ToFrame(message.Message, payload)));
    }

    private static (Message Message, int? PayloadBytes) Decode(byte[] frame)
    {
        byte[] body = frame[Frame.PrefixBytes..];
        MessageCodec.HeaderScan scan = default;
        Assert.True(scan.TryFindEnd(body, body.Length, out MessageCodec.HeaderEnd end));
        return (MessageCodec.DecodeHeader(body.AsMemory(0, end.HeaderBytes)), end.PayloadBytes);
    }

    private static string Kind((Message Message, int? PayloadBytes) read) => read switch
    {
        { Message.Id: null } => "notice",
        { Message.Operation: not null, PayloadBytes: null } => "request",
        { Message.Operation: not null } => "request with payload",
        { Message.Status: not DfssErrorCode.None } => "error",
        { PayloadBytes: null } => "answer",
        _ => "answer with payload",
    };

    private static (MemoryConnection Client, MessageChannel Server) Open(int maxReceiveBytes = int.MaxValue)
    {
        (MemoryConnection client, MemoryConnection server) = MemoryConnection.CreatePair();
        server.MaxReceiveBytes = maxReceiveBytes;
        ChannelOptions options = new() { MaxBodyBytes = DfssLimits.MaxFrameBytes };
        return (client, new MessageChannel(server, new PayloadPool(1 << 20), options));
    }
}
