using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Stops transfers that run in this process; what they have moved is kept. Of interrupted ones it deletes that.
/// </summary>
[Cmdlet(VerbsLifecycle.Stop, "DfssTransfer", DefaultParameterSetName = "Id", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class StopDfssTransferCommand : TransferCmdlet
{
    /// <inheritdoc/>
    private protected override async Task TakeRunningAsync(
        TrackedTransfer transfer, CancellationToken cancellationToken)
    {
        if (await ShouldProcessAsync(
            Describe(transfer.Description), "Stop, and keep what was moved").ConfigureAwait(false))
        {
            transfer.Stop();
            await transfer.Ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    private protected override async Task TakeInterruptedAsync(
        TransferStatus status, DfssTransferState? seen, CancellationToken cancellationToken)
    {
        if (seen is not (null or DfssTransferState.Interrupted))
        {
            // The caller asked to stop it. Only who has seen that it is interrupted asks to delete what it has kept.
            TakeVerbose($"The transfer of '{status.Description.Name}' has ended already. What was moved is kept.");
            return;
        }

        if (!await ShouldProcessAsync(
            Describe(status.Description), "Forget, and delete what was moved").ConfigureAwait(false))
        {
            return;
        }

        try
        {
            if (!ProcessTransfers.Registry.Forget(UserState.Folder!, status.Description))
            {
                await RefuseAsync(
                    status.Id,
                    ProcessTransfers.List().FirstOrDefault(one => one.Id == status.Id)).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await WriteErrorAsync(ErrorRecords.Create(
                "TransferNotDeleted", ErrorCategory.WriteError, status.Id,
                $"What was moved of '{status.Description.Name}' cannot be deleted: {exception.Message}",
                "Check who may write there, and run the command again.", exception)).ConfigureAwait(false);
        }
    }
}
