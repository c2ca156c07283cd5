using System.Collections.Concurrent;
using Dfss.Protocol;
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
    private readonly ConcurrentBag<PeerLink> links = [];
    private readonly CancellationTokenSource disposed = new();

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
        try
        {
            return await attempt.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            byAddress.TryRemove(new(address, attempt));
            failures[address] = (options.TimeProvider.GetTimestamp(), error);
            throw;
        }
    }

    /// <summary>
    /// The store of this member, by what is known already or by its addresses; null, and why, where it cannot be
    /// reached.
    /// </summary>
    public async Task<(PeerHandle? Peer, string? Reason)> FindAsync(
        HomeMember member, CancellationToken cancellationToken)
    {
        if (member.StoreId is not StoreId id)
        {
            return (null, $"{string.Join(", ", member.Addresses)} did not answer when the name was new, and never votes on it.");
        }

        if (byStoreId.TryGetValue(id, out PeerHandle? known))
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

                reasons.Add($"{address} is another store ({handle.StoreId}) than {id}.");
            }
            catch (DfssException error)
            {
                reasons.Add(error.Reason);
            }
        }

        return (null, reasons.Count > 0 ? string.Join(" ", reasons) : $"Store {id} has no address that can be read.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await disposed.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(links.Select(link => link.DisposeAsync().AsTask())).ConfigureAwait(false);
        await Task.WhenAll(byStoreId.Values.Select(peer => peer.DisposeAsync().AsTask())).ConfigureAwait(false);
        disposed.Dispose();
    }

    private async Task<PeerHandle> OpenAsync(PeerAddress address, CancellationToken cancellationToken)
    {
        PeerLink link = new(address, channelOptions);
        links.Add(link);
        HelloAnswer hello = await link.HelloAsync(cancellationToken).ConfigureAwait(false);
        PeerHandle handle = new(link, hello);
        options.Verbose?.Invoke($"Connected to {address}: store {hello.StoreId}, {hello.Software}.");
        return byStoreId.GetOrAdd(handle.StoreId, handle);
    }
}
