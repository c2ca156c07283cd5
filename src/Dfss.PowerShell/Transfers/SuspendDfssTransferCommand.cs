using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Suspends transfers of this process: they move no further chunk until they are resumed.</summary>
[Cmdlet(VerbsLifecycle.Suspend, "DfssTransfer", DefaultParameterSetName = "Id", SupportsShouldProcess = true)]
[OutputType(typeof(DfssTransfer))]
public sealed class SuspendDfssTransferCommand : TransferCmdlet
{
    /// <summary>Gives the suspended transfers.</summary>
    [Parameter(HelpMessage = "Returns the transfers.")]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override async Task TakeRunningAsync(
        TrackedTransfer transfer, CancellationToken cancellationToken)
    {
        if (!await ShouldProcessAsync(Describe(transfer.Description), "Suspend").ConfigureAwait(false))
        {
            return;
        }

        transfer.Gate.Close();
        if (PassThru)
        {
            await WriteObjectAsync(new DfssTransfer(transfer.Snapshot())).ConfigureAwait(false);
        }
    }
}
