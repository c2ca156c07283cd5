using System.Collections.Concurrent;
using Dfss.Peers;
using Dfss.Protocol;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>
/// A peer with an honest client on a connection of its own, for tests of adversarial clients: they harm no other
/// client, and leave nothing behind.
/// </summary>
internal sealed class WatchedPeer : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> log;

    private WatchedPeer(DfssPeer peer, RawClient bystander, ConcurrentQueue<string> log)
    {
        Peer = peer;
        Bystander = bystander;
        this.log = log;
    }

    public DfssPeer Peer { get; }

    public RawClient Bystander { get; }

    public static async Task<WatchedPeer> StartAsync()
    {
        ConcurrentQueue<string> log = new();
        DfssPeer peer = await DfssPeer.StartAsync(
            new PeerOptions
            {
                Port = 0,
                AllowUnauthenticatedNetwork = true,
                DelaysFailedHandshakes = false,
                Log = log.Enqueue
            },
            TestContext.Current.CancellationToken);
        return new WatchedPeer(peer, await RawClient.GreetAsync(peer), log);
    }

    /// <summary>
    /// The honest client is served; its connection is the only one left; no memory is held; nothing was called a fault.
    /// </summary>
    public async Task AssertUnharmedAsync()
    {
        await Bystander.PingAsync();
        await WaitUntilAsync(() => Peer.Connections == 1, () => $"{Peer.Connections} connections are left");
        await WaitUntilAsync(() => Peer.HeldBytes == 0, () => $"{Peer.HeldBytes} bytes are held");
        Assert.DoesNotContain(log, line => line.Contains("fault", StringComparison.Ordinal));
        Assert.False(Peer.Completion.IsCompleted);
    }

    /// <summary>Waits until a line of the log has a text.</summary>
    public Task WaitForLogAsync(string text) => WaitUntilAsync(
        () => log.Any(line => line.Contains(text, StringComparison.Ordinal)), () => $"no line of the log has '{text}'");

    /// <summary>Stores a chunk.</summary>
    public async Task StoreAsync(byte[] content) => Assert.Equal(
        DfssErrorCode.None,
        (await Bystander.AskAsync(
            Operations.StoreChunk, new MessageMap { { "chunk_id", ChunkId.Of(content).ToByteArray() } },
            content)).Status);

    public async ValueTask DisposeAsync()
    {
        await Bystander.DisposeAsync();
        await Peer.DisposeAsync();
    }

    private static async Task WaitUntilAsync(Func<bool> isMet, Func<string> problem)
    {
        using CancellationTokenSource limit = new(RawClient.TimeLimit);
        while (!isMet())
        {
            Assert.False(limit.IsCancellationRequested, problem());
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }
}
