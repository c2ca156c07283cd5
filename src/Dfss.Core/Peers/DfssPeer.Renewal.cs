using System.Globalization;
using Dfss.Security;
using Dfss.Transport;

namespace Dfss.Peers;

/// <content>The peer's own certificate, which is renewed while it runs.</content>
public sealed partial class DfssPeer
{
    /// <summary>Daily: an operator that reads the log once a week sees it in time.</summary>
    private static readonly TimeSpan ReminderInterval = TimeSpan.FromDays(1);

    private long? remindedAt;
    private IssuerStatement? knownIssuer;

    /// <summary>The identity that it shows; null without a certificate.</summary>
    internal TlsIdentity? Identity { get; private set; }

    /// <summary>Renews the certificate if the peer can; logs a reminder before it expires.</summary>
    private async Task<TimeSpan?> RenewAsync(CancellationToken cancellationToken)
    {
        if (Options.RenewIdentity is { } renew)
        {
            await RenewAsync(renew, cancellationToken).ConfigureAwait(false);
        }

        if (CertificateAge.IsEnding(Identity!.Certificate, Options.TimeProvider.GetUtcNow())
            && (remindedAt is not { } last || Options.TimeProvider.GetElapsedTime(last) >= ReminderInterval))
        {
            remindedAt = Options.TimeProvider.GetTimestamp();
            Log($"The peer's certificate is valid until {EndOf(Identity)}.");
        }

        return Options.RenewalInterval;
    }

    private async Task RenewAsync(
        Func<TlsIdentity, IReadOnlyList<string>, CancellationToken, Task<TlsIdentity>> renew,
        CancellationToken cancellationToken)
    {
        TlsIdentity shown = Identity!;
        try
        {
            TlsIdentity other = await renew(shown, AdvertisedAddresses, cancellationToken).ConfigureAwait(false);
            if (!ReferenceEquals(other, shown))
            {
                CertificateValidator validator = tls!.Validator;
                validator.ThrowIfUnusableAt(other, StoreId);
                tls = new TlsTransport(other, validator);
                Identity = other;
                Log($"The peer has a new certificate, valid until {EndOf(other)}.");
            }
        }
        catch (DfssException error)
        {
            throw error.Copy(
                $"The peer's certificate is valid until {EndOf(shown)}, and could not be renewed: {error.Reason}");
        }
    }

    /// <summary>
    /// Renews at once where the issuer is at another place than before: the issuer may have lost this peer's address,
    /// and this peer the issuer's.
    /// </summary>
    private void FollowIssuer()
    {
        if (tls?.Validator.Issuer?.Current is { } now
            && Interlocked.Exchange(ref knownIssuer, now)?.IsSamePlace(now) != true)
        {
            renewal.RunSoon();
        }
    }

    private static string EndOf(TlsIdentity identity) =>
        identity.Certificate.NotAfter.ToUniversalTime().ToString("u", CultureInfo.InvariantCulture);
}
