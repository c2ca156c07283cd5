using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Dfss.Clusters;
using Dfss.Security;

namespace Dfss.Commands;

/// <summary>Reports what the user should know of the certificate that a command presents.</summary>
/// <param name="verbose">Receives verbose messages.</param>
/// <param name="warn">Receives warnings.</param>
internal sealed class CertificateNotices(Action<string> verbose, Action<string> warn)
{
    // Once in a process: a loop of commands must not repeat a warning a thousand times.
    private static readonly ConcurrentDictionary<string, bool> Told = new(StringComparer.Ordinal);

    internal Action<string> Verbose { get; } = verbose;

    /// <summary>Warns once of a certificate that expires within 30 days.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="membership">The cluster that it is for; null for one of another authority.</param>
    /// <param name="store">The store that it is for; null for a user's.</param>
    internal void WarnOfEnd(X509Certificate2 certificate, ClusterMembership? membership, StoreId? store = null)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        if (!CertificateAge.IsEnding(certificate, now) || !Told.TryAdd(certificate.Thumbprint, value: true))
        {
            return;
        }

        string name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        string where = membership is null ? string.Empty : $" for the cluster '{membership.Name}'";
        bool hasEnded = CertificateAge.HasEnded(certificate, now);
        string advice = membership is null ? "Get another one from its authority."
            : hasEnded ? MemberRenewal.JoinAgainAdvice(store)
            : "It is renewed automatically when the cluster's issuer can be reached: check that it runs "
                + "(Start-DfssPeer -Issuer).";
        warn(string.Create(
            CultureInfo.InvariantCulture,
            $"The certificate '{name}'{where} {(hasEnded ? "expired" : "expires")} on "
                + $"{certificate.NotAfter:yyyy-MM-dd HH:mm}. {advice}"));
    }
}
