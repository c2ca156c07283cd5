using System.Security.Cryptography.X509Certificates;

namespace Dfss.Security;

/// <summary>
/// The identity that a client or peer presents, and the authorities that it trusts: its certificate with the key, and
/// the trusted certificates. All its traffic then goes over TLS, with both sides authenticated.
/// </summary>
public sealed class TlsIdentity
{
    /// <summary>Makes an identity.</summary>
    /// <param name="certificate">Its own certificate, with the private key.</param>
    /// <param name="trustedAuthorities">The certificates of the authorities that it trusts; one or more.</param>
    /// <exception cref="DfssException">InvalidArgument: the private key or the authority is missing.</exception>
    public TlsIdentity(X509Certificate2 certificate, IEnumerable<X509Certificate2> trustedAuthorities)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(trustedAuthorities);
        TrustedAuthorities = [.. trustedAuthorities];
        if (!certificate.HasPrivateKey)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, $"The certificate '{certificate.Subject}' has no private key.",
                "Give a PFX file, or a PEM file that has the key too.");
        }

        if (TrustedAuthorities.Count == 0)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, "A certificate is given, and no authority to trust.",
                "Name the authority of the other side's certificates.");
        }

        Certificate = OperatingSystem.IsWindows() ? WithKeptKey(certificate) : certificate;
    }

    /// <summary>Its own certificate, with the private key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The authorities that it trusts.</summary>
    public IReadOnlyList<X509Certificate2> TrustedAuthorities { get; }

    /// <summary>The intermediate certificates between its own and the authority's, sent with its own.</summary>
    public IReadOnlyList<X509Certificate2> Intermediates { get; init; } = [];

    /// <summary>
    /// Whether TLS 1.2, with forward secrecy and authenticated encryption only, is accepted where the other side has no
    /// 1.3.
    /// </summary>
    public bool AllowTls12 { get; init; }

    /// <summary>
    /// A file with the revocation lists (CRL, in PEM or DER) of the trusted authorities; read again when it changes.
    /// </summary>
    public string? RevocationListPath { get; init; }

    /// <summary>
    /// Whether <see cref="RevocationListPath"/> is a cluster's list that this side keeps up to date: a newer list that
    /// another client or peer sends then replaces it.
    /// </summary>
    public bool KeepsRevocationList { get; init; }

    /// <summary>
    /// A file with the signed statement of where the cluster's issuer is, which this side keeps up to date as it does
    /// the list; it need not exist yet. Null for an identity that keeps none.
    /// </summary>
    public string? IssuerFilePath { get; init; }

    /// <summary>
    /// A file that gives roles to subjects whose certificates state none, because their authority is not a cluster's: a
    /// JSON array of <c>{ "subject": "CN=...", "role": "reader" }</c>. Read again when it changes.
    /// </summary>
    public string? RoleFilePath { get; init; }

    /// <summary>A copy of this identity with another certificate.</summary>
    /// <param name="certificate">The certificate, with the private key.</param>
    /// <param name="intermediates">The certificates between it and its authority's; null to keep the present
    /// ones.</param>
    /// <exception cref="DfssException">InvalidArgument: there is no private key.</exception>
    public TlsIdentity WithCertificate(
        X509Certificate2 certificate, IReadOnlyList<X509Certificate2>? intermediates = null) =>
        new(certificate, TrustedAuthorities)
        {
            Intermediates = intermediates ?? Intermediates,
            AllowTls12 = AllowTls12,
            RevocationListPath = RevocationListPath,
            KeepsRevocationList = KeepsRevocationList,
            IssuerFilePath = IssuerFilePath,
            RoleFilePath = RoleFilePath,
        };

    /// <summary>The certificate's subject; contains no secret.</summary>
    public override string ToString() => Certificate.Subject;

    /// <summary>
    /// Schannel rejects a key that exists in memory only; an import through PKCS#12 gives it a persisted one.
    /// </summary>
    private static X509Certificate2 WithKeptKey(X509Certificate2 certificate)
    {
        try
        {
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            // A key that cannot be exported is already in a key store.
            return certificate;
        }
    }
}
