using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dfss.Transport;

/// <summary>A connection over TCP.</summary>
internal sealed class TcpConnection : IConnection
{
    /// <summary>1 s: a client that violates the protocol can read the reason, over a slow link too.</summary>
    public static readonly TimeSpan AcceptedCloseLimit = TimeSpan.FromSeconds(1);

    /// <summary>
    /// 0.2 s: a client has its answers when it closes, and a peer that does not respond must not delay it.
    /// </summary>
    public static readonly TimeSpan ConnectedCloseLimit = TimeSpan.FromMilliseconds(200);

    private readonly Socket socket;
    private readonly TimeSpan closeLimit;

    // The buffers of the send under way, of which there is one at a time.
    private readonly ArraySegment<byte>[] both = new ArraySegment<byte>[2];
    private int isClosed;

    /// <summary>Takes ownership of a connected socket.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="closeLimit">
    /// How long closing in order waits for the other side to read what was sent and close.
    /// </param>
    public TcpConnection(Socket socket, TimeSpan closeLimit)
    {
        this.socket = socket;
        this.closeLimit = closeLimit;
        RemoteEndpoint = socket.RemoteEndPoint as IPEndPoint;
        RemoteAddress = RemoteEndpoint is not null ? TcpTransport.Describe(RemoteEndpoint) : "an unknown address";
    }

    public string RemoteAddress { get; }

    public IPEndPoint? RemoteEndpoint { get; }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            return await socket.ReceiveAsync(destination, SocketFlags.None, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            throw Broken(exception);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        try
        {
            while (!source.IsEmpty)
            {
                int sent = await socket.SendAsync(source, SocketFlags.None, cancellationToken).ConfigureAwait(false);
                source = source[sent..];
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            throw Broken(exception);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(
        ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> rest, CancellationToken cancellationToken)
    {
        if (!MemoryMarshal.TryGetArray(header, out both[0]) || !MemoryMarshal.TryGetArray(rest, out both[1]))
        {
            await SendAsync(header, cancellationToken).ConfigureAwait(false);
            await SendAsync(rest, cancellationToken).ConfigureAwait(false);
            return;
        }

        int sent;
        try
        {
            // The socket's own operation on several buffers cannot be cancelled; closing the socket ends it.
            using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
                static state => ((TcpConnection)state!).Abort(), this);
            sent = await socket.SendAsync(both, SocketFlags.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Broken(exception);
        }
        finally
        {
            Array.Clear(both);
        }

        // A stream socket sends all of it; the loop is what its contract asks for.
        await SendAsync(header[Math.Min(sent, header.Length)..], cancellationToken).ConfigureAwait(false);
        await SendAsync(rest[Math.Max(0, sent - header.Length)..], cancellationToken).ConfigureAwait(false);
    }

    public void Abort()
    {
        // Resets the connection, also while it closes in order: the other side is notified at once, and
        // the port is free at once.
        Volatile.Write(ref isClosed, 1);
        socket.Close(timeout: 0);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref isClosed, 1) != 0)
        {
            return;
        }

        try
        {
            socket.Shutdown(SocketShutdown.Send);
            await DrainAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Either side broke the connection meanwhile: it cannot be closed in order.
        }
        finally
        {
            socket.Dispose();
        }
    }

    /// <summary>
    /// Reads until the other side closes. Closing with unread bytes would reset the connection, which can lose the last
    /// bytes sent: the reason of a violation.
    /// </summary>
    private async Task DrainAsync()
    {
        using CancellationTokenSource limit = new(closeLimit);
        byte[] ignored = new byte[4 << 10];
        try
        {
            while (await socket.ReceiveAsync(ignored, SocketFlags.None, limit.Token).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (OperationCanceledException)
        {
            // The time for closing in order is over.
        }
    }

    private DfssException Broken(Exception exception) => new(
        DfssErrorCode.PeerUnreachable,
        Volatile.Read(ref isClosed) != 0
            ? "The connection was closed from this side."
            : $"The connection broke: {exception.Message}",
        exception);
}
