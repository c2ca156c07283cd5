using System.Collections;
using System.Management.Automation;
using Dfss.Clusters;

namespace Dfss.Commands;

/// <summary>Completes the names of the members of a cluster, as its issuer lists them.</summary>
internal class MemberCompletion : CachedCompletion
{
    /// <summary>2 s: the next listing comes soon.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);

    /// <summary>The argument that stands for a name.</summary>
    private protected virtual string ToArgument(string name) => WildcardPattern.Escape(name);

    /// <inheritdoc/>
    private protected override IEnumerable<CompletionResult> Complete(CompletionWord word, IDictionary bound)
    {
        ClusterMembership membership =
            ClusterChoice.Require(bound[nameof(CertificateCmdlet.Cluster)]?.ToString());
        NameList names = NameCache.Of(NameCache.KeyOfMembers(membership.Name));
        WaitFor(names, names.RefreshAsync((take, token) => ListAsync(membership, take, token)));
        return names.Find(name => name.StartsWith(word.Text, StringComparison.OrdinalIgnoreCase)).Take(MaxResults)
            .Select(name => word.ToResult(ToArgument(name), name));
    }

    private static async Task ListAsync(
        ClusterMembership membership, Action<string, long[]> take, CancellationToken cancellationToken)
    {
        IssuerClient issuer = new(CompletionScope.IdentityOf(membership), membership, ConnectTimeout);
        foreach (MemberCertificate one in
            await issuer.ListCertificatesAsync(cancellationToken).ConfigureAwait(false))
        {
            take(new DfssCertificateInfo(membership.Name, one).Name, []);
        }
    }
}

/// <summary>Completes the names of members where every character stands for itself.</summary>
internal sealed class LiteralMemberCompletion : MemberCompletion
{
    /// <inheritdoc/>
    private protected override string ToArgument(string name) => name;
}
