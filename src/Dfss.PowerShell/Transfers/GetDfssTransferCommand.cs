using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Gives the transfers of this process that run, those of other processes, and those that were interrupted.
/// </summary>
[Cmdlet(VerbsCommon.Get, "DfssTransfer")]
[OutputType(typeof(DfssTransfer))]
public sealed class GetDfssTransferCommand : DfssCmdlet
{
    /// <summary>The numbers of the transfers; all of them by default.</summary>
    [Parameter(Position = 0, HelpMessage = "The numbers of the transfers. Default: all.")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int[] Id { get; set; } = [];

    /// <summary>The states of the transfers; any by default.</summary>
    [Parameter(HelpMessage = "Only transfers in one of these states. Default: any.")]
    [ValidateNotNullOrEmpty]
    public DfssTransferState[] State { get; set; } = [];

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<TransferStatus> all = ProcessTransfers.List();
        foreach (int id in Id.Where(id => all.All(one => one.Id != id)))
        {
            await WriteErrorAsync(ErrorRecords.Create(
                "TransferNotFound", ErrorCategory.ObjectNotFound, id,
                FormattableString.Invariant($"There is no transfer {id}: it has ended, or never was."),
                "List the transfers with Get-DfssTransfer.")).ConfigureAwait(false);
        }

        foreach (DfssTransfer transfer in all.Select(status => new DfssTransfer(status)))
        {
            if ((Id.Length == 0 || Id.Contains(transfer.Id)) && (State.Length == 0 || State.Contains(transfer.State)))
            {
                await WriteObjectAsync(transfer).ConfigureAwait(false);
            }
        }
    }
}
