using System.Management.Automation;
using Dfss.Security;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Lists who is a member of a cluster, by the certificates that its issuer has issued. Asks the issuer, as an administrator.</summary>
[Cmdlet(VerbsCommon.Get, "DfssCertificate")]
[OutputType(typeof(DfssCertificateInfo))]
public sealed class GetDfssCertificateCommand : CertificateCmdlet
{
    /// <summary>What the members are called; wildcards are allowed.</summary>
    [Parameter(Position = 0, HelpMessage = "What the members are called; wildcards are allowed.")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string[] Name { get; set; } = ["*"];

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        ClusterMembership membership = ClusterChoice.Require(Cluster);
        IssuerClient issuer = await ConnectAsync(membership, cancellationToken).ConfigureAwait(false);
        foreach (DfssCertificateInfo one in await FindAsync(membership, issuer, Name, cancellationToken).ConfigureAwait(false))
        {
            await WriteObjectAsync(one).ConfigureAwait(false);
        }
    }
}
