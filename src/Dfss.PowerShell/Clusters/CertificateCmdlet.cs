using System.Management.Automation;
using Dfss.Clusters;

namespace Dfss.Commands;

/// <summary>A cmdlet that deals with the members' certificates: asks the cluster's issuer, as an administrator.</summary>
public abstract class CertificateCmdlet : DfssCmdlet
{
    /// <summary>The cluster, where several were joined.</summary>
    [Parameter(HelpMessage = "The cluster, where several were joined.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ClusterCompletion))]
    public string? Cluster { get; set; }

    /// <inheritdoc/>
    private protected override object? EndingTarget(DfssException failure) => Cluster;

    /// <summary>The issuer of a cluster.</summary>
    private protected async Task<IssuerClient> ConnectAsync(ClusterMembership membership, CancellationToken cancellationToken) =>
        new(await ClusterIdentity.OfUserAsync(membership, Notices, cancellationToken).ConfigureAwait(false), membership.LoadIssuer());

    /// <summary>The certificates of the members that are called so; of a name without wildcards that nobody has an error is written.</summary>
    private protected async Task<IReadOnlyList<DfssCertificateInfo>> FindAsync(
        ClusterMembership membership, IssuerClient issuer, IReadOnlyList<string> names, bool isLiteral, CancellationToken cancellationToken)
    {
        DfssCertificateInfo[] all = [.. (await issuer.ListCertificatesAsync(cancellationToken).ConfigureAwait(false))
            .Select(one => new DfssCertificateInfo(membership.Name, one))];
        WildcardPattern[] patterns = [.. names.Select(
            name => WildcardPattern.Get(isLiteral ? WildcardPattern.Escape(name) : name, WildcardOptions.IgnoreCase))];
        foreach ((string name, WildcardPattern pattern) in names.Zip(patterns))
        {
            if ((isLiteral || !WildcardPattern.ContainsWildcardCharacters(name)) && !all.Any(one => pattern.IsMatch(one.Name)))
            {
                await WriteErrorAsync(ClusterErrors.MemberNotFound(membership, name)).ConfigureAwait(false);
            }
        }

        return [.. all.Where(one => patterns.Any(pattern => pattern.IsMatch(one.Name)))];
    }
}
