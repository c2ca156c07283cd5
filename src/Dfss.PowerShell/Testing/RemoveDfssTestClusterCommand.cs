using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>Removes test clusters: stops their peers and deletes their files. A cluster that was removed is no
/// error.</summary>
[Cmdlet(VerbsCommon.Remove, "DfssTestCluster", SupportsShouldProcess = true)]
[OutputType(typeof(DfssTestCluster))]
public sealed class RemoveDfssTestClusterCommand : DfssCmdlet
{
    /// <summary>The clusters, from New-DfssTestCluster.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true,
        HelpMessage = "The clusters, from New-DfssTestCluster.")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public DfssTestCluster[] InputObject { get; set; } = [];

    /// <summary>Writes each cluster when it was removed.</summary>
    [Parameter(HelpMessage = "Writes each cluster when it was removed.")]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (DfssTestCluster cluster in InputObject)
        {
            if (!await ShouldProcessAsync(cluster.ToString(), "Remove the test cluster").ConfigureAwait(false))
            {
                continue;
            }

            await cluster.RemoveAsync().ConfigureAwait(false);
            if (PassThru)
            {
                await WriteObjectAsync(cluster).ConfigureAwait(false);
            }
        }
    }
}
