using System.Collections.Concurrent;
using Dfss.Protocol;
using Dfss.Records;
using Dfss.Security;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>
/// The stores that a client has reached, by address and by store id. Connects when first asked. The
/// <see cref="PeerLink"/> to an address remembers for a short while that its peer could not be reached, and notices
/// when the peer dies later.
/// </summary>
internal sealed partial class PeerDirectory(TransferOptions options, ClientChannelOptions channelOptions)
    : IAsyncDisposable
{
    /// <summary>1 s: the wait for a recorded address that is not needed to reach its member.</summary>
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(1);

    private readonly StoreSightings sightings =
        new(channelOptions) { Found = twice => options.Warning?.Invoke(twice.Warning) };
    private readonly ConcurrentDictionary<PeerAddress, Lazy<Task<PeerHandle>>> byAddress = new();
    private readonly ConcurrentDictionary<PeerAddress, Lazy<Task>> looks = new();
    private readonly ConcurrentDictionary<StoreId, PeerHandle> byStoreId = new();

    private readonly ConcurrentDictionary<PeerAddress, PeerLink> links = new();

    // Not a ConcurrentBag: the threads that added to a bag keep it and its content alive.
    private readonly ConcurrentQueue<PeerHandle> handles = [];
    private readonly SharedStores shared = new();
    private readonly CancellationTokenSource disposed = new();

    /// <summary>The addresses that the user names: where members that are not at recorded ones are sought.</summary>
    public IReadOnlyList<PeerAddress> Named { get; init; } = [];

    public TimeProvider Clock => options.TimeProvider;

    /// <summary>How this client tries again what failed at a peer.</summary>
    public TransferRetries Retries { get; } = new(options);

    /// <summary>The stores' clocks, as answers have reported them.</summary>
    public KnownClocks Clocks { get; } = new();

    /// <summary>The store at an address.</summary>
    /// <exception cref="DfssException">
    /// PeerUnreachable, TimedOut, NotADfssPeer, VersionNotSupported, PeerBusy.
    /// </exception>
    public async Task<PeerHandle> ConnectAsync(PeerAddress address, CancellationToken cancellationToken)
    {
        // All callers for this address share it, so no single caller's token may end it.
        Lazy<Task<PeerHandle>> attempt = byAddress.GetOrAdd(address, key => new(() => OpenAsync(key, disposed.Token)));
        return await attempt.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The member's store, if it was reached before; connects to nothing.</summary>
    public PeerHandle? FindKnown(HomeMember member) =>
        member.StoreId is StoreId id && byStoreId.TryGetValue(id, out PeerHandle? known) ? known : null;

    /// <summary>
    /// The store of this member, reached before or by its addresses; null, with the reason, if it cannot be reached.
    /// </summary>
    public async Task<(PeerHandle? Peer, string? Reason)> FindAsync(
        HomeMember member, CancellationToken cancellationToken)
    {
        if (member.StoreId is not StoreId id)
        {
            return (null, $"{member.DisplayName} did not answer when the name was new, and never votes on it.");
        }

        if (FindKnown(member) is PeerHandle known)
        {
            if (known.IsShared)
            {
                shared.Note(id, member);
            }

            return (known, null);
        }

        List<string> reasons = [];
        foreach (string text in member.Addresses)
        {
            if (!PeerAddress.TryParse(text, out PeerAddress? address))
            {
                continue;
            }

            try
            {
                PeerHandle handle = await ConnectAsync(address, cancellationToken).ConfigureAwait(false);
                if (handle.StoreId == id)
                {
                    return (handle, null);
                }

                reasons.Add(
                    $"At {address} store {handle.StoreId} answers now, and not store {id}. If {id} runs at another "
                        + "address, give that address with -Peer too; if it is lost, move its files "
                        + "(Repair-DfssFile -Move).");
            }
            catch (DfssException error)
            {
                reasons.Add(error.Reason);
            }
        }

        // It may have moved to an address that only the user gave.
        await LookAtNamedAsync(cancellationToken).ConfigureAwait(false);
        if (byStoreId.TryGetValue(id, out PeerHandle? moved))
        {
            return (moved, null);
        }

        return (null, reasons.Count > 0 ? string.Join(" ", reasons) : $"Store {id} has no address that can be read.");
    }

    /// <summary>
    /// The members. Each that was reached at none of its recorded addresses has those first at which it was found, then
    /// the recorded ones, which clients of other networks may need. No loopback address is added to addresses that
    /// other machines can use.
    /// </summary>
    public IReadOnlyList<HomeMember> WithCurrentAddresses(IReadOnlyList<HomeMember> members) =>
        [.. members.Select(WithCurrentAddresses)];

    /// <summary>The members that were reached at none of their recorded addresses but at others, these first.</summary>
    public IReadOnlyList<HomeMember> FindReaddressed(IReadOnlyList<HomeMember> members) =>
    [
        .. members.Select(member => (Recorded: member, Current: WithCurrentAddresses(member)))
            .Where(one => one.Current.Addresses.Except(one.Recorded.Addresses, StringComparer.OrdinalIgnoreCase).Any())
            .Select(one => one.Current),
    ];

    /// <summary>
    /// Connects, for 1 s at most, to the addresses that are recorded of a member which was reached at others: where its
    /// store was copied, the original may run there.
    /// </summary>
    public Task LookElsewhereAsync(HomeMember member, CancellationToken cancellationToken)
    {
        if (FindKnown(member) is not PeerHandle known)
        {
            return Task.CompletedTask;
        }

        Task[] looking = [.. member.Addresses.Except(known.Member.Addresses, StringComparer.OrdinalIgnoreCase)
            .Select(text => PeerAddress.TryParse(text, out PeerAddress? address) ? address : null).OfType<PeerAddress>()
            .Select(address => looks.GetOrAdd(address, key => new(() => LookAsync(key))).Value)];
        return Task.WhenAll(looking).WaitAsync(cancellationToken);
    }

    /// <summary>The two peers found to serve a member's store at the same time; null where there are none.</summary>
    public RunningTwice? FindTwice(HomeMember member) => member.StoreId is StoreId id ? sightings.TwiceOf(id) : null;

    /// <summary>Refuses a write to stores of which one was found to be served by two peers.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreRunsTwice"/>.</exception>
    public async Task ThrowIfAnyRunsTwiceAsync(IEnumerable<StoreId> stores, CancellationToken cancellationToken)
    {
        foreach (StoreId store in stores)
        {
            await sightings.ThrowIfRunsTwiceAsync(store, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The peers that owe an answer, and to and from which no byte has moved for at least a time.</summary>
    public IReadOnlyList<PeerAddress> FindSilent(TimeSpan least) =>
        [.. links.Values.Where(one => one.IsSilentFor(least)).Select(one => one.Address)];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await disposed.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(links.Values.Select(link => link.DisposeAsync().AsTask())).ConfigureAwait(false);
        await Task.WhenAll(handles.Select(peer => peer.DisposeAsync().AsTask())).ConfigureAwait(false);
        disposed.Dispose();
    }

    private HomeMember WithCurrentAddresses(HomeMember member)
    {
        if (FindKnown(member) is not { Link.IsOpen: true } peer || member.Addresses.Any(text => IsCurrent(text, peer)))
        {
            return member;
        }

        bool isLocal = member.Addresses.Count == 0 || member.Addresses.Any(IsLoopback);
        string[] found = [.. peer.Member.Addresses.Where(text => isLocal || !IsLoopback(text))];
        IEnumerable<string> kept = member.Addresses.Where(
            text => FindStoreAt(text) is not StoreId other || other == peer.StoreId);
        return found.Length == 0 ? member : member with
        {
            Addresses =
                [.. found.Concat(kept).Distinct(StringComparer.OrdinalIgnoreCase).Take(DfssLimits.MaxAddresses)],
        };
    }

    private static bool IsLoopback(string text) =>
        PeerAddress.TryParse(text, out PeerAddress? address) && address.IsLoopback;

    /// <summary>Whether a recorded address led to the store, or is one that its peer advertises, not dialled.</summary>
    private bool IsCurrent(string text, PeerHandle peer) =>
        FindStoreAt(text) == peer.StoreId || peer.Member.Addresses.Contains(text, StringComparer.OrdinalIgnoreCase);

    /// <summary>The store that answered at an address; null if none did, or if its peer is gone from there.</summary>
    private StoreId? FindStoreAt(string text) => PeerAddress.TryParse(text, out PeerAddress? address)
        && byAddress.TryGetValue(address, out Lazy<Task<PeerHandle>>? attempt)
        && attempt is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }
        && attempt.Value.Result.StoreId is var store && !sightings.IsGone(store, address) ? store : null;

    private async Task LookAsync(PeerAddress address)
    {
        try
        {
            await TryConnectAsync(address, disposed.Token).WaitAsync(
                LookLimit, options.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            options.Verbose?.Invoke($"{address} has not answered yet.");
        }
    }

    private Task LookAtNamedAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Named.Select(address => TryConnectAsync(address, cancellationToken)));

    private async Task TryConnectAsync(PeerAddress address, CancellationToken cancellationToken)
    {
        try
        {
            await ConnectAsync(address, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            options.Verbose?.Invoke(error.Reason);
        }
    }

    private async Task<PeerHandle> OpenAsync(PeerAddress address, CancellationToken cancellationToken)
    {
        PeerLink link = links.GetOrAdd(address, key => new(key, channelOptions)
        {
            Greeted = (hello, token) => sightings.MeetAsync(key, hello, token),
            Others = (store, token) => shared.FindAsync(store, LookAtNamedAsync, token),
        });
        HelloAnswer hello;
        TlsAgreement? agreement;
        try
        {
            (hello, agreement) = await link.HelloAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException)
        {
            // Here and not where it is awaited: every caller may have continued without this peer by then.
            byAddress.TryRemove(address, out _);
            throw;
        }

        PeerHandle handle = new(link, hello) { Agreement = agreement };
        options.Verbose?.Invoke(
            $"Connected to {address}: store {hello.StoreId}, {hello.Software}{Describe(agreement)}.");
        handles.Enqueue(handle);
        return Choose(handle);
    }

    /// <summary>
    /// One handle for a peer with several addresses: the first. Another one where a second peer serves the store, or
    /// where the first address is not the peer's any more.
    /// </summary>
    private PeerHandle Choose(PeerHandle handle)
    {
        PeerHandle known = byStoreId.GetOrAdd(handle.StoreId, handle);
        if (handle.IsShared)
        {
            shared.Note(known, handle);
            return known;
        }

        if (known != handle && sightings.IsGone(handle.StoreId, known.Link.Address))
        {
            byStoreId.TryUpdate(handle.StoreId, handle, known);
            return handle;
        }

        return sightings.TwiceOf(handle.StoreId) is null ? known : handle;
    }

    private static string Describe(TlsAgreement? agreement) =>
        agreement is null
            ? string.Empty
            : $"; {agreement.Protocol} with '{agreement.PeerName}', {agreement.CipherSuite}";
}
