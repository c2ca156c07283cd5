using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Dfss.Clusters;
using Dfss.Security;

namespace Dfss.Commands;

/// <summary>What a command says of the certificate that it shows.</summary>
/// <param name="verbose">Told what is of interest to those who look for it.</param>
/// <param name="warn">Told what everybody should know.</param>
internal sealed class CertificateNotices(Action<string> verbose, Action<string> warn)
{
    // Once in a process: a loop of commands is no reason to say it a thousand times.
    private static readonly ConcurrentDictionary<string, bool> Told = new(StringComparer.Ordinal);

    internal Action<string> Verbose { get; } = verbose;

    /// <summary>Warns of a certificate that ends within 30 days, once.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="membership">The cluster that it is for; null for one of another authority.</param>
    internal void WarnOfEnd(X509Certificate2 certificate, ClusterMembership? membership)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        if (!CertificateAge.IsEnding(certificate, now) || !Told.TryAdd(certificate.Thumbprint, value: true))
        {
            return;
        }

        string name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        string where = membership is null ? string.Empty : $" for the cluster '{membership.Name}'";
        bool hasEnded = CertificateAge.HasEnded(certificate, now);
        string advice = membership is null ? "Have another one made by its authority."
            : hasEnded ? "Have an administrator make another invitation, and join with Join-DfssCluster -Force."
            : "It is renewed by itself when the cluster's issuer can be reached: see that it runs (Start-DfssPeer -Issuer).";
        warn(string.Create(
            CultureInfo.InvariantCulture,
            $"The certificate '{name}'{where} {(hasEnded ? "expired" : "expires")} on {certificate.NotAfter:yyyy-MM-dd HH:mm}. {advice}"));
    }
}
