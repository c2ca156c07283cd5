using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Changes the bandwidth limit of transfers that run in this process.</summary>
[Cmdlet(VerbsCommon.Set, "DfssTransfer", DefaultParameterSetName = "Id", SupportsShouldProcess = true)]
[OutputType(typeof(DfssTransfer))]
public sealed class SetDfssTransferCommand : TransferCmdlet
{
    /// <summary>How many bytes a second are moved at most, over all files of the command that the transfer is of; 0 for
    /// no limit.</summary>
    [Parameter(Mandatory = true, HelpMessage = "How many bytes a second are moved at most; 0 for no limit.")]
    [ValidateRange(0, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? BandwidthLimit { get; set; }

    /// <summary>Gives the changed transfers.</summary>
    [Parameter(HelpMessage = "Returns the transfers.")]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override async Task TakeRunningAsync(
        TrackedTransfer transfer, CancellationToken cancellationToken)
    {
        string action = BandwidthLimit == 0
            ? "Remove the bandwidth limit"
            : $"Limit the bandwidth to {ByteSize.ToText(BandwidthLimit)}/s";
        if (!await ShouldProcessAsync(Describe(transfer.Description), action).ConfigureAwait(false))
        {
            return;
        }

        transfer.BytesPerSecond = BandwidthLimit == 0 ? null : BandwidthLimit;
        if (PassThru)
        {
            await WriteObjectAsync(new DfssTransfer(transfer.Snapshot())).ConfigureAwait(false);
        }
    }
}
