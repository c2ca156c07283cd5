using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Dfss.Transfer;

/// <summary>
/// The addresses at which a client has met the peers of stores that several peers serve, those in an engine.
/// </summary>
internal sealed class SharedStores
{
    private readonly ConcurrentDictionary<StoreId, ConcurrentDictionary<PeerAddress, bool>> places = new();

    /// <summary>Records that a peer of a store was met, which the client uses by the one that it met first.</summary>
    public void Note(PeerHandle first, PeerHandle met)
    {
        places.GetOrAdd(met.StoreId, _ => new()).TryAdd(met.Link.Address, value: true);
        if (met != first)
        {
            first.AddAddresses(met.Member);
        }
    }

    /// <summary>Adds where peers of a store may be, as a record says.</summary>
    public void Note(StoreId store, HomeMember member)
    {
        ConcurrentDictionary<PeerAddress, bool> known = places.GetOrAdd(store, _ => new());
        foreach (string text in member.Addresses)
        {
            if (PeerAddress.TryParse(text, out PeerAddress? address))
            {
                known.TryAdd(address, value: true);
            }
        }
    }

    /// <summary>
    /// Where peers of a store were met or may be, each address once; after these, those that
    /// <paramref name="look"/> adds.
    /// </summary>
    public async IAsyncEnumerable<PeerAddress> FindAsync(
        StoreId store, Func<CancellationToken, Task> look, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        HashSet<PeerAddress> given = [];
        ConcurrentDictionary<PeerAddress, bool> met = places.GetOrAdd(store, _ => new());
        foreach (PeerAddress address in met.Keys.Where(given.Add))
        {
            yield return address;
        }

        await look(cancellationToken).ConfigureAwait(false);
        foreach (PeerAddress address in met.Keys.Where(given.Add))
        {
            yield return address;
        }
    }
}
