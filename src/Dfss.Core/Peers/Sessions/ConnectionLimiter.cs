using System.Net;
using System.Net.Sockets;

namespace Dfss.Peers;

/// <summary>
/// Who may be connected to a peer. Those who have not yet said a good hello, the strangers, are counted apart, and are few: when one more
/// comes, the one is pushed out that has been there longest of the address with most of them. So a flood from one address pushes out itself,
/// and whoever says nothing goes before whoever is just coming in. Those who were let in are never pushed out; there may be so many in all,
/// and of one identity. Safe for concurrent use.
/// </summary>
/// <param name="open">Makes the share of an identity of which nobody was connected.</param>
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

    /// <summary>Takes in a stranger, and pushes out another where there are too many.</summary>
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

    /// <summary>Lets a stranger in. What it returns is shared by all connections of the identity.</summary>
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
                throw Busy($"This peer serves {DfssLimits.MaxConnectionsPerIdentity} connections of one identity, and more it does not take.");
            }

            Remove(visit);
            visit.Identity = identity;
            known.Connections++;
            admitted++;
            return known.Share;
        }
    }

    /// <summary>Forgets a connection that has ended; whoever was pushed out is forgotten already.</summary>
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

/// <summary>One connection, to the connectionLimiter.</summary>
/// <param name="address">Where it comes from, as <see cref="ConnectionLimiter.AddressOf"/> says.</param>
/// <param name="displace">Closes it. Does not wait or fail.</param>
internal sealed class Visit(string address, Action displace)
{
    public string Address { get; } = address;

    public Action Displace { get; } = displace;

    /// <summary>The place among the strangers; null for one who is none. Guarded by the connectionLimiter's gate.</summary>
    internal LinkedListNode<Visit>? Node { get; set; }

    /// <summary>Who was let in; null for nobody. Guarded by the connectionLimiter's gate.</summary>
    internal object? Identity { get; set; }
}
