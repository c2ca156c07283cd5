using System.Management.Automation;
using Dfss.Clusters;

namespace Dfss.Commands;

/// <summary>
/// Lists the members of a cluster by the certificates that its issuer has issued. Calls the issuer, as an
/// administrator.
/// </summary>
[Cmdlet(VerbsCommon.Get, "DfssCertificate", DefaultParameterSetName = NameSet)]
[OutputType(typeof(DfssCertificateInfo))]
public sealed class GetDfssCertificateCommand : CertificateCmdlet
{
    private const string NameSet = "Name";
    private const string LiteralNameSet = "LiteralName";

    /// <summary>The names of the members; wildcards are allowed.</summary>
    [Parameter(
        Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = NameSet,
        HelpMessage = "What the members are called; wildcards are allowed.")]
    [TextArgument]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MemberCompletion))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>The names of the members, taken literally.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = LiteralNameSet,
        HelpMessage = "The names of the members; every character is literal.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralMemberCompletion))]
    public string[] LiteralName { get; set; } = [];

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        ClusterMembership membership = ClusterChoice.Require(Cluster);
        IssuerClient issuer = await ConnectAsync(membership, cancellationToken).ConfigureAwait(false);
        bool isLiteral = ParameterSetName == LiteralNameSet;
        string[] names = isLiteral ? LiteralName : Name;
        foreach (DfssCertificateInfo one in await FindAsync(
            membership, issuer, names, isLiteral, cancellationToken).ConfigureAwait(false))
        {
            await WriteObjectAsync(one).ConfigureAwait(false);
        }
    }
}
