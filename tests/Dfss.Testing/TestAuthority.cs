using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Clusters;
using Dfss.Security;

namespace Dfss.Testing;

/// <summary>A cluster's authority for a test, and the identities that it makes.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly TimeProvider clock;

    public TestAuthority(string name = "test", TimeProvider? clock = null)
    {
        this.clock = clock ?? TimeProvider.System;
        Authority = ClusterAuthority.Create(name, this.clock);
    }

    public ClusterAuthority Authority { get; }

    public X509Certificate2 Certificate => Authority.Certificate;

    /// <summary>A certificate request that proves its key.</summary>
    public static byte[] Request(ECDsa key) =>
        new CertificateRequest("CN=asked for", key, HashAlgorithmName.SHA256).CreateSigningRequest();

    /// <summary>A certificate with its key.</summary>
    public X509Certificate2 Issue(CertificateGrant grant)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 issued = Authority.Issue(Request(key), grant);
        return issued.CopyWithPrivateKey(key);
    }

    /// <summary>An identity with this role that trusts this authority.</summary>
    public TlsIdentity Identify(DfssRole role, params string[] prefixes) => Identify(new CertificateGrant
    {
        Name = role.ToString(),
        Role = role,
        NamePrefixes = prefixes,
    });

    /// <summary>The identity of a peer with this store.</summary>
    public TlsIdentity IdentifyPeer(StoreId store) =>
        Identify(new CertificateGrant { Name = "peer", Role = DfssRole.Peer, StoreId = store });

    /// <summary>An identity that trusts this authority.</summary>
    public TlsIdentity Identify(CertificateGrant grant) => new(Issue(grant), [Certificate]);

    /// <summary>A certificate that signs itself, with all the uses there are.</summary>
    public X509Certificate2 SignItself(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new Oid(CertificateProfile.ClientUse), new Oid(CertificateProfile.ServerUse)], critical: true));
        request.CertificateExtensions.Add(new CertificateProfile { Role = DfssRole.Admin }.ToExtension());
        DateTimeOffset now = clock.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    public void Dispose() => Authority.Dispose();
}
