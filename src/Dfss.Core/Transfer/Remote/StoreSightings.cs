using System.Collections.Concurrent;
using System.Globalization;
using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>
/// For each store, which running peer answered a client at which address. Detects two peers of one store that run at
/// the same time, such as after a store was copied. A restarted peer, or one with several addresses, is no such case.
/// </summary>
internal sealed class StoreSightings(ClientChannelOptions options)
{
    private readonly ConcurrentDictionary<StoreId, Sightings> stores = new();

    /// <summary>Called, from any thread, once for each store that was found running twice.</summary>
    public Action<RunningTwice>? Found { get; init; }

    /// <summary>
    /// The two peers that were found to serve a store at the same time; null where there are none. The result stays for
    /// the life of this client, which cannot see when the operator has resolved it.
    /// </summary>
    public RunningTwice? TwiceOf(StoreId store) => stores.TryGetValue(store, out Sightings? seen) ? seen.Twice : null;

    /// <summary>Whether the peer of a store that was met at this address was found to be gone from there.</summary>
    public bool IsGone(StoreId store, PeerAddress address) =>
        stores.TryGetValue(store, out Sightings? seen) && seen.Gone.ContainsKey(address);

    /// <summary>Records the peer that answered at an address. If that is another peer than before, checks whether both
    /// run.</summary>
    public async Task MeetAsync(PeerAddress address, HelloAnswer hello, CancellationToken cancellationToken)
    {
        if (hello.Instance is not PeerInstance instance)
        {
            return;
        }

        Sightings seen = stores.GetOrAdd(hello.StoreId, _ => new Sightings());
        await seen.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            foreach ((PeerAddress place, PeerInstance earlier) in seen.ByAddress.ToArray())
            {
                if (earlier != instance && seen.Twice is null)
                {
                    seen.Twice = await CompareAsync(
                        hello.StoreId, seen, place, address, instance, cancellationToken).ConfigureAwait(false);
                    if (seen.Twice is { } twice)
                    {
                        Found?.Invoke(twice);
                    }
                }
            }

            seen.Note(address, instance);
        }
        finally
        {
            seen.Turn.Release();
        }
    }

    /// <summary>Refuses a store that two peers were found to serve; waits for a comparison that is under way.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreRunsTwice"/>.</exception>
    public async Task ThrowIfRunsTwiceAsync(StoreId store, CancellationToken cancellationToken)
    {
        if (!stores.TryGetValue(store, out Sightings? seen))
        {
            return;
        }

        await seen.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        seen.Turn.Release();
        if (seen.Twice is { } twice)
        {
            throw twice.Refusal;
        }
    }

    /// <summary>Asks at the one address, at the other, and at the first again, each after the answer before: only where
    /// the first and the last answer come from one run of a peer, and the one between from another, both run at the
    /// same time. Two answers alone could be those of a peer before and after its restart.</summary>
    private async Task<RunningTwice?> CompareAsync(
        StoreId store, Sightings seen, PeerAddress first, PeerAddress second, PeerInstance expected,
        CancellationToken cancellationToken)
    {
        PeerInstance? before = await AskAsync(store, seen, first, cancellationToken).ConfigureAwait(false);
        if (before is null || before == expected)
        {
            return null;
        }

        PeerInstance? between = await AskAsync(store, seen, second, cancellationToken).ConfigureAwait(false);
        if (between is null || between == before)
        {
            return null;
        }

        PeerInstance? after = await AskAsync(store, seen, first, cancellationToken).ConfigureAwait(false);
        return after == before ? new RunningTwice(store, first, before.Value, second, between.Value) : null;
    }

    /// <summary>Which peer serves the store at an address at this moment; null where none does, or it cannot be
    /// reached.</summary>
    private async Task<PeerInstance?> AskAsync(
        StoreId store, Sightings seen, PeerAddress address, CancellationToken cancellationToken)
    {
        try
        {
            ClientChannel channel = await ClientChannel.ConnectAsync(
                address, options with { Revocations = null }, cancellationToken).ConfigureAwait(false);
            await using (channel.ConfigureAwait(false))
            {
                PeerInstance? found = channel.Hello.StoreId == store ? channel.Hello.Instance : null;
                seen.Note(address, found);
                return found;
            }
        }
        catch (DfssException)
        {
            // The reason does not matter here: it is reported to a caller that needs the peer at this address.
            seen.Note(address, found: null);
            return null;
        }
    }

    /// <summary>The sightings of one store.</summary>
    private sealed class Sightings
    {
        private volatile RunningTwice? twice;

        /// <summary>One comparison at a time.</summary>
        public SemaphoreSlim Turn { get; } = new(1, 1);

        public ConcurrentDictionary<PeerAddress, PeerInstance> ByAddress { get; } = new();

        public ConcurrentDictionary<PeerAddress, bool> Gone { get; } = new();

        public RunningTwice? Twice
        {
            get => twice;
            set => twice = value;
        }

        public void Note(PeerAddress address, PeerInstance? found)
        {
            if (found is PeerInstance instance)
            {
                ByAddress[address] = instance;
                Gone.TryRemove(address, out _);
            }
            else
            {
                ByAddress.TryRemove(address, out _);
                Gone[address] = true;
            }
        }
    }
}

/// <summary>Two peers that serve one store at the same time.</summary>
internal sealed record RunningTwice(
    StoreId StoreId, PeerAddress First, PeerInstance FirstInstance, PeerAddress Second, PeerInstance SecondInstance)
{
    private const string Advice =
        "Receive what was written only to the copy, then stop its peer and start it again with -StoreCopied.";

    /// <summary>The error for a writer.</summary>
    public DfssException Refusal => new(DfssErrorCode.StoreRunsTwice, $"{Description} Nothing was written.", Advice);

    /// <summary>The warning for a reader.</summary>
    public string Warning => $"{Description} Results may be incomplete or out of date. {Advice}";

    private string Description => string.Create(
        CultureInfo.InvariantCulture,
        $"Two running peers serve store {StoreId}: {First} (process {FirstInstance.ProcessId}) "
            + $"and {Second} (process {SecondInstance.ProcessId}).")
        + " One store is a copy of the other, and each lacks what is written to the other.";
}
