using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Security;

namespace Dfss.Clusters;

/// <summary>
/// Renews what a user, or one of his stores, shows in a cluster: in the last third of the certificate's life, whenever it is used.
/// </summary>
/// <param name="membership">The cluster.</param>
/// <param name="store">The store whose certificate it is; null for the user himself.</param>
/// <param name="clock">The clock; null for the system's.</param>
public sealed class MemberRenewal(ClusterMembership membership, StoreId? store, TimeProvider? clock = null)
{
    /// <summary>1 hour: an issuer that is away for months costs a series of commands little.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromHours(1);

    /// <summary>2 s: nobody waits long for an issuer that is down, as there are weeks left.</summary>
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(2);

    private readonly TimeProvider clock = clock ?? TimeProvider.System;

    /// <summary>
    /// Renews where it is time to; what another process of the user has renewed, or joined anew, is taken up. What was renewed is in the
    /// cluster's folder when this returns.
    /// </summary>
    /// <param name="shown">What is shown now.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What to show from now on; <paramref name="shown"/> where nothing changed.</returns>
    /// <exception cref="DfssException">Why it could not be renewed: IssuerUnreachable, CertificateRevoked, DestinationUnwritable, ...</exception>
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
                    $"The certificate for the cluster '{membership.Name}' expired on {shown.Certificate.NotAfter.ToUniversalTime():u}."),
                "Have an administrator make another invitation, and join with Join-DfssCluster -Force.");
        }

        IssuerClient client = new(shown, membership.LoadIssuer(), AskTimeout);
        using ECDsa key = await membership.LoadNextKeyAsync(store, cancellationToken).ConfigureAwait(false);
        X509Certificate2 renewed = await client.RenewAsync(membership.LoadAuthority(), key, cancellationToken).ConfigureAwait(false);
        TlsIdentity meanwhile = TakeUp(shown);
        if (!ReferenceEquals(meanwhile, shown))
        {
            // Somebody has joined anew, or renewed, while the issuer was asked: that one stays.
            return meanwhile;
        }

        await membership.SaveIdentityAsync(renewed, store, CancellationToken.None).ConfigureAwait(false);
        membership.ForgetNextKey(store);
        return shown.WithCertificate(renewed);
    }

    /// <summary>What is in the cluster's folder by now.</summary>
    private TlsIdentity TakeUp(TlsIdentity shown)
    {
        TlsIdentity? kept = store is StoreId id ? membership.LoadStore(id) : membership.LoadMember();
        return kept is null || kept.Certificate.RawData.AsSpan().SequenceEqual(shown.Certificate.RawData)
            ? shown
            : shown.WithCertificate(kept.Certificate);
    }

    /// <summary>
    /// The same for a peer, hourly: it also hears from the issuer where the other peers are, and who is no member any more.
    /// </summary>
    /// <param name="shown">What is shown now.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What to show from now on; <paramref name="shown"/> where nothing changed.</returns>
    /// <exception cref="DfssException">As of <see cref="RenewAsync"/>.</exception>
    public async Task<TlsIdentity> KeepUpAsync(TlsIdentity shown, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(shown);
        TlsIdentity kept = TakeUp(shown);
        DfssException? failure = null;
        try
        {
            IssuerClient client = new(kept, membership.LoadIssuer(), AskTimeout);
            await membership.SavePeersAsync(
                await client.ListPeersAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            failure = error;
        }

        TlsIdentity renewed = await RenewAsync(kept, cancellationToken).ConfigureAwait(false);

        // An issuer that is away is asked again in an hour, and no news. Nor is what is to be told of it worth a new certificate.
        return failure is null or { Code: DfssErrorCode.IssuerUnreachable } || !ReferenceEquals(renewed, shown) ? renewed : throw failure;
    }

    /// <summary>The same for a command, of which there may be many: an issuer that could not be asked is not asked again within the hour.</summary>
    /// <param name="shown">What is shown now.</param>
    /// <param name="tell">Told why it could not be renewed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What to show.</returns>
    public async Task<TlsIdentity> TryRenewAsync(TlsIdentity shown, Action<string> tell, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(shown);
        ArgumentNullException.ThrowIfNull(tell);
        DateTimeOffset now = clock.GetUtcNow();
        if (!CertificateAge.IsDue(shown.Certificate, now) || WasTried(now))
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

    /// <summary>Within the hour; a time to come, of a clock that was wrong, counts for nothing.</summary>
    private bool WasTried(DateTimeOffset now) => membership.RenewalTried(store) is { } tried && tried <= now && now - tried < RetryInterval;
}
