using System.Collections.Concurrent;
using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>
/// What a client writes reaches a peer's log, and what a peer writes its client's terminal: as text, and not much of
/// it.
/// </summary>
public sealed class HostileTextTests
{
    private const string Forged = "x\n2026-01-01 00:00:00.000Z Stopped.\u001b[2J\u001b]0;owned\u0007";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_client_wrote_is_one_short_line_of_the_log_without_control_characters()
    {
        ConcurrentQueue<string> log = new();
        await using DfssPeer peer = await DfssPeer.StartAsync(
            new PeerOptions { Port = 0, AllowUnauthenticatedNetwork = true, Log = log.Enqueue }, Token);
        await using RawClient client = await RawClient.GreetAsync(peer);
        string[] texts = [Forged, Forged + new string('y', 60_000)];
        foreach (string text in texts)
        {
            AssertPrintable(await client.AskAsync(text, MessageMap.Empty));
            AssertPrintable(await client.AskAsync(Operations.GetFileInfo, new MessageMap { { "name", text } }));
        }

        // A violation ends the connection and is logged too.
        await client.SendAsync(Convert.FromHexString("00000011" + "9401a470696e67" + "82a26b0a01a26b0a02c0"));
        Assert.Contains(
            "'k\\u000A' is in one map twice", (await client.ReadNoticeAsync()).Map.Required("message").AsText(),
            StringComparison.Ordinal);
        Assert.Equal(5, log.Count);
        Assert.All(log, line =>
        {
            Assert.DoesNotContain(line, char.IsControl);
            Assert.InRange(line.Length, 1, 1100);
        });
        Assert.Contains(log, line => line.Contains("x\\u000A2026", StringComparison.Ordinal));
    }

    [Fact]
    public void What_a_peer_wrote_is_made_printable_and_cut()
    {
        MessageMap results = new()
        {
            { "message", Forged + new string('m', 60_000) }, { "retryable", false },
            { "advice", Forged + new string('a', 60_000) },
        };
        DfssException told = ErrorAnswer.ToException(Message.Answer(1, DfssErrorCode.StoreFull, results))
            .At(PeerAddress.Parse("here:1"));
        Assert.DoesNotContain(told.Message, char.IsControl);
        Assert.StartsWith("here:1: x 2026", told.Reason, StringComparison.Ordinal);
        Assert.Equal("here:1: ".Length + ErrorAnswer.MaxMessageCharacters, told.Reason.Length);
        Assert.Equal(ErrorAnswer.MaxAdviceCharacters, told.Advice!.Length);
    }

    [Fact]
    public void What_a_peer_says_of_itself_is_made_printable()
    {
        MessageMap results = new()
        {
            { "software", Forged }, { "addresses", MessageValue.From([Forged]) }, { "process_id", 1L },
            { "store_path", Forged },
            { "uptime_ms", 1L }, { "connections", 1L }, { "chunks", 1L }, { "stored_bytes", 1L },
            { "quarantined", 0L },
            {
                "scrub", new MessageMap
                {
                    { "rate", 0L }, { "running", false }, { "chunks", 0L }, { "bytes", 0L }, { "corrupt", 0L },
                }
            },
        };
        PeerInfo info = PeerInfo.FromMap(StoreId.Create(), results);
        Assert.All([info.Software, info.StorePath!], text => Assert.DoesNotContain(text, char.IsControl));
        Assert.Empty(info.Addresses);
    }

    [Fact]
    public void What_a_peer_says_of_itself_in_hello_is_made_printable()
    {
        HelloAnswer hello = new(1, Forged, StoreId.Create(), [Forged, "box:1", ":9000"], [], HelloLimits.Default);
        HelloAnswer read = HelloAnswer.FromMap(hello.ToMap());
        Assert.DoesNotContain(read.Software, char.IsControl);
        Assert.Equal(["box:1"], read.Addresses);
    }

    [Fact]
    public void A_key_that_stands_twice_is_named_printably()
    {
        string key = Forged + new string('k', 1000);
        DfssException error = Assert.Throws<DfssException>(() => new MessageMap { { key, 1L }, { key, 2L } });
        Assert.DoesNotContain(error.Message, char.IsControl);
        Assert.InRange(error.Message.Length, 1, 200);
    }

    [Fact]
    public void The_longest_error_fits_into_a_frame_before_hello()
    {
        string longest = new('\u20ac', 5000);
        DfssException error = new(DfssErrorCode.VersionNotSupported, longest, longest) { ChunkId = ChunkId.Of([1]) };
        Message answer = ErrorAnswer.Create(uint.MaxValue, error);
        Assert.Equal(ErrorAnswer.MaxAdviceCharacters, answer.Map.Required("advice").AsText().Length);
        Assert.InRange(MessageCodec.ToFrame(answer, payload: null).Length, 3000, DfssLimits.MaxHelloFrameBytes);
    }

    private static void AssertPrintable(Message answer)
    {
        Assert.NotEqual(DfssErrorCode.None, answer.Status);
        string text = answer.Map.Required("message").AsText();
        Assert.DoesNotContain(text, char.IsControl);
        Assert.InRange(text.Length, 1, ErrorAnswer.MaxMessageCharacters);
    }
}
