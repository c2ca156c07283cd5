using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Security;

namespace Dfss.Clusters;

/// <summary>
/// Renews the certificate of a user, or of one of the user's stores, in a cluster: in the last third of the
/// certificate's lifetime, whenever it is used.
/// </summary>
/// <param name="membership">The cluster.</param>
/// <param name="store">The store whose certificate it is; null for the user.</param>
/// <param name="clock">The clock; null for the system's.</param>
public sealed class MemberRenewal(ClusterMembership membership, StoreId? store, TimeProvider? clock = null)
{
    /// <summary>1 hour: an issuer that is unreachable for months adds little delay to a series of commands.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromHours(1);

    /// <summary>2 s: a command does not wait long for an issuer that is down, as weeks are left.</summary>
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(2);

    private readonly TimeProvider clock = clock ?? TimeProvider.System;

    /// <summary>The advice for a certificate that has expired: it cannot renew itself any more.</summary>
    /// <param name="store">The store that it is for; null for a user's.</param>
    public static string JoinAgainAdvice(StoreId? store) => store is StoreId id
        ? $"Have an administrator run New-DfssInvitation -Role Peer -StoreId {id}, and run Join-DfssCluster INVITATION "
            + $"-StoreId {id} -Force with it; "
            + "a running peer shows the new certificate within an hour, or after a restart."
        : "Have an administrator run New-DfssInvitation, and run Join-DfssCluster INVITATION -Force with it.";

    /// <summary>
    /// Renews a certificate that is due. First adopts a certificate that another process of the user has renewed, or
    /// has got by joining again. A renewed certificate is in the cluster's folder when this returns.
    /// </summary>
    /// <param name="shown">The identity presented now.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The identity to present from now on; <paramref name="shown"/> where nothing changed.</returns>
    /// <exception cref="DfssException">
    /// Why it could not be renewed: IssuerUnreachable, CertificateRevoked, DestinationUnwritable, ...
    /// </exception>
    public async Task<TlsIdentity> RenewAsync(TlsIdentity shown, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(shown);
        shown = TakeUp(shown);
        DateTimeOffset now = clock.GetUtcNow();
        if (!CertificateAge.IsDue(shown.Certificate, now))
        {
            return shown;
        }

        if (CertificateAge.HasEnded(shown.Certificate, now))
        {
            throw new DfssException(
                DfssErrorCode.CertificateExpired,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The certificate for the cluster '{membership.Name}' expired on "
                    + $"{shown.Certificate.NotAfter.ToUniversalTime():u}, "
                    + $"and the clock of this machine shows {now:u}."),
                $"Correct the clock if it is wrong. {JoinAgainAdvice(store)}");
        }

        IssuerClient client = new(shown, membership, AskTimeout, clock);
        using ECDsa key = await membership.LoadNextKeyAsync(store, cancellationToken).ConfigureAwait(false);
        X509Certificate2 renewed = await client.RenewAsync(
            membership.LoadAuthority(), key, cancellationToken).ConfigureAwait(false);
        TlsIdentity meanwhile = TakeUp(shown);
        if (!ReferenceEquals(meanwhile, shown))
        {
            // Another process has joined again or renewed while the issuer was asked: its certificate stays.
            return meanwhile;
        }

        await membership.SaveIdentityAsync(renewed, store, CancellationToken.None).ConfigureAwait(false);
        membership.ForgetNextKey(store);
        return shown.WithCertificate(renewed);
    }

    /// <summary>The identity in the cluster's folder now.</summary>
    private TlsIdentity TakeUp(TlsIdentity shown)
    {
        TlsIdentity? kept = store is StoreId id ? membership.LoadStore(id) : membership.LoadMember();
        return kept is null || kept.Certificate.RawData.AsSpan().SequenceEqual(shown.Certificate.RawData)
            ? shown
            : shown.WithCertificate(kept.Certificate);
    }

    /// <summary>
    /// The same for a peer, hourly. It also announces the peer's addresses if the issuer has others, and gets the
    /// addresses of the other peers and the revocation list.
    /// </summary>
    /// <param name="shown">The identity presented now.</param>
    /// <param name="addresses">The peer's addresses, the best first; empty to announce none.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The identity to present from now on; <paramref name="shown"/> where nothing changed.</returns>
    /// <exception cref="DfssException">
    /// As of <see cref="RenewAsync"/>, or why the issuer did not list the peers.
    /// </exception>
    public async Task<TlsIdentity> KeepUpAsync(
        TlsIdentity shown, IReadOnlyList<string> addresses, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(shown);
        ArgumentNullException.ThrowIfNull(addresses);
        TlsIdentity kept = TakeUp(shown);
        DfssException? failure = null;
        try
        {
            await KeepPeersAsync(
                new IssuerClient(kept, membership, AskTimeout, clock), addresses,
                cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            failure = error;
        }

        TlsIdentity renewed = await RenewAsync(kept, cancellationToken).ConfigureAwait(false);

        // An unreachable issuer is asked again in an hour, and not reported. Another failure is reported only where no
        // new certificate must be returned.
        return failure is null or { Code: DfssErrorCode.IssuerUnreachable } || !ReferenceEquals(renewed, shown)
            ? renewed
            : throw failure;
    }

    private async Task KeepPeersAsync(
        IssuerClient client, IReadOnlyList<string> addresses, CancellationToken cancellationToken)
    {
        IReadOnlyList<ClusterPeer> peers = await client.ListPeersAsync(cancellationToken).ConfigureAwait(false);
        if (addresses.Count > 0 && !peers.Any(peer =>
            peer.StoreId == store && peer.Addresses.SequenceEqual(addresses.Take(IssuerClient.MaxAnnounced))))
        {
            await client.AnnounceAsync(addresses, cancellationToken).ConfigureAwait(false);
            peers = await client.ListPeersAsync(cancellationToken).ConfigureAwait(false);
        }

        await membership.SavePeersAsync(peers, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The same for a command, which may be one of many: the issuer is asked at most once an hour.</summary>
    /// <param name="shown">The identity presented now.</param>
    /// <param name="tell">Receives the reason why it could not be renewed.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The identity to present.</returns>
    public async Task<TlsIdentity> TryRenewAsync(
        TlsIdentity shown, Action<string> tell, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(shown);
        ArgumentNullException.ThrowIfNull(tell);
        DateTimeOffset now = clock.GetUtcNow();
        if (!CertificateAge.IsDue(shown.Certificate, now) || membership.SinceRenewalTried(store, now) < RetryInterval)
        {
            return shown;
        }

        try
        {
            membership.NoteRenewalTried(store, now);
            return await RenewAsync(shown, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            tell($"The certificate for the cluster '{membership.Name}' could not be renewed: {error.Message}");
            return shown;
        }
    }
}
