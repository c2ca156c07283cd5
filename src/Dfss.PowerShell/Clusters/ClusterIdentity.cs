using Dfss.Clusters;
using Dfss.Security;

namespace Dfss.Commands;

/// <summary>What a command gets from its cluster: the identity to present, and the addresses of the peers.</summary>
internal static class ClusterIdentity
{
    /// <summary>
    /// 1 minute: a peer that has joined is found soon, and a series of commands asks the issuer once.
    /// </summary>
    private static readonly TimeSpan PeersLifetime = TimeSpan.FromMinutes(1);

    /// <summary>
    /// 2 s: a command does not wait long for an issuer that is down, as it can use the peers known before.
    /// </summary>
    private static readonly TimeSpan RefreshTimeout = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The user's identity in the cluster; where only stores of the user have joined, that of the first store. Renewed
    /// when due.
    /// </summary>
    /// <param name="membership">The cluster.</param>
    /// <param name="notices">Receives the notices about the certificate.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="CmdletException">ClusterIncomplete.</exception>
    internal static async Task<TlsIdentity> OfUserAsync(
        ClusterMembership membership, CertificateNotices notices, CancellationToken cancellationToken)
    {
        StoreId? store = null;
        TlsIdentity? identity = membership.LoadMember();
        if (identity is null && membership.Stores is [StoreId first, ..])
        {
            store = first;
            identity = membership.LoadStore(first);
        }

        return await RenewAsync(
            membership, store, identity ?? throw ClusterErrors.NoMember(membership), notices, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>The identity of one of the user's stores; null where it has not joined. Renewed when due.</summary>
    internal static async Task<TlsIdentity?> OfStoreAsync(
        ClusterMembership membership, StoreId store, CertificateNotices notices, CancellationToken cancellationToken) =>
        membership.LoadStore(store) is { } identity
            ? await RenewAsync(membership, store, identity, notices, cancellationToken).ConfigureAwait(false)
            : null;

    private static async Task<TlsIdentity> RenewAsync(
        ClusterMembership membership, StoreId? store, TlsIdentity identity, CertificateNotices notices,
        CancellationToken cancellationToken)
    {
        MemberRenewal renewal = new(membership, store);
        TlsIdentity renewed = await renewal.TryRenewAsync(
            identity, notices.Verbose, cancellationToken).ConfigureAwait(false);
        notices.WarnOfEnd(renewed.Certificate, membership, store);
        return renewed;
    }

    /// <summary>
    /// The peers of the cluster, each by its best address, the issuer first. A list older than a minute is requested
    /// again, and one with a time in the future; without an answer the old list is used.
    /// </summary>
    /// <param name="membership">The cluster.</param>
    /// <param name="identity">The identity to present.</param>
    /// <param name="tell">Receives the reason why the issuer did not answer.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    internal static async Task<IReadOnlyList<PeerAddress>> FindPeersAsync(
        ClusterMembership membership, TlsIdentity identity, Action<string> tell, CancellationToken cancellationToken)
    {
        IReadOnlyList<ClusterPeer> peers = membership.LoadPeers();
        if (membership.PeersAge >= PeersLifetime)
        {
            try
            {
                IssuerClient client = new(identity, membership, RefreshTimeout);
                peers = await client.ListPeersAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (DfssException exception)
            {
                tell($"The list of the cluster's peers could not be updated: {exception.Message}");
            }

            await TrySaveAsync(membership, peers, tell, cancellationToken).ConfigureAwait(false);
        }

        return [.. peers.Where(peer => peer.Addresses.Count > 0).Select(peer => PeerAddress.Parse(peer.Addresses[0]))];
    }

    /// <summary>Saves the issuer's addresses, for its own user.</summary>
    internal static Task KeepIssuerAsync(
        ClusterMembership membership, StoreId store, IReadOnlyList<string> addresses,
        CancellationToken cancellationToken) =>
        membership.SavePeersAsync(
            [
                new ClusterPeer(store, addresses, IsIssuer: true),
                .. membership.LoadPeers().Where(peer => !peer.IsIssuer && peer.StoreId != store),
            ],
            cancellationToken);

    /// <summary>
    /// Announces a peer's addresses to the issuer, for the other members, and saves the issuer's list of peers.
    /// </summary>
    /// <exception cref="DfssException">IssuerUnreachable, NotPermitted, ...</exception>
    internal static async Task AnnounceAsync(
        ClusterMembership membership, TlsIdentity identity, IReadOnlyList<string> addresses,
        CancellationToken cancellationToken)
    {
        IssuerClient client = new(identity, membership, RefreshTimeout);
        await client.AnnounceAsync(addresses, cancellationToken).ConfigureAwait(false);
        await membership.SavePeersAsync(
            await client.ListPeersAsync(cancellationToken).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task TrySaveAsync(
        ClusterMembership membership, IReadOnlyList<ClusterPeer> peers, Action<string> tell,
        CancellationToken cancellationToken)
    {
        try
        {
            await membership.SavePeersAsync(peers, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException exception)
        {
            tell(exception.Message);
        }
    }
}
