using System.Net;
using System.Net.Sockets;

namespace Dfss.Peers;

/// <summary>Admission control for connections. Unauthenticated connections, which have not sent a valid hello, are
/// limited separately: when one more opens, the oldest of the address that has most of them is closed. So a flood from
/// one address displaces its own connections, and silent connections are closed before new ones. Authenticated
/// connections are never displaced; their number is limited, in all and for each identity. Safe for concurrent
/// use.</summary>
/// <param name="open">Makes the share of an identity without open connections.</param>
internal sealed class ConnectionLimiter(Func<IdentityShare> open)
{
    /// <summary>
    /// 64 bits: the IPv6 prefix of a site, which can use any address below it, counts as one address here.
    /// </summary>
    private const int SiteBytes = 8;

    private readonly Lock gate = new();

    // In the order in which they connected.
    private readonly LinkedList<CountedConnection> unauthenticated = [];
    private readonly Dictionary<object, Identity> identities = [];
    private int admitted;

    /// <summary>Open connections without a valid hello.</summary>
    public int Unauthenticated
    {
        get
        {
            lock (gate)
            {
                return unauthenticated.Count;
            }
        }
    }

    /// <summary>Open connections that were admitted.</summary>
    public int Admitted
    {
        get
        {
            lock (gate)
            {
                return admitted;
            }
        }
    }

    /// <summary>Registers an unauthenticated connection, and displaces another one if there are too many.</summary>
    public void Enter(CountedConnection counted)
    {
        CountedConnection? leaving = null;
        lock (gate)
        {
            counted.Node = unauthenticated.AddLast(counted);
            if (unauthenticated.Count > DfssLimits.MaxUnauthenticatedConnections)
            {
                leaving = FindMostCrowded();
                Remove(leaving);
            }
        }

        leaving?.Displace();
    }

    /// <summary>Admits an unauthenticated connection. All connections of the identity share the returned
    /// object.</summary>
    /// <exception cref="DfssException">PeerBusy: there are too many, or it was pushed out meanwhile.</exception>
    public IdentityShare Admit(CountedConnection counted, object identity)
    {
        lock (gate)
        {
            if (counted.Node is null)
            {
                throw Busy("This connection was closed to make room for others.");
            }

            if (admitted >= DfssLimits.MaxConnections)
            {
                throw Busy($"This peer serves {DfssLimits.MaxConnections} connections, which is the maximum.");
            }

            if (!identities.TryGetValue(identity, out Identity? known))
            {
                known = new Identity(open());
                identities.Add(identity, known);
            }
            else if (known.Connections >= DfssLimits.MaxConnectionsPerIdentity)
            {
                throw Busy(
                    $"This peer serves {DfssLimits.MaxConnectionsPerIdentity} connections of one identity, which is "
                        + "the maximum.");
            }

            Remove(counted);
            counted.Identity = identity;
            known.Connections++;
            admitted++;
            return known.Share;
        }
    }

    /// <summary>Removes a connection that has ended; a displaced one is removed already.</summary>
    public void Leave(CountedConnection counted)
    {
        lock (gate)
        {
            if (counted.Node is not null)
            {
                Remove(counted);
            }

            if (counted.Identity is { } identity)
            {
                counted.Identity = null;
                admitted--;
                if (--identities[identity].Connections == 0)
                {
                    identities.Remove(identity);
                }
            }
        }
    }

    /// <summary>
    /// The part of an address by which connections are counted: an IPv4 address, or the prefix of the site of an IPv6
    /// address.
    /// </summary>
    public static string AddressOf(IPEndPoint? endpoint)
    {
        if (endpoint is null)
        {
            return "an unknown address";
        }

        IPAddress address = endpoint.Address.IsIPv4MappedToIPv6 ? endpoint.Address.MapToIPv4() : endpoint.Address;
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || IPAddress.IsLoopback(address))
        {
            return address.ToString();
        }

        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(SiteBytes).Clear();
        return $"{new IPAddress(bytes)}/{8 * SiteBytes}";
    }

    private static DfssException Busy(string reason) => new(DfssErrorCode.PeerBusy, reason, "Try again later.");

    /// <summary>The first of the address that has most; of several such addresses, the first of all.</summary>
    private CountedConnection FindMostCrowded()
    {
        Dictionary<string, int> counts = [];
        foreach (CountedConnection counted in unauthenticated)
        {
            counts[counted.Address] = counts.GetValueOrDefault(counted.Address) + 1;
        }

        int most = counts.Values.Max();
        return unauthenticated.First(counted => counts[counted.Address] == most);
    }

    private void Remove(CountedConnection counted)
    {
        unauthenticated.Remove(counted.Node!);
        counted.Node = null;
    }

    private sealed class Identity(IdentityShare share)
    {
        public IdentityShare Share { get; } = share;

        public int Connections { get; set; }
    }
}

/// <summary>One connection, as the limiter counts it.</summary>
/// <param name="address">The client's address, from <see cref="ConnectionLimiter.AddressOf"/>.</param>
/// <param name="displace">Closes it. Does not wait or fail.</param>
internal sealed class CountedConnection(string address, Action displace)
{
    public string Address { get; } = address;

    public Action Displace { get; } = displace;

    /// <summary>The node in the list of unauthenticated connections; null if it is in none. Guarded by the limiter's
    /// gate.</summary>
    internal LinkedListNode<CountedConnection>? Node { get; set; }

    /// <summary>The identity that was admitted; null before that. Guarded by the limiter's gate.</summary>
    internal object? Identity { get; set; }
}
