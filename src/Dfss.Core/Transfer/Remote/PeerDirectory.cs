using System.Collections.Concurrent;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>
/// The stores a client knows, by address and by store id. Connects when first asked, keeps what works, and remembers
/// for a short while what does not, so that a peer that cannot be reached costs a time-out now and then and not one a
/// file. One that was reached and dies later is noticed by its <see cref="PeerLink"/>.
/// </summary>
internal sealed class PeerDirectory(TransferOptions options, ClientChannelOptions channelOptions) : IAsyncDisposable
{
    /// <summary>
    /// 5 s: long enough that many small files do not wait for a dead peer each, short enough to notice its return.
    /// </summary>
    private static readonly TimeSpan FailureMemory = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<PeerAddress, Lazy<Task<PeerHandle>>> byAddress = new();
    private readonly ConcurrentDictionary<PeerAddress, (long Timestamp, DfssException Error)> failures = new();
    private readonly ConcurrentDictionary<StoreId, PeerHandle> byStoreId = new();
    private readonly ConcurrentDictionary<string, bool> told = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<PeerLink> links = [];
    private readonly CancellationTokenSource disposed = new();

    /// <summary>
    /// Addresses at which a member is sought that is not where its record says: those that the user names.
    /// </summary>
    public IReadOnlyList<PeerAddress> Named { get; init; } = [];

    public TimeProvider Clock => options.TimeProvider;

    /// <summary>The store at an address.</summary>
    /// <exception cref="DfssException">
    /// PeerUnreachable, TimedOut, NotADfssPeer, VersionNotSupported, PeerBusy.
    /// </exception>
    public async Task<PeerHandle> ConnectAsync(PeerAddress address, CancellationToken cancellationToken)
    {
        if (failures.TryGetValue(address, out (long Timestamp, DfssException Error) failure))
        {
            if (options.TimeProvider.GetElapsedTime(failure.Timestamp) < FailureMemory)
            {
                throw failure.Error.Retold();
            }

            failures.TryRemove(address, out _);
        }

        // Shared by all who ask for this address, so no one caller's token may end it.
        Lazy<Task<PeerHandle>> attempt = byAddress.GetOrAdd(address, key => new(() => OpenAsync(key, disposed.Token)));
        return await attempt.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The member's store, if it was reached before; connects to nothing.</summary>
    public PeerHandle? FindKnown(HomeMember member) =>
        member.StoreId is StoreId id && byStoreId.TryGetValue(id, out PeerHandle? known) ? known : null;

    /// <summary>
    /// The store of this member, by what is known already or by its addresses; null, and why, where it cannot be
    /// reached.
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

                reasons.Add($"{address} is another store ({handle.StoreId}) than {id}; if that one is lost, move its files (Repair-DfssFile -Move).");
            }
            catch (DfssException error)
            {
                reasons.Add(error.Reason);
            }
        }

        // It may have moved to an address that only the user knows.
        await Task.WhenAll(Named.Select(address => TryConnectAsync(address, cancellationToken))).ConfigureAwait(false);
        if (byStoreId.TryGetValue(id, out PeerHandle? moved))
        {
            return (moved, null);
        }

        return (null, reasons.Count > 0 ? string.Join(" ", reasons) : $"Store {id} has no address that can be read.");
    }

    /// <summary>Whether this is said for the first time: what holds for many files is told once.</summary>
    public bool IsFirstTold(string what) => told.TryAdd(what, value: true);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await disposed.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(links.Select(link => link.DisposeAsync().AsTask())).ConfigureAwait(false);
        await Task.WhenAll(byStoreId.Values.Select(peer => peer.DisposeAsync().AsTask())).ConfigureAwait(false);
        disposed.Dispose();
    }

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
        PeerLink link = new(address, channelOptions);
        links.Add(link);
        HelloAnswer hello;
        TlsAgreement? agreement;
        try
        {
            (hello, agreement) = await link.HelloAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            // Here and not where it is awaited: by then everybody may have gone on without this peer.
            failures[address] = (options.TimeProvider.GetTimestamp(), error);
            byAddress.TryRemove(address, out _);
            throw;
        }

        PeerHandle handle = new(link, hello) { Agreement = agreement };
        options.Verbose?.Invoke($"Connected to {address}: store {hello.StoreId}, {hello.Software}{Describe(agreement)}.");
        return byStoreId.GetOrAdd(handle.StoreId, handle);
    }

    private static string Describe(TlsAgreement? agreement) =>
        agreement is null ? string.Empty : $"; {agreement.Protocol} with '{agreement.PeerName}', {agreement.CipherSuite}";
}
