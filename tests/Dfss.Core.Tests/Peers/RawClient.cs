using System.Net;
using System.Net.Sockets;
using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>A client of a few lines that may send anything, and reads what comes back.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    /// <summary>For what happens at once when nothing is wrong.</summary>
    public static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);

    private readonly Socket socket;
    private readonly TcpConnection connection;
    private readonly MessageChannel channel;
    private readonly CancellationTokenSource limit;
    private uint lastId = 1000;

    private RawClient(Socket socket)
    {
        this.socket = socket;
        connection = new TcpConnection(socket, TcpConnection.ConnectedCloseLimit);
        channel = new MessageChannel(
            connection, new PayloadPool(64 << 20), new ChannelOptions { MaxBodyBytes = DfssLimits.MaxFrameBytes });
        limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeLimit);
    }

    public static MessageMap Hello => new HelloRequest([1], "raw", []).ToMap();

    public static async Task<RawClient> ConnectAsync(DfssPeer peer)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, peer.Port, TestContext.Current.CancellationToken);
        return new RawClient(socket);
    }

    /// <summary>Connected, and hello has been answered.</summary>
    public static async Task<RawClient> GreetAsync(DfssPeer peer)
    {
        RawClient client = await ConnectAsync(peer);
        Message answer = await client.AskAsync(Operations.Hello, Hello);
        Assert.Equal(DfssErrorCode.None, answer.Status);
        return client;
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes) => connection.SendAsync(bytes, limit.Token);

    public ValueTask SendAsync(Message message, ReadOnlyMemory<byte>? payload = null) =>
        channel.WriteAsync(message, payload, limit.Token);

    /// <summary>Sends nothing more; what the peer still sends can be read.</summary>
    public void End() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Sends a request and reads the next message, which is its answer.</summary>
    public async Task<Message> AskAsync(string operation, MessageMap arguments, ReadOnlyMemory<byte>? payload = null)
    {
        uint id = ++lastId;
        await SendAsync(Message.Request(id, operation, arguments), payload);
        Message answer = Assert.IsType<Message>(await ReadAsync());
        Assert.Equal(id, answer.Id);
        return answer;
    }

    /// <summary>The next message; null at the end.</summary>
    public async Task<Message?> ReadAsync()
    {
        using ReceivedMessage? received = await channel.ReadAsync(limit.Token);
        return received?.Message;
    }

    public async Task PingAsync() =>
        Assert.Equal(DfssErrorCode.None, (await AskAsync(Operations.Ping, MessageMap.Empty)).Status);

    /// <summary>
    /// The reason for which the peer closes the connection now, behind answers that were on their way.
    /// </summary>
    public async Task<Message> ReadNoticeAsync()
    {
        Message? message;
        do
        {
            message = await ReadAsync();
        }
        while (message is { Id: not null });
        Assert.NotNull(message);
        Assert.Null(await ReadAsync());
        return message;
    }

    public void Abort() => channel.Abort();

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        limit.Dispose();
    }
}
