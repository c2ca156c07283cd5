using System.Net;
using System.Net.Sockets;
using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>
/// This side of a copy between two machines that a session connects. Its calls go through the session until
/// <see cref="ConnectAsync"/> has made a direct connection.
/// </summary>
public sealed class ItemCopyClient : IAsyncDisposable
{
    /// <summary>16 chunks in flight: with chunks of 1 MiB they fill a gigabit line of 100 ms.</summary>
    internal const int ChunksAtOnce = 16;

    /// <summary>16: more than the networks of a machine.</summary>
    private const int MaxAddresses = 16;

    /// <summary>224.0.0.0 and above are no addresses of one machine.</summary>
    private const byte FirstMulticast = 224;

    private readonly PinnedTls tls = new();
    private readonly SessionItemCalls session;
    private readonly TimeProvider clock;
    private IItemCalls calls;

    /// <summary>Makes a client.</summary>
    /// <param name="send">Hands the bytes of one call to the session, as one object.</param>
    public ItemCopyClient(Func<byte[], Task> send)
        : this(send, TimeProvider.System)
    {
    }

    internal ItemCopyClient(Func<byte[], Task> send, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(send);
        this.clock = clock;
        session = new SessionItemCalls(send, clock);
        calls = session;
    }

    /// <summary>The address of the direct connection; null while the calls go through the session.</summary>
    public string? DirectAddress { get; private set; }

    /// <summary>Takes the bytes of one answer, which the session has brought as one object.</summary>
    public void Receive(byte[] frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        session.Receive(frame);
    }

    /// <summary>The session brings no more answers: the calls fail.</summary>
    public void End(DfssException reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        session.End(reason);
    }

    /// <summary>
    /// Has the host listen, and tries all its addresses at once. The first connection that proves, by the certificates
    /// which the two sides have exchanged through the session, to be the host's is used.
    /// </summary>
    /// <param name="host">The name by which the session reaches the host; null for none.</param>
    /// <param name="limit">The time for all attempts.</param>
    /// <param name="cancellationToken">Cancels the attempts.</param>
    /// <returns>Why there is no direct connection; null if there is.</returns>
    public async Task<string?> ConnectAsync(string? host, TimeSpan limit, CancellationToken cancellationToken = default)
    {
        List<PeerAddress> addresses;
        try
        {
            using Response answer = await session.CallAsync(
                ItemOperations.Listen, new MessageMap { { "certificate", tls.Certificate } }, payload: null,
                cancellationToken).ConfigureAwait(false);
            tls.Pin(answer.Results.Required("certificate").AsBinary());
            addresses = ReadAddresses(answer.Results, host);
        }
        catch (DfssException failure) when (failure.Code == DfssErrorCode.AddressUnavailable)
        {
            return failure.Reason;
        }

        ItemConnector connector = new(tls, limit);
        if (await connector.ConnectAsync(addresses, cancellationToken).ConfigureAwait(false) is not { } found)
        {
            return string.Join(" ", connector.Failures);
        }

        calls = new ChannelItemCalls(found.Channel, clock);
        DirectAddress = found.Address.ToString();
        return null;
    }

    /// <summary>Tells the host, through the session, that this client runs.</summary>
    public async Task PingAsync(CancellationToken cancellationToken = default)
    {
        using Response response = await session.CallAsync(
            Operations.Ping, MessageMap.Empty, payload: null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A copier from this machine to the host.</summary>
    public ItemCopier ToHost() =>
        new(new LocalItemSource(ItemCopyHost.CreateBuffers()), new RemoteItemTarget(calls));

    /// <summary>A copier from the host to this machine.</summary>
    public ItemCopier FromHost() =>
        new(new RemoteItemSource(calls), new LocalItemTarget(ItemCopyHost.CreateBuffers()));

    /// <summary>Ends the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await calls.DisposeAsync().ConfigureAwait(false);
        await session.DisposeAsync().ConfigureAwait(false);
        tls.Dispose();
    }

    internal static List<PeerAddress> ReadAddresses(MessageMap results, string? host)
    {
        long port = results.Required("port").AsInteger();
        if (port is < 1 or > ushort.MaxValue)
        {
            throw new DfssException(DfssErrorCode.ProtocolViolation, $"The other side listens at no port {port}.");
        }

        // The other side chooses what this one connects to: a few addresses, no names, nothing of this machine.
        List<string> hosts =
        [
            .. results.Required("addresses").AsArray().Take(MaxAddresses).Select(address => address.AsText())
                .Where(IsAddressOfAnother),
        ];
        if (results.Required("machine").AsText() == Environment.MachineName)
        {
            hosts.Insert(0, "127.0.0.1");
        }

        if (!string.IsNullOrEmpty(host))
        {
            hosts.Insert(0, host);
        }

        return
        [
            .. from name in hosts.Distinct(StringComparer.OrdinalIgnoreCase)
               let text = name.Contains(':', StringComparison.Ordinal) ? $"[{name}]:{port}" : $"{name}:{port}"
               where PeerAddress.TryParse(text, out _)
               select PeerAddress.Parse(text),
        ];
    }

    private static bool IsAddressOfAnother(string text)
    {
        if (!IPAddress.TryParse(text, out IPAddress? address))
        {
            return false;
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return !IPAddress.IsLoopback(address) && !address.IsIPv6Multicast && !address.Equals(IPAddress.IPv6Any)
            && (address.AddressFamily != AddressFamily.InterNetwork
                || address.GetAddressBytes()[0] is > 0 and < FirstMulticast);
    }
}
