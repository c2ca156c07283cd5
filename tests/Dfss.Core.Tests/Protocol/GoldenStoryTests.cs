using System.Net.Sockets;
using Dfss.Peers;
using Dfss.Protocol;
using Xunit;

namespace Dfss.Tests.Protocol;

/// <summary>The printed requests, sent to a real peer as bare bytes: it gives the printed answers.</summary>
public sealed class GoldenStoryTests
{
    /// <summary>In an order in which each answer is true: what is asked for as missing is not stored yet.</summary>
    private static readonly string[] Story =
    [
        "ping", "store-chunk", "find-missing", "get-chunks", "store-chunks", "flush", "get-chunk", "verify-chunk",
        "prepare", "seal", "accept", "decide", "read", "get-file-info", "get-chunk-by-name",
    ];

    [Fact]
    public async Task A_peer_gives_the_printed_answers_to_the_printed_requests()
    {
        using CancellationTokenSource timeLimit = CancellationTokenSource.CreateLinkedTokenSource(
            TestContext.Current.CancellationToken);
        timeLimit.CancelAfter(TimeSpan.FromSeconds(60));
        await using DfssPeer peer = await DfssPeer.StartAsync(
            new PeerOptions { Port = 0, AllowUnauthenticatedNetwork = true }, timeLimit.Token);
        using TcpClient connection = new();
        await connection.ConnectAsync("localhost", peer.Port, timeLimit.Token);
        NetworkStream stream = connection.GetStream();
        await AskAsync(stream, "hello", timeLimit.Token);

        foreach (string name in Story)
        {
            byte[] answer = await AskAsync(stream, name, timeLimit.Token);
            Assert.Equal((name, FrameOf($"{name}-answer")), (name, Convert.ToHexStringLower(answer)));
        }
    }

    private static async Task<byte[]> AskAsync(NetworkStream stream, string name, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(Convert.FromHexString(FrameOf($"{name}-request")), cancellationToken);
        byte[] prefix = new byte[Frame.PrefixBytes];
        await stream.ReadExactlyAsync(prefix, cancellationToken);
        Assert.True(Frame.TryReadPrefix(prefix, DfssLimits.MaxFrameBytes, out int bodyBytes));
        byte[] body = new byte[bodyBytes];
        await stream.ReadExactlyAsync(body, cancellationToken);
        return [.. prefix, .. body];
    }

    private static string FrameOf(string name)
    {
        (Message message, ReadOnlyMemory<byte>? payload) = GoldenFrames.Frames[name];
        return Convert.ToHexStringLower(MessageCodec.ToFrame(message, payload));
    }
}
