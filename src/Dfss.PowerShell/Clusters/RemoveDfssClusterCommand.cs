using System.Management.Automation;
using Dfss.Clusters;

namespace Dfss.Commands;

/// <summary>
/// Leaves clusters: deletes this user's certificates and keys of them, and what else is known of them here. Uses no
/// network.
/// </summary>
[Cmdlet(VerbsCommon.Remove, "DfssCluster", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(DfssClusterInfo))]
public sealed class RemoveDfssClusterCommand : DfssCmdlet
{
    // Get-DfssCluster writes an object for each certificate, and all of one cluster are removed together.
    private readonly HashSet<string> removed = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The names of the clusters on this machine; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true,
        HelpMessage = "The names of the clusters here; wildcards are allowed.")]
    [PathArgument]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ClusterCompletion))]
    public string[] Name { get; set; } = [];

    /// <summary>Does not ask; and removes a cluster with its authority, if that is here.</summary>
    [Parameter(HelpMessage = "Does not ask, and also removes a cluster whose authority is here.")]
    public SwitchParameter Force { get; set; }

    /// <summary>Writes what was removed.</summary>
    [Parameter(HelpMessage = "Returns the memberships that were removed.")]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<ClusterMembership> all = ClusterMembership.List(UserState.Folder);
        foreach (string name in Name)
        {
            ClusterMembership[] found;
            try
            {
                WildcardPattern pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
                found = [.. all.Where(one => pattern.IsMatch(one.Name))];
            }
            catch (WildcardPatternException exception)
            {
                await WriteErrorAsync(NameQuery.CreateError(name, exception)).ConfigureAwait(false);
                continue;
            }

            if (found.Length == 0 && !WildcardPattern.ContainsWildcardCharacters(name) && !removed.Contains(name))
            {
                await WriteErrorAsync(ClusterErrors.NotFound(name, variable: null, all).Error).ConfigureAwait(false);
            }

            foreach (ClusterMembership membership in found.Where(one => removed.Add(one.Name)))
            {
                await RemoveAsync(membership).ConfigureAwait(false);
            }
        }
    }

    private async Task RemoveAsync(ClusterMembership membership)
    {
        bool hasAuthority = membership.HasAuthority;
        if (hasAuthority && !Force && !await InvokeAsync(IsWhatIf).ConfigureAwait(false))
        {
            await WriteErrorAsync(ClusterErrors.AuthorityWouldBeLost(membership)).ConfigureAwait(false);
            return;
        }

        string action = hasAuthority
            ? "Delete the cluster's authority with its key, and the certificates of this user"
            : "Leave the cluster, and delete the certificates of this user";
        if (!await ShouldProcessAsync(membership.Name, action, Force).ConfigureAwait(false))
        {
            return;
        }

        try
        {
            List<DfssClusterInfo> memberships = PassThru ? Describe(membership) : [];
            membership.Remove();
            TakeVerbose($"Deleted '{membership.Folder}'.");
            foreach (DfssClusterInfo one in memberships)
            {
                await WriteObjectAsync(one).ConfigureAwait(false);
            }
        }
        catch (DfssException exception)
        {
            await WriteErrorAsync(ErrorRecords.Create(exception, membership.Name)).ConfigureAwait(false);
        }
    }

    private static List<DfssClusterInfo> Describe(ClusterMembership membership) =>
    [
        .. membership.Stores.Select(id => (StoreId?)id).Prepend(null).Select(membership.Describe)
            .OfType<MemberDescription>().Select(member => new DfssClusterInfo(membership, member)),
    ];
}
