using System.Management.Automation;
using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Dfss.Storage;
using Dfss.Storage.S3;

namespace Dfss.Commands;

/// <content>A store in an S3-compatible engine. Its assembly loads only where such a store is named.</content>
public sealed partial class StartDfssPeerCommand
{
    private const string EngineSet = "Store";

    /// <summary>The address of a store in an S3-compatible engine: s3://BUCKET/PREFIX?endpoint=URL.</summary>
    [Parameter(Mandatory = true, ParameterSetName = EngineSet,
        HelpMessage = "A store in an S3-compatible engine: s3://BUCKET/PREFIX?endpoint=URL.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string? Store { get; set; }

    /// <summary>
    /// The access key (user name) and the secret (password) for the engine: a PSCredential, or the name of a secret of
    /// SecretManagement that is one. By default what the AWS SDK finds.
    /// </summary>
    [Parameter(ParameterSetName = EngineSet,
        HelpMessage = "The access key and the secret for the engine: a PSCredential, or the name of a secret.")]
    [ValidateNotNull]
    [CredentialArgument]
    [ArgumentCompleter(typeof(NoCompletion))]
    public DfssCredentialSource? Credential { get; set; }

    /// <summary>
    /// The authorities of the engine's certificate: objects, PEM or CER paths, or thumbprints. They count in place of
    /// those of the system.
    /// </summary>
    [Parameter(ParameterSetName = EngineSet,
        HelpMessage = "The authorities of the engine's certificate, in place of the system's: PEM or CER paths.")]
    [CertificateArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public DfssCertificateSource[]? EngineAuthority { get; set; }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string ReadAddress(string text) => S3Engine.ReadAddress(text);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static StoreEngine OpenEngine(string address, PeerIdentity identity) =>
        S3Engine.Open(address, identity.Engine, identity.EngineAuthorities);

    /// <summary>The identity with what the engine needs.</summary>
    /// <exception cref="CmdletException">CertificateNotFound, CertificateUnreadable, CertificateInvalid,
    /// SecretModuleMissing, SecretNotFound, SecretTypeWrong.</exception>
    private async Task<PeerIdentity> AddEngineAsync(PeerIdentity identity, CancellationToken cancellationToken)
    {
        List<X509Certificate2> authorities = [];
        IdentityParameters parameters = ReadIdentity(cancellationToken);
        foreach (DfssCertificateSource source in EngineAuthority ?? [])
        {
            authorities.AddRange(
                await parameters.ReadAuthoritiesAsync(source, cancellationToken).ConfigureAwait(false));
        }

        PSCredential? credential = Credential is null
            ? null
            : await InvokeAsync(() => SecretReader.Read(InvokeCommand, Credential)).ConfigureAwait(false);
        // GetNetworkCredential takes a name with @ or \ apart. Empty ones are no reason to look for others.
        NetworkCredential? given =
            credential is null ? null : new NetworkCredential(credential.UserName, credential.Password);
        return identity with { Engine = given, EngineAuthorities = authorities };
    }
}
