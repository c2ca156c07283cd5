using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transport;

/// <summary>Every failure at a peer has the peer's address as a property, and its reason begins with it.</summary>
public sealed class FailedPeerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_port_at_which_nothing_listens()
    {
        await using IConnectionListener listener = TcpTransport.Listen("127.0.0.1", 0);
        PeerAddress address = new("127.0.0.1", listener.Endpoints[0].Port);
        await listener.DisposeAsync();
        AssertNames(address, await FailsToConnectAsync(address), DfssErrorCode.PeerUnreachable);
    }

    [Fact]
    public async Task A_host_that_cannot_be_resolved()
    {
        PeerAddress address = new(new string('h', 64), 9000);
        AssertNames(address, await FailsToConnectAsync(address), DfssErrorCode.PeerUnreachable);
    }

    [Fact]
    public async Task A_connection_that_ends_before_hello_is_answered()
    {
        await using IConnectionListener listener = TcpTransport.Listen("127.0.0.1", 0);
        PeerAddress address = new("127.0.0.1", listener.Endpoints[0].Port);
        Task<DfssException> failing = FailsToConnectAsync(address);
        await (await listener.AcceptAsync(Token)).DisposeAsync();
        AssertNames(address, await failing, DfssErrorCode.PeerUnreachable);
    }

    [Fact]
    public async Task Something_that_is_no_peer()
    {
        await using IConnectionListener listener = TcpTransport.Listen("127.0.0.1", 0);
        PeerAddress address = new("127.0.0.1", listener.Endpoints[0].Port);
        Task<DfssException> failing = FailsToConnectAsync(address);
        await using IConnection connection = await listener.AcceptAsync(Token);
        await connection.SendAsync("SSH-2.0-OpenSSH_9.2\r\n"u8.ToArray(), Token);
        AssertNames(address, await failing, DfssErrorCode.NotADfssPeer);
    }

    [Fact]
    public async Task An_error_that_a_peer_answers()
    {
        await using FakePeer peer = new((_, _, _) =>
            new((DfssErrorCode.StoreFull,
                ErrorAnswer.ToMap(new DfssException(DfssErrorCode.StoreFull, "No room."), chunkId: null), null)));
        await using PeerLink link = new(peer.Address, ClientChannelOptions.Default);
        PeerCall call = new("a", [], Payload: null, Destination: null, IsBulk: false);
        DfssException refused = await Assert.ThrowsAsync<DfssException>(() => link.CallAsync(call, Token).AsTask());
        AssertNames(peer.Address, refused, DfssErrorCode.StoreFull);
        Assert.Equal("No room.", refused.Detail);
    }

    [Fact]
    public void The_address_stays_with_copies_and_is_not_said_twice()
    {
        PeerAddress address = new("box", 9000);
        DfssException failure =
            new DfssException(DfssErrorCode.TimedOut, "It is late.", "Wait.") { ChunkId = ChunkId.Of([]) }.At(address);
        AssertNames(address, failure, DfssErrorCode.TimedOut);
        foreach (DfssException copy in new[] { failure.Copy(), failure.At(address), failure.Copy(advice: "Wait.") })
        {
            Assert.Equal(
                (failure.Message, address, "It is late.", ChunkId.Of([])),
                (copy.Message, copy.Peer, copy.Detail, copy.ChunkId));
        }

        Assert.Null(new DfssException(DfssErrorCode.TimedOut, "box:9000: It is late.").Peer);
    }

    private static Task<DfssException> FailsToConnectAsync(PeerAddress address) =>
        Assert.ThrowsAsync<DfssException>(
            () => ClientChannel.ConnectAsync(address, ClientChannelOptions.Default, Token));

    private static void AssertNames(PeerAddress address, DfssException failure, DfssErrorCode code)
    {
        Assert.Equal((code, address), (failure.Code, failure.Peer));
        Assert.Equal($"{address}: {failure.Detail}", failure.Reason);
    }
}
