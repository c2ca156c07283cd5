using System.Management.Automation;
using System.Security;

namespace Dfss.Commands;

/// <content>
/// The identity that the peer presents, and the authorities that it trusts: the parameters that
/// <see cref="ClientCmdlet"/> has too.
/// </content>
public sealed partial class StartDfssPeerCommand
{
    /// <summary>
    /// The certificate to present, with its private key: an object, the path of a PFX or PEM file, or the thumbprint of
    /// one in the certificate store. All traffic then goes over TLS, with both sides authenticated.
    /// </summary>
    [Parameter(HelpMessage = "The certificate to show, with its key: an object, a PFX or PEM path, or a thumbprint.")]
    [CertificateArgument]
    [ValidateNotNull]
    public DfssCertificateSource? Certificate { get; set; }

    /// <summary>The password of the file that -Certificate names.</summary>
    [Parameter(HelpMessage = "The password of the file that -Certificate names.")]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(NoCompletion))]
    public SecureString? CertificatePassword { get; set; }

    /// <summary>The certificates of the trusted authorities: objects, PEM or CER paths, or thumbprints.</summary>
    [Parameter(
        HelpMessage = "The authorities whose certificates are trusted: objects, PEM or CER paths, or thumbprints.")]
    [CertificateArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public DfssCertificateSource[]? TrustedAuthority { get; set; }

    /// <summary>
    /// A file with the revocation lists (CRL, PEM or DER) of the trusted authorities; read again when it changes.
    /// </summary>
    [Parameter(HelpMessage = "A file with the revocation lists (CRL) of the trusted authorities.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    public string? RevocationList { get; set; }

    /// <summary>
    /// Accepts TLS 1.2, with forward secrecy and authenticated encryption only, where the other side has no 1.3.
    /// </summary>
    [Parameter(HelpMessage = "Allows TLS 1.2 if the other side has no TLS 1.3.")]
    public SwitchParameter AllowTls12 { get; set; }

    /// <summary>
    /// The cluster to use, where the user has joined several; '' for none. By default the only joined cluster, or the
    /// one that $env:DFSS_CLUSTER names.
    /// </summary>
    [Parameter(HelpMessage = "The cluster, if several were joined; '' for none.")]
    [TextArgument]
    [AllowEmptyString]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(ClusterCompletion))]
    public string? Cluster { get; set; }

    private IdentityParameters ReadIdentity(CancellationToken cancellationToken) => new()
    {
        Certificate = Certificate,
        CertificatePassword = CertificatePassword,
        TrustedAuthorities = TrustedAuthority ?? [],
        RevocationList = RevocationList,
        RoleFile = RoleFile,
        AllowTls12 = AllowTls12,
        Cluster = Cluster,
        Notices = Notices,
        OfCluster = choice => IdentifyAsync(choice.Membership!, choice.IsExplicit, cancellationToken),
        ResolvePath = ResolveNewAsync,
    };
}
