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
    /// <summary>64 bits: what a site gets of IPv6, and may change at will, is one address here.</summary>
    private const int SiteBytes = 8;

    private readonly Lock gate = new();

    // In the order in which they came.
    private readonly LinkedList<Visit> unauthenticated = [];
    private readonly Dictionary<object, Identity> identities = [];
    private int admitted;

    /// <summary>Connections at this moment that have not said a good hello.</summary>
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

    /// <summary>Connections at this moment that were let in.</summary>
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
    public void Enter(Visit visit)
    {
        Visit? leaving = null;
        lock (gate)
        {
            visit.Node = unauthenticated.AddLast(visit);
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
    public IdentityShare Admit(Visit visit, object identity)
    {
        lock (gate)
        {
            if (visit.Node is null)
            {
                throw Busy("This connection was closed to make room for others.");
            }

            if (admitted >= DfssLimits.MaxConnections)
            {
                throw Busy($"This peer serves {DfssLimits.MaxConnections} connections, and more it does not take.");
            }

            if (!identities.TryGetValue(identity, out Identity? known))
            {
                known = new Identity(open());
                identities.Add(identity, known);
            }
            else if (known.Connections >= DfssLimits.MaxConnectionsPerIdentity)
            {
                throw Busy(
                    $"This peer serves {DfssLimits.MaxConnectionsPerIdentity} connections of one identity, and more it "
                        + "does not take.");
            }

            Remove(visit);
            visit.Identity = identity;
            known.Connections++;
            admitted++;
            return known.Share;
        }
    }

    /// <summary>Removes a connection that has ended; a displaced one is removed already.</summary>
    public void Leave(Visit visit)
    {
        lock (gate)
        {
            if (visit.Node is not null)
            {
                Remove(visit);
            }

            if (visit.Identity is { } identity)
            {
                visit.Identity = null;
                admitted--;
                if (--identities[identity].Connections == 0)
                {
                    identities.Remove(identity);
                }
            }
        }
    }

    /// <summary>What of an address counts as one: an IPv4 address, or the site's part of an IPv6 one.</summary>
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
    private Visit FindMostCrowded()
    {
        Dictionary<string, int> counts = [];
        foreach (Visit visit in unauthenticated)
        {
            counts[visit.Address] = counts.GetValueOrDefault(visit.Address) + 1;
        }

        int most = counts.Values.Max();
        return unauthenticated.First(visit => counts[visit.Address] == most);
    }

    private void Remove(Visit visit)
    {
        unauthenticated.Remove(visit.Node!);
        visit.Node = null;
    }

    private sealed class Identity(IdentityShare share)
    {
        public IdentityShare Share { get; } = share;

        public int Connections { get; set; }
    }
}

/// <summary>One connection, as the limiter sees it.</summary>
/// <param name="address">Where it comes from, as <see cref="ConnectionLimiter.AddressOf"/> says.</param>
/// <param name="displace">Closes it. Does not wait or fail.</param>
internal sealed class Visit(string address, Action displace)
{
    public string Address { get; } = address;

    public Action Displace { get; } = displace;

    /// <summary>The node in the list of unauthenticated connections; null if it is in none. Guarded by the limiter's
    /// gate.</summary>
    internal LinkedListNode<Visit>? Node { get; set; }

    /// <summary>The identity that was admitted; null before that. Guarded by the limiter's gate.</summary>
    internal object? Identity { get; set; }
}
