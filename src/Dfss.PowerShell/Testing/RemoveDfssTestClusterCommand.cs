using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>Removes test clusters: stops their peers and deletes their files. A cluster that was removed is no
/// error.</summary>
[Cmdlet(VerbsCommon.Remove, "DfssTestCluster", SupportsShouldProcess = true)]
public sealed class RemoveDfssTestClusterCommand : DfssCmdlet
{
    /// <summary>The clusters, from New-DfssTestCluster.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true,
        HelpMessage = "The clusters, from New-DfssTestCluster.")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public DfssTestCluster[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (DfssTestCluster cluster in InputObject)
        {
            if (await ShouldProcessAsync(cluster.ToString(), "Remove the test cluster").ConfigureAwait(false))
            {
                await cluster.RemoveAsync().ConfigureAwait(false);
            }
        }
    }
}
