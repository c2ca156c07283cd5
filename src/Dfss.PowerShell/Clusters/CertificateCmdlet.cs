using System.Management.Automation;
using Dfss.Clusters;

namespace Dfss.Commands;

/// <summary>A cmdlet that works on members' certificates: calls the cluster's issuer, as an administrator.</summary>
public abstract class CertificateCmdlet : DfssCmdlet
{
    /// <summary>The cluster to use, where the user has joined several.</summary>
    [Parameter(HelpMessage = "The cluster, if several were joined.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ClusterCompletion))]
    public string? Cluster { get; set; }

    /// <inheritdoc/>
    internal override object? EndingTarget(DfssException failure) => Cluster;

    /// <summary>A client of a cluster's issuer.</summary>
    private protected async Task<IssuerClient> ConnectAsync(
        ClusterMembership membership, CancellationToken cancellationToken) =>
        new(await ClusterIdentity.OfUserAsync(membership, Notices, cancellationToken).ConfigureAwait(false),
            membership);

    /// <summary>
    /// The certificates of the members with these names. A name without wildcards that no member has gives an error.
    /// </summary>
    private protected async Task<IReadOnlyList<DfssCertificateInfo>> FindAsync(
        ClusterMembership membership, IssuerClient issuer, IReadOnlyList<string> names, bool isLiteral,
        CancellationToken cancellationToken)
    {
        DfssCertificateInfo[] all = [.. (await issuer.ListCertificatesAsync(cancellationToken).ConfigureAwait(false))
            .Select(one => new DfssCertificateInfo(membership.Name, one))];
        NameList known = NameCache.Of(NameCache.KeyOfMembers(membership.Name));
        Array.ForEach(all, one => known.Add(one.Name, []));
        WildcardPattern[] patterns = [.. names.Select(
            name => WildcardPattern.Get(isLiteral ? WildcardPattern.Escape(name) : name, WildcardOptions.IgnoreCase))];
        foreach ((string name, WildcardPattern pattern) in names.Zip(patterns))
        {
            if ((isLiteral || !WildcardPattern.ContainsWildcardCharacters(name))
                && !all.Any(one => pattern.IsMatch(one.Name)))
            {
                await WriteErrorAsync(
                    ClusterErrors.MemberNotFound(membership, name, all.Select(one => one.Name))).ConfigureAwait(false);
            }
        }

        return [.. all.Where(one => patterns.Any(pattern => pattern.IsMatch(one.Name)))];
    }
}
