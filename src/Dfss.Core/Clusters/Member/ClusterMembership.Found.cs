using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Security;

namespace Dfss.Clusters;

/// <content>Creating a cluster.</content>
public sealed partial class ClusterMembership
{
    /// <summary>Creates the cluster: its authority, and this user's certificate as its first administrator.</summary>
    /// <param name="passphrase">The passphrase that encrypts the authority's key.</param>
    /// <param name="administrator">The administrator's name.</param>
    /// <param name="clock">The clock for validity; null for the system's.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">DestinationExists, DestinationUnwritable.</exception>
    public async Task FoundAsync(
        string passphrase, string administrator, TimeProvider? clock = null,
        CancellationToken cancellationToken = default)
    {
        using ClusterAuthority authority = ClusterAuthority.Create(Name, clock);
        ThrowIfAnother(authority.Certificate);
        Prepare();
        await authority.SaveAsync(AuthorityFolder, passphrase, cancellationToken).ConfigureAwait(false);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateGrant grant = new() { Name = administrator, Role = DfssRole.Admin };
        using X509Certificate2 issued = authority.Issue(CertificateKeys.Request(key), grant);
        using X509Certificate2 certificate = issued.CopyWithPrivateKey(key);
        await SaveIdentityAsync(certificate, store: null, cancellationToken).ConfigureAwait(false);
        await CreateAsync(
            authority.Certificate, authority.CreateRevocationList(), cancellationToken).ConfigureAwait(false);
    }
}
