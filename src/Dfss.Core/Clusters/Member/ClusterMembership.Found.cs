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
        await AdmitAsync(
            authority, new CertificateGrant { Name = administrator, Role = DfssRole.Admin },
            cancellationToken).ConfigureAwait(false);
        await CreateAsync(
            authority.Certificate, authority.CreateRevocationList(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Creates a cluster that is complete: with the certificates of its administrator, this user, and of the peers with
    /// these stores. The authority's key is not saved, so no member joins later, and no certificate is renewed or
    /// revoked: for a test.
    /// </summary>
    /// <param name="administrator">The administrator's name.</param>
    /// <param name="stores">The stores.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">DestinationExists, DestinationUnwritable.</exception>
    public async Task FoundCompleteAsync(
        string administrator, IEnumerable<StoreId> stores, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stores);
        using ClusterAuthority authority = ClusterAuthority.Create(Name);
        ThrowIfAnother(authority.Certificate);
        Prepare();
        await AdmitAsync(
            authority, new CertificateGrant { Name = administrator, Role = DfssRole.Admin },
            cancellationToken).ConfigureAwait(false);
        foreach (StoreId store in stores)
        {
            await AdmitAsync(
                authority, new CertificateGrant { Name = $"peer-{store}", Role = DfssRole.Peer, StoreId = store },
                cancellationToken).ConfigureAwait(false);
        }

        await CreateAsync(
            authority.Certificate, authority.CreateRevocationList(), cancellationToken).ConfigureAwait(false);
    }

    private async Task AdmitAsync(
        ClusterAuthority authority, CertificateGrant grant, CancellationToken cancellationToken)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 issued = authority.Issue(CertificateKeys.Request(key), grant);
        using X509Certificate2 certificate = issued.CopyWithPrivateKey(key);
        await SaveIdentityAsync(certificate, grant.StoreId, cancellationToken).ConfigureAwait(false);
    }
}
