using System.Net;
using Dfss.Peers;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Tests.Transfer;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

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
        Exception error = await Assert.ThrowsAsync<InvalidOperationException>(() => peer.Completion.WaitAsync(Soon, Token));
        Assert.Equal("broken", error.Message);
        await Assert.ThrowsAsync<DfssException>(() => TcpTransport.ConnectAsync(address, TimeSpan.FromSeconds(60), Token));
    }

    [Fact]
    public async Task At_the_limit_of_connections_the_next_client_is_told_that_the_peer_is_busy()
    {
        await using DfssPeer peer = await DfssPeer.StartAsync(new PeerOptions { Port = 0 }, Token);
        PeerAddress address = Cluster.AddressOf(peer);
        List<ClientChannel> clients = [];
        for (int i = 0; i < DfssLimits.MaxConnections; i++)
        {
            clients.Add(await ClientChannel.ConnectAsync(address, ClientChannelOptions.Default, Token));
        }

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => ClientChannel.ConnectAsync(address, ClientChannelOptions.Default, Token));
        Assert.Equal(DfssErrorCode.PeerBusy, error.Code);
        foreach (ClientChannel client in clients)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Garbage_collection_that_fails_is_told_and_tried_again()
    {
        using TemporaryFolder folder = new();
        FakeTimeProvider clock = new();
        using SemaphoreSlim failed = new(0);
        PeerOptions options = new()
        {
            Port = 0,
            StorePath = folder["store"],
            TimeProvider = clock,
            Log = line => _ = line.Contains("Garbage collection failed", StringComparison.Ordinal) ? failed.Release() : 0,
        };
        await using DfssPeer peer = await DfssPeer.StartAsync(options, Token);
        Directory.Delete(Path.Combine(folder["store"], "chunks", "ab"));
        for (int round = 0; round < 2; round++)
        {
            clock.Advance(TimeSpan.FromHours(1));
            Assert.True(await failed.WaitAsync(Soon, Token));
        }
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
