using System.Net;
using Dfss.Peers;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Tests.Transfer;
using Dfss.Transfer;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Peers;

/// <summary>A peer's life: what starts, goes on and stops it.</summary>
public sealed class DfssPeerTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_start_that_fails_leaves_its_port_free()
    {
        IConnectionListener? listened = null;
        IConnectionListener Listen(string address, int port) => listened = TcpTransport.Listen(address, port);
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => DfssPeer.StartAsync(
                new PeerOptions { Port = 0, AdvertisedAddresses = ["not an address"] },
                new DurableFile(beforeStep: null),
                Listen,
                Token));
        Assert.Equal(DfssErrorCode.InvalidArgument, error.Code);
        await using IConnectionListener second = TcpTransport.Listen("localhost", listened!.Endpoints[0].Port);
    }

    [Fact]
    public async Task A_peer_that_can_accept_no_more_stops_and_says_why()
    {
        TaskCompletionSource broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using DfssPeer peer = await DfssPeer.StartAsync(
            new PeerOptions { Port = 0 },
            new DurableFile(beforeStep: null),
            (address, port) => new BreakingListener(TcpTransport.Listen(address, port), broken.Task),
            Token);
        PeerAddress address = Cluster.AddressOf(peer);
        broken.SetException(new InvalidOperationException("broken"));
        Exception error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => peer.Completion.WaitAsync(Soon, Token));
        Assert.Equal("broken", error.Message);
        await Assert.ThrowsAsync<DfssException>(
            () => TcpTransport.ConnectAsync(address, TimeSpan.FromSeconds(60), Token));
    }

    [Fact]
    public async Task At_the_limit_of_connections_the_next_client_gets_PeerBusy_and_is_admitted_when_one_has_left()
    {
        await using DfssPeer peer = await DfssPeer.StartAsync(new PeerOptions { Port = 0 }, Token);
        PeerAddress address = Cluster.AddressOf(peer);
        List<ClientChannel> clients = [];
        for (int i = 0; i < DfssLimits.MaxConnectionsPerIdentity; i++)
        {
            clients.Add(await ClientChannel.ConnectAsync(address, ClientChannelOptions.Default, Token));
        }

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => ClientChannel.ConnectAsync(address, ClientChannelOptions.Default, Token));
        Assert.Equal(DfssErrorCode.PeerBusy, error.Code);
        Assert.True(error.IsTransient);

        // One that tries again comes in when another has left meanwhile.
        int attempts = 0;
        ClientChannelOptions options = ClientChannelOptions.Default with
        {
            Connect = async (to, timeout, token) =>
            {
                if (++attempts == 2)
                {
                    await clients[0].DisposeAsync();
                    while (peer.Connections == DfssLimits.MaxConnectionsPerIdentity)
                    {
                        await Task.Delay(1, token);
                    }
                }

                return await TcpTransport.ConnectAsync(to, timeout, token);
            },
        };
        clients.Add(await ClientChannel.ConnectAsync(address, options, Token));
        Assert.Equal(2, attempts);
        foreach (ClientChannel client in clients)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Garbage_collection_that_fails_is_reported_and_tried_again()
    {
        using TemporaryFolder folder = new();
        FakeTimeProvider clock = new();
        using SemaphoreSlim failed = new(0);
        PeerOptions options = new()
        {
            Port = 0,
            StorePath = folder["store"],
            TimeProvider = clock,
            Log = line =>
                _ = line.Contains("Garbage collection failed", StringComparison.Ordinal) ? failed.Release() : 0,
        };
        await using DfssPeer peer = await DfssPeer.StartAsync(options, Token);
        await using (DfssClient client = new([Cluster.AddressOf(peer)], TransferOptions.Default))
        {
            StoredFile file = await client.SendAsync(
                folder.CreateFile("a", 10, seed: 1), "a", SendOptions.Default, progress: null, Token);
            // Which chunks it needs is not known without its manifest.
            StoreFiles.Corrupt(folder["store"], file.Record.FileId.ToChunkId());
        }

        clock.Advance(TimeSpan.FromHours(1));
        Assert.True(await failed.WaitAsync(Soon, Token));
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Soon);
        while (peer.BackgroundTasks.Single(work => work.Name == "Garbage collection").Restarts < 2)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1, limit.Token);
        }
    }

    [Fact]
    public async Task A_peer_says_how_its_scrub_is_getting_on()
    {
        await using Cluster cluster = await Cluster.StartAsync(1, onDisk: true);
        DfssPeer peer = cluster.Peers[0];
        await cluster.Client.SendAsync(
            cluster.Folder.CreateFile("a", 3 * DfssLimits.DefaultChunkSize, seed: 1), "a", SendOptions.Default,
            progress: null, Token);
        StoredChunk bad = StoreFiles.List(cluster.Folder["store0"])
            .First(chunk => chunk.Length == DfssLimits.DefaultChunkSize);
        bad.Flip(at: 7);
        await peer.RunScrubRoundAsync(Token);
        await peer.RunScrubRoundAsync(Token);

        PeerInfo info = await cluster.Client.GetPeerInfoAsync(Cluster.AddressOf(peer), Token);
        Assert.Equal((1, 1, 3), (info.QuarantinedChunks, info.Scrub.CorruptChunks, info.Scrub.Chunks));
        Assert.Equal(
            (2 * DfssLimits.DefaultChunkSize) + FileManifest.HeaderBytes + (3 * ChunkId.SizeBytes), info.Scrub.Bytes);
        Assert.Equal(peer.Options.ScrubBytesPerSecond, info.Scrub.BytesPerSecond);
        Assert.False(info.Scrub.IsRunning);
        Assert.NotNull(info.Scrub.LastCompleted);
    }

    private sealed class BreakingListener(IConnectionListener inner, Task broken) : IConnectionListener
    {
        public IReadOnlyList<IPEndPoint> Endpoints => inner.Endpoints;

        public async ValueTask<IConnection> AcceptAsync(CancellationToken cancellationToken)
        {
            await broken.WaitAsync(cancellationToken);
            return await inner.AcceptAsync(cancellationToken);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
