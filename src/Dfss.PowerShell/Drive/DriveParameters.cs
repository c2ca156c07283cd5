using System.Management.Automation;
using System.Security;

namespace Dfss.Commands;

/// <summary>
/// The parameters that New-PSDrive has for a drive of stored files: those of the commands for their peers and their
/// identity.
/// </summary>
public sealed class DriveParameters
{
    /// <summary>The peers, as host:port, or objects of Get-DfssPeer.</summary>
    [Parameter(HelpMessage =
        "The peers: host:port, or objects of Get-DfssPeer. Default: $env:DFSS_PEER, the cluster's, or this session's.")]
    [PeerArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PeerCompletion))]
    public string[]? Peer { get; set; }

    /// <summary>The certificate to present, with its private key.</summary>
    [Parameter(HelpMessage = "The certificate to show, with its key: an object, a PFX or PEM path, or a thumbprint.")]
    [CertificateArgument]
    [ValidateNotNull]
    public DfssCertificateSource? Certificate { get; set; }

    /// <summary>The password of the file that -Certificate names.</summary>
    [Parameter(HelpMessage = "The password of the file that -Certificate names.")]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(NoCompletion))]
    public SecureString? CertificatePassword { get; set; }

    /// <summary>The certificates of the trusted authorities.</summary>
    [Parameter(
        HelpMessage = "The authorities whose certificates are trusted: objects, PEM or CER paths, or thumbprints.")]
    [CertificateArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public DfssCertificateSource[]? TrustedAuthority { get; set; }

    /// <summary>A file with the revocation lists of the trusted authorities.</summary>
    [Parameter(HelpMessage = "A file with the revocation lists (CRL) of the trusted authorities.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    public string? RevocationList { get; set; }

    /// <summary>Accepts TLS 1.2.</summary>
    [Parameter(HelpMessage = "Allows TLS 1.2 if the other side has no TLS 1.3.")]
    public SwitchParameter AllowTls12 { get; set; }

    /// <summary>The cluster, if several were joined; '' for none.</summary>
    [Parameter(HelpMessage = "The cluster, if several were joined; '' for none.")]
    [TextArgument]
    [AllowEmptyString]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(ClusterCompletion))]
    public string? Cluster { get; set; }
}
