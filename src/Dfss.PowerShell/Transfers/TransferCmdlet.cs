using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>A cmdlet that does something with transfers, named by number or as objects of Get-DfssTransfer.</summary>
public abstract class TransferCmdlet : DfssCmdlet
{
    private const string IdSet = "Id";
    private const string InputObjectSet = "InputObject";

    /// <summary>The numbers of the transfers.</summary>
    /// <remarks>
    /// Not from the pipeline: the engine would prefer it to the object, whose state tells what the caller has seen.
    /// </remarks>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = IdSet,
        HelpMessage = "The numbers of the transfers, as Get-DfssTransfer shows them.")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int[] Id { get; set; } = [];

    /// <summary>The transfers, from Get-DfssTransfer.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet,
        HelpMessage = "The transfers, from Get-DfssTransfer.")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public DfssTransfer[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    private protected sealed override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        IEnumerable<(int Id, DfssTransferState? Seen)> given = ParameterSetName == InputObjectSet
            ? InputObject.Select(one => (one.Id, (DfssTransferState?)one.State))
            : Id.Select(id => (id, (DfssTransferState?)null));
        foreach ((int id, DfssTransferState? seen) in given)
        {
            if (ProcessTransfers.FindRunning(id) is { } running)
            {
                await TakeRunningAsync(running, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                TransferStatus? status = ProcessTransfers.List().FirstOrDefault(one => one.Id == id);
                await (status is { State: TransferState.Interrupted }
                    ? TakeInterruptedAsync(status, seen, cancellationToken)
                    : RefuseAsync(id, status)).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The error of a transfer that another command has, or that has ended.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="status">What it is now; null if it has ended.</param>
    private protected Task RefuseAsync(int id, TransferStatus? status)
    {
        if (status is null)
        {
            return WriteErrorAsync(ErrorRecords.Create(
                "TransferNotFound", ErrorCategory.ObjectNotFound, id,
                FormattableString.Invariant($"There is no transfer {id}: it has ended, or never was."),
                "List the transfers with Get-DfssTransfer."));
        }

        string which = FormattableString.Invariant($"transfer {id} of '{status.Description.Name}'");
        if (status.State != TransferState.RunningElsewhere)
        {
            return WriteErrorAsync(ErrorRecords.Create(
                "TransferInUse", ErrorCategory.ResourceBusy, id,
                $"Another command starts {which} again at this moment.",
                "Look at it with Get-DfssTransfer, and run the command again if the transfer does not run."));
        }

        bool isKnown = status.ProcessId is not null && status.ProcessId != Environment.ProcessId;
        string process = isKnown ? FormattableString.Invariant($"process {status.ProcessId}") : "another process";
        string end = isKnown ? FormattableString.Invariant($" (Stop-Process -Id {status.ProcessId})") : string.Empty;
        return WriteErrorAsync(ErrorRecords.Create(
            "TransferInUse", ErrorCategory.ResourceBusy, id,
            $"The {which} runs in {process}, which alone can suspend, change or stop it.",
            $"Run the command in that process, or end the process{end} and start the transfer here with "
                + "Resume-DfssTransfer."));
    }

    /// <summary>Takes a transfer that runs in this process.</summary>
    private protected abstract Task TakeRunningAsync(TrackedTransfer transfer, CancellationToken cancellationToken);

    /// <summary>Takes a transfer that was interrupted; an error, unless the cmdlet does something with it.</summary>
    /// <param name="status">The transfer.</param>
    /// <param name="seen">Its state when Get-DfssTransfer gave it; null where only its number is given.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    private protected virtual Task TakeInterruptedAsync(
        TransferStatus status, DfssTransferState? seen, CancellationToken cancellationToken) =>
        WriteErrorAsync(ErrorRecords.Create(
            "TransferNotRunning", ErrorCategory.InvalidOperation, status.Id,
            FormattableString.Invariant($"Transfer {status.Id} of '{status.Description.Name}' does not run."),
            "Start it again with Resume-DfssTransfer."));

    /// <summary>What a transfer is about, for a question.</summary>
    private protected static string Describe(TransferDescription description) => FormattableString.Invariant(
        $"{description.Kind} of '{description.Name}', {ByteSize.ToText(description.Length)}");
}
