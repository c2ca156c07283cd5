using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Dfss.Transport;

/// <summary>Connections over TCP, unencrypted.</summary>
internal static partial class TcpTransport
{
    /// <summary>How often to try to get one port that is free in both address families.</summary>
    private const int SamePortAttempts = 16;

    /// <summary>How many connections the system queues before they are accepted; more than a peer serves.</summary>
    private const int Backlog = 2 * DfssLimits.MaxConnections;

    /// <summary>
    /// Connects to the first of the address's A and AAAA records that accepts the connection; for
    /// localhost ::1 is tried first.
    /// </summary>
    /// <param name="address">The peer's address.</param>
    /// <param name="timeout">The time for all attempts together; each gets an equal share of what is left.</param>
    /// <param name="cancellationToken">Cancels the attempts.</param>
    /// <exception cref="DfssException">
    /// PeerUnreachable, with each address tried and the reason of its failure.
    /// </exception>
    public static async Task<IConnection> ConnectAsync(
        PeerAddress address, TimeSpan timeout, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        IPAddress[] candidates = await ResolveAsync(address, timeout, cancellationToken).ConfigureAwait(false);
        List<string> reasons = [];
        Exception? last = null;
        for (int i = 0; i < candidates.Length; i++)
        {
            IPEndPoint endpoint = new(candidates[i], address.Port);
            // A peer's address that is an IP address is not repeated in the reason.
            string Name(string reason) =>
                IPAddress.TryParse(address.Host, out _) ? reason : $"{Describe(endpoint)}: {reason}";
            TimeSpan left = timeout - Stopwatch.GetElapsedTime(began);
            TimeSpan share = left > TimeSpan.Zero ? left / (candidates.Length - i) : TimeSpan.Zero;
            try
            {
                return await ConnectAsync(endpoint, share, cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException exception)
            {
                last = exception;
                reasons.Add(Name(exception.Message));
            }
            catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
            {
                last = exception;
                reasons.Add(Name(string.Create(
                    CultureInfo.InvariantCulture, $"no answer within {share.TotalSeconds:0.#} s")));
            }
        }

        throw new DfssException(
            DfssErrorCode.PeerUnreachable, address, $"no connection ({string.Join("; ", reasons)}).", last);
    }

    /// <summary>
    /// An endpoint as text that <see cref="PeerAddress.Parse"/> reads; IPv4 addresses in IPv6 form are shown as IPv4.
    /// </summary>
    public static string Describe(IPEndPoint endpoint) =>
        (endpoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endpoint.Address.MapToIPv4(), endpoint.Port) : endpoint)
            .ToString();

    private static async Task<IPAddress[]> ResolveAsync(
        PeerAddress address, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(address.Host, out IPAddress? literal))
        {
            return [literal];
        }

        if (IsLocalhost(address.Host))
        {
            return Socket.OSSupportsIPv6 ? [IPAddress.IPv6Loopback, IPAddress.Loopback] : [IPAddress.Loopback];
        }

        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            return await Dns.GetHostAddressesAsync(address.Host, limit.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            // ArgumentException: .NET refuses to resolve the name, for example because a label is too long.
            throw new DfssException(
                DfssErrorCode.PeerUnreachable, address,
                $"the name '{address.Host}' does not resolve: {exception.Message.TrimEnd('.')}.", exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DfssException(
                DfssErrorCode.PeerUnreachable, address,
                $"the name '{address.Host}' was not resolved in time.", exception);
        }
    }

    private static async Task<IConnection> ConnectAsync(
        IPEndPoint endpoint, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        Socket socket = new(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            Configure(socket);
            PreferCubicOnLoopback(socket, endpoint.Address);
            await socket.ConnectAsync(endpoint, limit.Token).ConfigureAwait(false);
            return new TcpConnection(socket, TcpConnection.ConnectedCloseLimit);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool IsLocalhost(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// NoDelay: frames are written whole, so Nagle's algorithm gains nothing. KeepAlive: detects a vanished peer
    /// on an idle connection too.
    /// </summary>
    private static void Configure(Socket socket)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);
    }

    /// <summary>
    /// Selects cubic on loopback: BBR, the default of many servers, paces loopback to half the throughput. Over a real
    /// network the system's choice stays.
    /// </summary>
    private static void PreferCubicOnLoopback(Socket socket, IPAddress address)
    {
        const int TcpLevel = 6;
        const int TcpCongestion = 13;
        if (!OperatingSystem.IsLinux() || !IPAddress.IsLoopback(address))
        {
            return;
        }

        try
        {
            socket.SetRawSocketOption(TcpLevel, TcpCongestion, "cubic"u8);
        }
        catch (SocketException)
        {
            // Cubic is not built into this kernel, or not permitted: the connection works and is slower.
        }
    }
}
