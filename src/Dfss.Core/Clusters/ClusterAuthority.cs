using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dfss.Security;

namespace Dfss.Clusters;

/// <summary>What a certificate is issued for.</summary>
public sealed record CertificateGrant
{
    /// <summary>
    /// A year: renewal is automatic, and the certificate of a lost laptop does not stay valid for long.
    /// </summary>
    public static readonly TimeSpan DefaultLifetime = TimeSpan.FromDays(365);

    /// <summary>The subject's name, for display.</summary>
    public required string Name { get; init; }

    /// <summary>What its holder may do.</summary>
    public required DfssRole Role { get; init; }

    /// <summary>The prefixes of the names that its holder may touch; empty for all names.</summary>
    public IReadOnlyList<string> NamePrefixes { get; init; } = [];

    /// <summary>The store that its holder serves; required for a peer, absent for every other role.</summary>
    public StoreId? StoreId { get; init; }

    /// <summary>Whether its holder also holds the authority and admits members; for a peer.</summary>
    internal bool IsIssuer { get; init; }

    /// <summary>The certificate's lifetime; it never outlives the authority's own certificate.</summary>
    public TimeSpan Lifetime
    {
        get;
        init => field = value > TimeSpan.Zero
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Lifetime), value, "A lifetime is above zero.");
    } = DefaultLifetime;
}

/// <summary>
/// A cluster's certificate authority: a self-signed certificate with its key (ECDSA over P-256). It issues the members'
/// certificates and revokes them by numbered, signed lists.
/// </summary>
public sealed partial class ClusterAuthority : IDisposable
{
    /// <summary>10 years: replacing an authority needs work at every member.</summary>
    private const int LifetimeYears = 10;

    /// <summary>128 random bits: serial numbers are unique and unpredictable.</summary>
    private const int SerialBytes = 16;

    /// <summary>Clocks differ: a certificate is valid from 5 minutes before it was issued.</summary>
    internal static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    private readonly ECDsa key;
    private readonly TimeProvider clock;

    private ClusterAuthority(X509Certificate2 certificate, ECDsa key, TimeProvider clock)
    {
        Certificate = certificate;
        this.key = key;
        this.clock = clock;
    }

    /// <summary>Its certificate, without the key: the one that members trust.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The cluster's name.</summary>
    public string Name => CertificateProfile.Read(Certificate).Cluster!;

