using System.Net;
using System.Net.Sockets;

namespace Dfss.Transport;

/// <summary>A connection over TCP.</summary>
internal sealed class TcpConnection : IConnection
{
    /// <summary>How long closing in order waits for the other side to have read what was sent.</summary>
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(1);

    private readonly Socket socket;
    private int isClosed;

    /// <summary>Takes over a connected socket.</summary>
    public TcpConnection(Socket socket)
    {
        this.socket = socket;
        RemoteAddress = socket.RemoteEndPoint is IPEndPoint endpoint ? TcpTransport.Describe(endpoint) : "an unknown address";
    }

    public string RemoteAddress { get; }

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

    public void Abort()
    {
        if (Interlocked.Exchange(ref isClosed, 1) == 0)
        {
            // A reset instead of an orderly end: the other side learns at once, and the port is free at once.
            socket.Close(timeout: 0);
        }
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
        catch (SocketException)
        {
            // Already broken from the other side: there is nobody left to close in order with.
        }
        finally
        {
            socket.Dispose();
        }
    }

    /// <summary>Closing with unread bytes would reset the connection and could destroy what was sent last: the reason of a violation.</summary>
    private async Task DrainAsync()
    {
        using CancellationTokenSource limit = new(CloseLimit);
        byte[] ignored = new byte[4 << 10];
        try
        {
            while (await socket.ReceiveAsync(ignored, SocketFlags.None, limit.Token).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (OperationCanceledException)
        {
            // It had its second.
        }
    }

    private DfssException Broken(Exception exception) => new(
        DfssErrorCode.PeerUnreachable,
        Volatile.Read(ref isClosed) != 0
            ? "The connection was closed from this side."
            : $"The connection broke: {exception.Message}",
        exception);
}
