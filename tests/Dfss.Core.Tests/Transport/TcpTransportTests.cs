using System.Net;
using System.Net.Sockets;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transport;

public class TcpTransportTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Localhost_is_reached_by_name_and_by_every_address_on_one_port()
    {
        await using IConnectionListener listener = TcpTransport.Listen("localhost", 0);
        int port = Assert.Single(listener.Endpoints.Select(endpoint => endpoint.Port).Distinct());
        Assert.NotEqual(0, port);
        foreach (string host in listener.Endpoints.Select(endpoint => endpoint.Address.ToString()).Append("localhost"))
        {
            await using IConnection client = await TcpTransport.ConnectAsync(
                new PeerAddress(host, port), Timeout, Token);
            await using IConnection server = await listener.AcceptAsync(Token);
            await client.SendAsync("hi"u8.ToArray(), Token);
            byte[] got = new byte[10];
            Assert.Equal(2, await server.ReceiveAsync(got, Token));
            server.Abort();
        }
    }

    [Fact]
    public async Task A_port_can_be_listened_on_again_at_once_after_connections_were_closed_from_here()
    {
        int port;
        await using (IConnectionListener first = TcpTransport.Listen("localhost", 0))
        {
            port = first.Endpoints[0].Port;
            IConnection client = await TcpTransport.ConnectAsync(new PeerAddress("127.0.0.1", port), Timeout, Token);
            IConnection server = await first.AcceptAsync(Token);
            Task closing = server.DisposeAsync().AsTask();
            Assert.Equal(0, await client.ReceiveAsync(new byte[1], Token));
            await client.DisposeAsync();
            await closing;
        }

        await using IConnectionListener second = TcpTransport.Listen("localhost", port);
        Assert.Equal(port, second.Endpoints[0].Port);
    }

    [Fact]
    public async Task A_port_in_use_is_unavailable_with_the_reason()
    {
        await using IConnectionListener first = TcpTransport.Listen("127.0.0.1", 0);
        DfssException exception = Assert.Throws<DfssException>(
            () => TcpTransport.Listen("127.0.0.1", first.Endpoints[0].Port));
        Assert.Equal(DfssErrorCode.AddressUnavailable, exception.Code);
        Assert.Equal(
            DfssErrorCode.AddressUnavailable,
            Assert.Throws<DfssException>(() => TcpTransport.Listen("192.0.2.1", 0)).Code);
        Assert.Equal(
            DfssErrorCode.InvalidArgument,
            Assert.Throws<DfssException>(() => TcpTransport.Listen("not an address", 0)).Code);
    }

    [Fact]
    public async Task Where_no_peer_listens_each_address_is_named_with_its_reason()
    {
        int port;
        await using (IConnectionListener closed = TcpTransport.Listen("localhost", 0))
        {
            port = closed.Endpoints[0].Port;
        }

        DfssException exception = await Assert.ThrowsAsync<DfssException>(
            () => TcpTransport.ConnectAsync(new PeerAddress("localhost", port), Timeout, Token));
        Assert.Equal(DfssErrorCode.PeerUnreachable, exception.Code);
        Assert.Contains($"127.0.0.1:{port}: ", exception.Message, StringComparison.Ordinal);
        if (Socket.OSSupportsIPv6)
        {
            Assert.Contains($"[::1]:{port}: ", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_broken_connection_fails_on_both_sides_with_a_typed_error()
    {
        await using IConnectionListener listener = TcpTransport.Listen("127.0.0.1", 0);
        await using IConnection client = await TcpTransport.ConnectAsync(
            new PeerAddress("127.0.0.1", listener.Endpoints[0].Port), Timeout, Token);
        await using IConnection server = await listener.AcceptAsync(Token);
        Task<int> near = client.ReceiveAsync(new byte[1], Token).AsTask();
        Task<int> far = server.ReceiveAsync(new byte[1], Token).AsTask();
        client.Abort();
        client.Abort();
        Assert.Equal(DfssErrorCode.PeerUnreachable, (await Assert.ThrowsAsync<DfssException>(() => near)).Code);
        Assert.Equal(DfssErrorCode.PeerUnreachable, (await Assert.ThrowsAsync<DfssException>(() => far)).Code);
    }

    [Fact]
    public void A_socket_that_was_reset_before_it_is_taken_over_is_closed_and_no_failure_to_accept()
    {
        // No TCP socket, so it cannot be configured as one.
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Assert.Null(TcpTransport.TryTakeOver(socket));
        Assert.True(socket.SafeHandle.IsClosed);
    }

    [Fact]
    public async Task Accepting_ends_when_the_listener_is_disposed()
    {
        IConnectionListener listener = TcpTransport.Listen("*", 0);
        Assert.Contains(listener.Endpoints, endpoint => endpoint.Address.Equals(IPAddress.Any));
        Task<IConnection> accepting = listener.AcceptAsync(Token).AsTask();
        await listener.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => accepting);
    }
}
