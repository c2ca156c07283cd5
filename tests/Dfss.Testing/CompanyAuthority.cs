using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dfss.Testing;

/// <summary>
/// An authority that knows nothing of DFSS, as a company has one, and the files that it gives to people.
/// </summary>
internal sealed class CompanyAuthority : IDisposable
{
    /// <summary>2^63, so that a serial number is positive and of one length.</summary>
    private const byte FirstSerialByte = 0x40;

    private static readonly PbeParameters Protection = new(
        PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, iterationCount: 2_000);

    private readonly DateTimeOffset now = DateTimeOffset.UtcNow;

    public CompanyAuthority(string name = "Example CA")
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        Certificate = request.CreateSelfSigned(now.AddDays(-10), now.AddDays(100));
    }

    /// <summary>With its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>A server's certificate, for this machine by its loopback names.</summary>
    public X509Certificate2 IssuePeer(string name = "peer") => Issue(name, "1.3.6.1.5.5.7.3.1", now.AddDays(50));

    /// <summary>A server's certificate, for a host of this name.</summary>
    public X509Certificate2 IssueServer(string host, bool isExpired = false) =>
        Issue("engine", "1.3.6.1.5.5.7.3.1", isExpired ? now.AddDays(-1) : now.AddDays(50), host);

    /// <summary>A client's certificate.</summary>
    public X509Certificate2 IssueClient(string name, bool isExpired = false) =>
        Issue(name, "1.3.6.1.5.5.7.3.2", isExpired ? now.AddDays(-1) : now.AddDays(50));

    /// <summary>A revocation list.</summary>
    public byte[] Revoke(params X509Certificate2[] certificates)
    {
        CertificateRevocationListBuilder builder = new();
        foreach (X509Certificate2 certificate in certificates)
        {
            builder.AddEntry(certificate);
        }

        return builder.Build(Certificate, crlNumber: 1, now.AddDays(1), HashAlgorithmName.SHA256);
    }

    /// <summary>A PEM file's text: the certificate, then its key.</summary>
    public static string ToPem(X509Certificate2 certificate, string? password = null)
    {
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        string text = password is null
            ? key.ExportPkcs8PrivateKeyPem()
            : key.ExportEncryptedPkcs8PrivateKeyPem(password, Protection);
        return $"{certificate.ExportCertificatePem()}\n{text}\n";
    }

    public void Dispose() => Certificate.Dispose();

    private X509Certificate2 Issue(string name, string use, DateTimeOffset notAfter, string host = "localhost")
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], critical: false));
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(host);
        if (host == "localhost")
        {
            names.AddIpAddress(IPAddress.Loopback);
        }

        request.CertificateExtensions.Add(names.Build());
        byte[] serial = [FirstSerialByte, .. RandomNumberGenerator.GetBytes(7)];
        using X509Certificate2 issued = request.Create(Certificate, now.AddDays(-5), notAfter, serial);
        return issued.CopyWithPrivateKey(key);
    }
}
