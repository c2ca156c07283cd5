using System.Net;
using System.Net.Sockets;

namespace Dfss.Transport;

/// <content>Listening.</content>
internal static partial class TcpTransport
{
    /// <summary>Listens on a port.</summary>
    /// <param name="address">
    /// <c>localhost</c> for 127.0.0.1 and ::1, <c>*</c> for all addresses of both families, or an IP address.
    /// </param>
    /// <param name="port">The port; 0 takes one that is free in both families.</param>
    /// <exception cref="DfssException">
    /// AddressUnavailable with the reason; InvalidArgument: the address has none of these forms.
    /// </exception>
    public static IConnectionListener Listen(string address, int port)
    {
        IPAddress[] addresses = IsLocalhost(address)
            ? [IPAddress.Loopback, IPAddress.IPv6Loopback]
            : address == "*"
                ? [IPAddress.Any, IPAddress.IPv6Any]
                : IPAddress.TryParse(address, out IPAddress? literal)
                    ? [literal]
                    : throw new DfssException(
                        DfssErrorCode.InvalidArgument, $"'{address}' cannot be listened on.",
                        "Give localhost, * or an IP address of this machine.");
        for (int attempt = 1; ; attempt++)
        {
            List<Socket> sockets = [];
            try
            {
                ListenOnAll(sockets, addresses, port);
                return new TcpListener(sockets);
            }
            catch (SocketException exception)
            {
                sockets.ForEach(socket => socket.Dispose());
                bool isOtherFamilyTaken = port == 0 && sockets.Count > 0
                    && exception.SocketErrorCode == SocketError.AddressAlreadyInUse;
                if (!isOtherFamilyTaken || attempt == SamePortAttempts)
                {
                    throw new DfssException(
                        DfssErrorCode.AddressUnavailable,
                        $"{address}, port {port} cannot be listened on: {exception.Message}.", exception);
                }
            }
        }
    }

    private static void ListenOnAll(List<Socket> sockets, IPAddress[] addresses, int port)
    {
        SocketException? missing = null;
        foreach (IPAddress address in addresses)
        {
            int wanted = sockets.Count > 0 ? ((IPEndPoint)sockets[0].LocalEndPoint!).Port : port;
            try
            {
                sockets.Add(ListenOn(new IPEndPoint(address, wanted)));
            }
            catch (SocketException exception) when (addresses.Length > 1 && IsFamilyMissing(exception))
            {
                missing = exception;
            }
        }

        if (sockets.Count == 0 && missing is not null)
        {
            throw missing;
        }
    }

    private static Socket ListenOn(IPEndPoint endpoint)
    {
        Socket socket = new(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endpoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = false;
            }

            if (OperatingSystem.IsWindows())
            {
                // Else another process could listen on the same port. Unix refuses that by default.
                socket.ExclusiveAddressUse = true;
            }

            PreferCubicOnLoopback(socket, endpoint.Address);
            socket.Bind(endpoint);
            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Whether the machine lacks this address family or its loopback address.</summary>
    private static bool IsFamilyMissing(SocketException exception) => exception.SocketErrorCode
        is SocketError.AddressFamilyNotSupported or SocketError.ProtocolFamilyNotSupported
            or SocketError.AddressNotAvailable;

    /// <summary>
    /// The connection of an accepted socket. Null, with the socket closed, if the client reset it meanwhile, which some
    /// systems report only here. That ends this one connection and does not stop the listener.
    /// </summary>
    internal static TcpConnection? TryTakeOver(Socket socket)
    {
        try
        {
            Configure(socket);
            return new TcpConnection(socket, TcpConnection.AcceptedCloseLimit);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    private sealed class TcpListener(List<Socket> sockets) : IConnectionListener
    {
        private readonly Task<Socket>?[] pending = new Task<Socket>?[sockets.Count];
        private int isDisposed;

        public IReadOnlyList<IPEndPoint> Endpoints
        {
            get;
        } = [.. sockets.Select(socket => (IPEndPoint)socket.LocalEndPoint!)];

        public async ValueTask<IConnection> AcceptAsync(CancellationToken cancellationToken)
        {
            while (true)
            {
                ObjectDisposedException.ThrowIf(Volatile.Read(ref isDisposed) != 0, this);
                for (int i = 0; i < pending.Length; i++)
                {
                    // Not cancelled with this call: the next call gets the socket that it accepts.
                    pending[i] ??= sockets[i].AcceptAsync(CancellationToken.None).AsTask();
                }

                Task<Socket> done = await Task.WhenAny(pending!).WaitAsync(cancellationToken).ConfigureAwait(false);
                pending[Array.IndexOf(pending, done)] = null;
                try
                {
                    if (TryTakeOver(await done.ConfigureAwait(false)) is { } connection)
                    {
                        return connection;
                    }
                }
                catch (SocketException exception) when (IsGone(exception))
                {
                    // The client closed it before it was accepted, or the listener was disposed: the next round of the
                    // loop shows which.
                }
                catch (SocketException exception)
                {
                    throw new DfssException(
                        DfssErrorCode.AddressUnavailable,
                        $"A connection could not be accepted: {exception.Message}.", exception);
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref isDisposed, 1) != 0)
            {
                return;
            }

            sockets.ForEach(socket => socket.Dispose());
            foreach (Task<Socket>? accept in pending)
            {
                if (accept is not null)
                {
                    await ((Task)accept).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    (accept.IsCompletedSuccessfully ? await accept.ConfigureAwait(false) : null)?.Dispose();
                }
            }
        }

        private static bool IsGone(SocketException exception) => exception.SocketErrorCode
            is SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.OperationAborted
                or SocketError.Interrupted;
    }
}
