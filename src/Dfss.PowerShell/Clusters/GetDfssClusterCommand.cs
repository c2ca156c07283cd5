using System.Management.Automation;
using Dfss.Clusters;

namespace Dfss.Commands;

/// <summary>
/// Lists the clusters that this user has created or joined, and the roles of the user and of the user's stores. Uses no
/// network.
/// </summary>
[Cmdlet(VerbsCommon.Get, "DfssCluster")]
[OutputType(typeof(DfssClusterInfo))]
public sealed class GetDfssClusterCommand : DfssCmdlet
{
    /// <summary>The names of the clusters on this machine; wildcards are allowed.</summary>
    [Parameter(Position = 0, HelpMessage = "The names of the clusters here; wildcards are allowed.")]
    [TextArgument]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ClusterCompletion))]
    public string[] Name { get; set; } = ["*"];

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<ClusterMembership> all = ClusterMembership.List(UserState.Folder);
        foreach (string name in Name)
        {
            WildcardPattern pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
            ClusterMembership[] found = [.. all.Where(one => pattern.IsMatch(one.Name))];
            if (found.Length == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
            {
                await WriteErrorAsync(ClusterErrors.NotFound(name, variable: null, all).Error).ConfigureAwait(false);
            }

            foreach (ClusterMembership membership in found)
            {
                await WriteAsync(membership).ConfigureAwait(false);
            }
        }
    }

    private async Task WriteAsync(ClusterMembership membership)
    {
        foreach (StoreId? store in membership.Stores.Select(id => (StoreId?)id).Prepend(null))
        {
            try
            {
                if (membership.Describe(store) is { } member)
                {
                    await WriteObjectAsync(new DfssClusterInfo(membership, member)).ConfigureAwait(false);
                }
            }
            catch (DfssException exception)
            {
                await WriteErrorAsync(ErrorRecords.Create(exception, membership.Name)).ConfigureAwait(false);
            }
        }
    }
}
