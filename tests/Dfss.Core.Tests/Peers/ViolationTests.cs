using System.Text;
using Dfss.Protocol;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>
/// Bytes over TCP that break the protocol, at a real peer: the connection is told the reason and closed, the others go
/// on, and nothing of it is left.
/// </summary>
public sealed class ViolationTests : IAsyncLifetime
{
    private WatchedPeer watched = null!;

    public static TheoryData<string, string, DfssErrorCode, string> BeforeHello => new()
    {
        { "an HTTP request", Text("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), DfssErrorCode.LimitExceeded,
            "1195725856 bytes" },
        { "a TLS ClientHello", "16030100c5010000c10303" + Zeros(186), DfssErrorCode.TlsNotExpected,
            "uses plaintext only" },
        { "an SSH greeting", Text("SSH-2.0-OpenSSH_9.2\r\n"), DfssErrorCode.LimitExceeded, "limit is 4096 bytes" },
        { "a length of 0", "00000000", DfssErrorCode.ProtocolViolation, "0 bytes" },
        { "a length of 1", "0000000190", DfssErrorCode.ProtocolViolation, "1 bytes" },
        { "a length of 4 GiB", "ffffffff", DfssErrorCode.LimitExceeded, "4294967295 bytes" },
        { "a body of 4,097 bytes", "00001001", DfssErrorCode.LimitExceeded, "4097 bytes" },
        { "deep nesting", Framed("9400a568656c6c6f81a161" + Arrays(4000) + "c0"), DfssErrorCode.LimitExceeded,
            "nested deeper than 8" },
        { "a ping", Framed("9401a470696e6780c0"), DfssErrorCode.ProtocolViolation,
            "first request on a connection is hello" },
        { "an answer", Framed("94010080c0"), DfssErrorCode.ProtocolViolation,
            "first request on a connection is hello" },
        { "a notice", Framed("94c00880c0"), DfssErrorCode.ProtocolViolation, "first request on a connection is hello" },
        { "hello without an id", Framed("94c0a568656c6c6f80c0"), DfssErrorCode.ProtocolViolation, "no id" },
        { "an array of three", Framed("9300a568656c6c6f80"), DfssErrorCode.ProtocolViolation, "array of four" },
        { "a map", Framed("84a16101a16201a16301a16401"), DfssErrorCode.ProtocolViolation, "array of four" },
    };

    public static TheoryData<string, string, DfssErrorCode, string> AfterHello => new()
    {
        { "a length of 0", "00000000", DfssErrorCode.ProtocolViolation, "0 bytes" },
        { "a length of 1", "00000001c0", DfssErrorCode.ProtocolViolation, "1 bytes" },
        { "a length of 4 GiB", "ffffffff", DfssErrorCode.LimitExceeded, "4294967295 bytes" },
        { "a body over the limit", "01010001", DfssErrorCode.LimitExceeded, "16842753 bytes" },
        { "a payload over the limit", "01010000" + "9401a1618" + "0c601000001", DfssErrorCode.LimitExceeded,
            "payload of 16777217 bytes" },
        { "deep nesting", Framed("9401a470696e6781a161" + Arrays(50_000) + "c0"), DfssErrorCode.LimitExceeded,
            "nested deeper than 8" },
        { "257 keys", Framed("9401a470696e67de0101" + Keys(257) + "c0"), DfssErrorCode.LimitExceeded, "257 keys" },
        { "a duplicate key", Framed("9401a470696e6782a16101a16102c0"), DfssErrorCode.ProtocolViolation,
            "'a' is in one map twice" },
        { "a key that is a number", Framed("9401a470696e67810101c0"), DfssErrorCode.ProtocolViolation,
            "key is not text" },
        { "a negative length of a batch", Framed("9401ac73746f72655f6368756e6b7381a76c656e6774687391ffc400"),
            DfssErrorCode.ProtocolViolation, "negative" },
        { "a float", Framed("9401a470696e6781a161cb3ff0000000000000c0"), DfssErrorCode.ProtocolViolation, "float" },
        { "a text that is no UTF-8", Framed("9401a470696e6781a161a3eda080c0"),
            DfssErrorCode.ProtocolViolation, "UTF-8" },
        { "arguments that are an array", Framed("9401a470696e6790c0"), DfssErrorCode.ProtocolViolation, "not a map" },
        { "a payload that is a text", Framed("9401a470696e6780a161"), DfssErrorCode.ProtocolViolation,
            "neither nil nor bin" },
        { "a byte behind the payload", Framed("9401a470696e6780c0c0"), DfssErrorCode.ProtocolViolation,
            "payload ends" },
        { "an id over 32 bits", Framed("94cf0000000100000000a470696e6780c0"), DfssErrorCode.ProtocolViolation,
            "4294967296" },
        { "an answer", Framed("94010080c0"), DfssErrorCode.ProtocolViolation, "sends requests" },
        { "a notice", Framed("94c00880c0"), DfssErrorCode.ProtocolViolation, "sends requests" },
        { "a second hello", Framed("9400a568656c6c6f81a876657273696f6e739101c0"), DfssErrorCode.ProtocolViolation,
            "hello was sent before" },
    };

    public async ValueTask InitializeAsync() => watched = await WatchedPeer.StartAsync();

    public ValueTask DisposeAsync() => watched.DisposeAsync();

    [Theory]
    [MemberData(nameof(BeforeHello))]
    public async Task A_connection_whose_first_request_is_not_hello_gets_the_reason_and_is_closed(
        string what, string hex, DfssErrorCode code, string reason)
    {
        await using (RawClient client = await RawClient.ConnectAsync(watched.Peer))
        {
            await client.SendAsync(Convert.FromHexString(hex));
            await AssertNoticeAsync(client, what, code, reason);
        }

        await watched.AssertUnharmedAsync();
    }

    [Theory]
    [MemberData(nameof(AfterHello))]
    public async Task A_client_that_breaks_the_protocol_gets_the_reason_and_its_connection_is_closed(
        string what, string hex, DfssErrorCode code, string reason)
    {
        await using (RawClient client = await RawClient.GreetAsync(watched.Peer))
        {
            await client.PingAsync();
            await client.SendAsync(Convert.FromHexString(hex));
            await AssertNoticeAsync(client, what, code, reason);
        }

        await watched.AssertUnharmedAsync();
    }

    [Fact]
    public async Task An_id_used_again_before_its_answer_is_a_violation_sent_after_the_answers()
    {
        byte[] chunk = new byte[DfssLimits.MaxPayloadBytes];
        await watched.StoreAsync(chunk);
        await using (RawClient client = await RawClient.GreetAsync(watched.Peer))
        {
            // The first answer is more than the sockets hold, so the last one waits for as long as nothing is read.
            MessageMap arguments = new() { { "chunk_id", ChunkId.Of(chunk).ToByteArray() } };
            foreach (uint id in (uint[])[2, 3, 4, 5, 5])
            {
                await client.SendAsync(Message.Request(id, Operations.GetChunk, arguments));
            }

            // Nothing is read before the peer has read all: it would answer the first request 5, and take the second.
            const string Reason = "id 5 is still unanswered";
            await watched.WaitForLogAsync(Reason);
            await AssertNoticeAsync(client, "a duplicate id", DfssErrorCode.ProtocolViolation, Reason);
        }

        await watched.AssertUnharmedAsync();
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(1, 5)]
    [InlineData(200, 300)]
    public async Task A_client_that_goes_away_in_the_middle_of_a_request_leaves_nothing(int from, int to)
    {
        byte[] content = [.. Enumerable.Range(0, 400).Select(i => (byte)i)];
        byte[] frame = MessageCodec.ToFrame(
            Message.Request(
                2, Operations.StoreChunk, new MessageMap { { "chunk_id", ChunkId.Of(content).ToByteArray() } }),
            content);
        for (int length = from; length < to; length++)
        {
            await using RawClient client = await RawClient.GreetAsync(watched.Peer);
            await client.SendAsync(frame.AsMemory(0, length));
            client.Abort();
        }

        await watched.AssertUnharmedAsync();
        Message missing = await watched.Bystander.AskAsync(
            Operations.GetChunk, new MessageMap { { "chunk_id", ChunkId.Of(content).ToByteArray() } });
        Assert.Equal(DfssErrorCode.ChunkNotFound, missing.Status);
    }

    [Fact]
    public async Task More_requests_than_are_served_at_a_time_wait_and_are_all_answered()
    {
        const int Requests = 10 * DfssLimits.MaxRequestsInFlight;
        await using (RawClient client = await RawClient.GreetAsync(watched.Peer))
        {
            byte[] pings = [.. Enumerable.Range(0, Requests).SelectMany(
                id => MessageCodec.ToFrame(
                    Message.Request((uint)id, Operations.Ping, MessageMap.Empty), payload: null))];
            await client.SendAsync(pings);
            HashSet<uint> answered = [];
            while (answered.Count < Requests)
            {
                Message answer = (await client.ReadAsync())!;
                Assert.Equal(DfssErrorCode.None, answer.Status);
                Assert.True(answered.Add(answer.Id!.Value));
            }
        }

        await watched.AssertUnharmedAsync();
    }

    private static async Task AssertNoticeAsync(RawClient client, string what, DfssErrorCode code, string reason)
    {
        Message notice = await client.ReadNoticeAsync();
        string message = notice.Map.Required("message").AsText();
        Assert.True(notice.Status == code, $"{what}: {notice.Status}: {message}");
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.False(notice.Map.Required("retryable").AsBoolean());
    }

    private static string Text(string text) => Convert.ToHexString(Encoding.ASCII.GetBytes(text));

    private static string Framed(string body) => $"{body.Length / 2:x8}{body}";

    private static string Zeros(int bytes) => new('0', 2 * bytes);

    private static string Arrays(int levels) => string.Concat(Enumerable.Repeat("91", levels)) + "90";

    private static string Keys(int count) =>
        string.Concat(Enumerable.Range(0, count).Select(i => $"a4{0x61616161 + ((i / 16) << 8) + (i % 16):x8}c0"));
}
