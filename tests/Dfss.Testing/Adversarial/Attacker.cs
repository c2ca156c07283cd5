using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Testing;

/// <summary>
/// A hostile program: many connections to a peer, from an address of its own (127.0.0.2, which Linux has) or with a
/// certificate of its own. On dispose all of it is gone.
/// </summary>
internal sealed class Attacker(TargetPeer peer, bool isPersistent) : IAsyncDisposable
{
    /// <summary>
    /// Half of the unauthenticated connections that a peer takes: more at once would displace each other.
    /// </summary>
    private const int EnteringAtOnce = DfssLimits.MaxUnauthenticatedConnections / 2;

    private const int IpLevel = 0;

    /// <summary>Of Linux: the port is chosen when it connects, which is fast among thousands.</summary>
    private const int BindAddressNoPort = 24;

    private readonly ConcurrentBag<Socket> sockets = [];
    private readonly SemaphoreSlim entering = new(EnteringAtOnce);
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource inPosition = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task attack = Task.CompletedTask;
    private int expected;
    private int begun;
    private int failedEarly;

    public TargetPeer Peer => peer;

    /// <summary>Whether it comes again when a connection of it was closed.</summary>
    public bool IsPersistent => isPersistent;

    public CancellationToken Token => stop.Token;

    /// <summary>Connections that were closed before they came to where their adversary wants them.</summary>
    public int FailedEarly => Volatile.Read(ref failedEarly);

    /// <summary>Lets an adversary loose; when this returns, it has done its worst, and goes on with it.</summary>
    public async Task BeginAsync(AdversarialClient adversary)
    {
        attack = adversary.AttackAsync(this);
        await await Task.WhenAny(attack, inPosition.Task);
    }

    /// <summary>
    /// Has so many connections do the same: each opens what it wants, says that it has begun, and goes on. What the
    /// peer makes of it, closing the connection above all, is no failure.
    /// </summary>
    public Task KeepAsync(int connections, Func<Action, Task> body)
    {
        expected += connections;
        return Task.WhenAll(Enumerable.Range(0, connections).Select(_ => RunAsync(body)));
    }

    /// <summary>A connection over which nothing was sent yet.</summary>
    /// <param name="lastNumber">Of the address it comes from: 127.0.0.2 and on.</param>
    /// <param name="receiveBufferBytes">What the system keeps for it unread; 0 for as usual.</param>
    public async Task<Socket> OpenAsync(byte lastNumber = 2, int receiveBufferBytes = 0)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        sockets.Add(socket);
        if (receiveBufferBytes > 0)
        {
            socket.ReceiveBufferSize = receiveBufferBytes;
        }

        socket.SetRawSocketOption(IpLevel, BindAddressNoPort, BitConverter.GetBytes(1));
        socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, lastNumber]), 0));
        await socket.ConnectAsync(IPAddress.Loopback, peer.Port, Token);
        return socket;
    }

    /// <summary>A connection to say hello on; over TLS, the handshake has been made.</summary>
    public async Task<IConnection> ConnectAsync(Socket socket)
    {
        TcpConnection connection = new(socket, TcpConnection.ConnectedCloseLimit);
        if (peer.Identities is not { } identities)
        {
            return connection;
        }

        TlsConnection secured = new TlsTransport(identities.Attacker, TimeProvider.System, log: null).Connect(
            connection, "localhost");
        await secured.SecureAsync(Token);
        return secured;
    }

    /// <summary>A connection on which hello was answered.</summary>
    public async Task<MessageChannel> GreetAsync(IConnection connection)
    {
        MessageChannel channel = new(
            connection, new PayloadPool(DfssLimits.MaxPayloadBytes),
            new ChannelOptions { MaxBodyBytes = DfssLimits.MaxFrameBytes, IdleLimit = null });
        await channel.WriteAsync(Message.Request(0, Operations.Hello, Hello), payload: null, Token);
        using ReceivedMessage? answer = await channel.ReadAsync(Token);
        return answer is { Message.Status: DfssErrorCode.None }
            ? channel
            : throw new DfssException(
                answer?.Message.Status ?? DfssErrorCode.PeerUnreachable, "The attacker was not let in.");
    }

    /// <summary>A new connection that is let in, when it is its turn.</summary>
    public async Task<Guest> EnterAsync(int receiveBufferBytes = 0)
    {
        await entering.WaitAsync(Token);
        try
        {
            Socket socket = await OpenAsync(receiveBufferBytes: receiveBufferBytes);
            IConnection connection = await ConnectAsync(socket);
            return new Guest(socket, connection, await GreetAsync(connection));
        }
        finally
        {
            entering.Release();
        }
    }

    public static MessageMap Hello => new HelloRequest([1], "hostile", []).ToMap();

    /// <summary>Waits until the peer closes; reads and forgets what it says.</summary>
    public async Task HoldAsync(IConnection connection)
    {
        byte[] ignored = new byte[4 << 10];
        while (await connection.ReceiveAsync(ignored, Token) > 0)
        {
        }
    }

    /// <summary>Waits until the peer breaks the connection; reads nothing.</summary>
    public async Task HoldUnreadAsync(Socket socket)
    {
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(100));
        while (!socket.Poll(0, SelectMode.SelectError))
        {
            await timer.WaitForNextTickAsync(Token);
        }
    }

    /// <summary>Sends a byte, ten times a second, without end.</summary>
    public async Task DripAsync(IConnection connection)
    {
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(100));
        byte[] drop = [0x80];
        while (await timer.WaitForNextTickAsync(Token))
        {
            await connection.SendAsync(drop, Token);
        }
    }

    /// <summary>Closes everything, and waits for the adversary's end.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        foreach (Socket socket in sockets)
        {
            socket.Dispose();
        }

        try
        {
            await attack;
        }
        catch (OperationCanceledException)
        {
            // As it was told.
        }

        stop.Dispose();
        entering.Dispose();
    }

    private async Task RunAsync(Func<Action, Task> body)
    {
        await Task.Yield();
        bool hasBegun = false;
        do
        {
            try
            {
                await body(Begin);
            }
            catch (Exception error)
                when (error is SocketException or DfssException or IOException or ObjectDisposedException)
            {
                // The peer defends itself.
                if (!hasBegun)
                {
                    Interlocked.Increment(ref failedEarly);
                }
            }

            Begin();
        }
        while (isPersistent && !Token.IsCancellationRequested);

        void Begin()
        {
            if (!hasBegun && Interlocked.Increment(ref begun) == expected)
            {
                inPosition.TrySetResult();
            }

            hasBegun = true;
        }
    }
}

/// <summary>A connection that was let in, in its three layers.</summary>
internal sealed record Guest(Socket Socket, IConnection Connection, MessageChannel Channel);