    /// <summary>
    /// Creates an authority. Nothing is written before <see cref="SaveAsync(string, string, CancellationToken)"/>.
    /// </summary>
    /// <param name="name">The cluster's name.</param>
    /// <param name="clock">The clock for validity.</param>
    public static ClusterAuthority Create(string name, TimeProvider? clock = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        clock ??= TimeProvider.System;
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(CommonName($"DFSS cluster {name}"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(
                certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(new CertificateProfile { Cluster = name.Normalize() }.ToExtension());
        DateTimeOffset now = clock.GetUtcNow();
        using X509Certificate2 whole = request.CreateSelfSigned(now - ClockSkew, now.AddYears(LifetimeYears));
        return new ClusterAuthority(X509CertificateLoader.LoadCertificate(whole.RawData), key, clock);
    }

    /// <summary>Issues a certificate to a requester that has proven possession of a key.</summary>
    /// <param name="request">
    /// A certificate request (PKCS#10, DER), signed with the key. Only its key is used; the attributes that it asks for
    /// are ignored.
    /// </param>
    /// <param name="grant">What the certificate is issued for.</param>
    /// <exception cref="DfssException">
    /// InvalidArgument: the request's signature does not prove its key. CertificateExpired: that of the authority.
    /// </exception>
    public X509Certificate2 Issue(byte[] request, CertificateGrant grant)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(grant);
        ThrowIfNotGrantable(grant);
        CertificateRequest certificate = new(CommonName(grant.Name), LoadKey(request), HashAlgorithmName.SHA256);
        CertificateProfile profile = new()
        {
            Role = grant.Role,
            NamePrefixes = grant.NamePrefixes,
            StoreId = grant.StoreId,
            IsIssuer = grant.IsIssuer,
        };
        OidCollection uses = [new Oid(CertificateProfile.ClientUse)];
        if (grant.Role == DfssRole.Peer)
        {
            uses.Add(new Oid(CertificateProfile.ServerUse));
        }

        certificate.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(
                certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        certificate.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        certificate.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(uses, critical: true));
        certificate.CertificateExtensions.Add(
            new X509SubjectKeyIdentifierExtension(certificate.PublicKey, critical: false));
        certificate.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
            Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        certificate.CertificateExtensions.Add(profile.ToExtension());
        DateTimeOffset now = clock.GetUtcNow();
        DateTimeOffset last = Certificate.NotAfter.ToUniversalTime();
        if (now >= last)
        {
            throw new DfssException(
                DfssErrorCode.CertificateExpired,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The certificate of the authority of '{Name}' expired on {last:u}, and the clock of this machine "
                        + $"shows {now:u}."),
                "Correct the clock. If it is correct, make another cluster, and have every member join it.");
        }

        DateTimeOffset end = now + grant.Lifetime < last ? now + grant.Lifetime : last;
        return certificate.Create(Certificate.SubjectName, Generator, now - ClockSkew, end, CreateSerial());
    }

    /// <summary>The first list, which revokes nothing: number 1, in PEM.</summary>
    public string CreateRevocationList() => Sign(new CertificateRevocationListBuilder(), BigInteger.One);

    /// <summary>Revokes certificates.</summary>
    /// <param name="list">The list in force, in PEM.</param>
    /// <param name="serialNumbers">The serial numbers to revoke, big-endian; the list's present entries stay as they
    /// are.</param>
    /// <param name="after">The next list's number is above this, and above that of the list.</param>
    /// <returns>The next list, in PEM: the present entries and these, with the next number.</returns>
    /// <exception cref="DfssException">InvalidArgument: this authority has not signed the list.</exception>
    public string Revoke(string list, IEnumerable<byte[]> serialNumbers, long after = 0)
    {
        ArgumentNullException.ThrowIfNull(serialNumbers);
        try
        {
            using X509Certificate2 own = X509CertificateLoader.LoadCertificate(Certificate.RawData);
            RevocationList known = RevocationList.Read(
                Convert.FromBase64String(list[PemEncoding.Find(list).Base64Data]), [own]);
            var builder = CertificateRevocationListBuilder.LoadPem(list, out BigInteger number);
            foreach (byte[] serialNumber in serialNumbers.Where(one => !known.Names(Convert.ToHexString(one))))
            {
                builder.AddEntry(serialNumber, clock.GetUtcNow());
            }

            return Sign(builder, BigInteger.Max(number, after) + 1);
        }
        catch (Exception error) when (error is FormatException or CryptographicException or ArgumentException)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, $"The revocation list cannot be continued: {error.Message}", error);
        }
    }

    /// <summary>Signs a statement of where the cluster's issuer is.</summary>
    internal byte[] Sign(IssuerStatement statement) => statement.Sign(key);

    /// <summary>Erases the key from memory.</summary>
    public void Dispose()
    {
        key.Dispose();
        Certificate.Dispose();
    }

    /// <summary>The authority's name; contains no secret.</summary>
    public override string ToString() => Certificate.Subject;

    private X509SignatureGenerator Generator => X509SignatureGenerator.CreateForECDsa(key);

    private string Sign(CertificateRevocationListBuilder builder, BigInteger number)
    {
        // Valid until the authority itself expires: a peer's list is the newest known to it until it receives another.
        byte[] encoded = builder.Build(
            Certificate.SubjectName,
            Generator,
            number,
            Certificate.NotAfter.ToUniversalTime(),
            HashAlgorithmName.SHA256,
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
                Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false),
            clock.GetUtcNow());
        return PemEncoding.WriteString("X509 CRL", encoded);
    }

    private static void ThrowIfNotGrantable(CertificateGrant grant)
    {
        if (grant.Role == DfssRole.Peer != grant.StoreId is not null)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, "A peer's certificate names its store, and no other certificate does.");
        }

        if (grant.NamePrefixes.Any(string.IsNullOrEmpty)
            || (grant.NamePrefixes.Count > 0 && grant.Role > DfssRole.Writer))
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, "Name prefixes are for readers and writers, and none is empty.");
        }
    }

    private static PublicKey LoadKey(byte[] request)
    {
        try
        {
            // Verifies the signature.
            return CertificateRequest.LoadSigningRequest(request, HashAlgorithmName.SHA256).PublicKey;
        }
        catch (CryptographicException error)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, $"The certificate request proves no key: {error.Message}", error);
        }
    }

    private static X500DistinguishedName CommonName(string name)
    {
        X500DistinguishedNameBuilder builder = new();
        builder.AddCommonName(name.Normalize(NormalizationForm.FormC));
        return builder.Build();
    }

    private static byte[] CreateSerial()
    {
        byte[] serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] = (byte)((serial[0] & 0x3f) | 0x40);
        return serial;
    }
}
