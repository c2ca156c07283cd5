using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Resumes suspended transfers of this process, and starts interrupted ones again, as commands or as jobs.
/// </summary>
[Cmdlet(VerbsLifecycle.Resume, "DfssTransfer", DefaultParameterSetName = "Id", SupportsShouldProcess = true)]
[OutputType(typeof(DfssFileInfo), typeof(FileInfo), typeof(DfssFileRepair), typeof(Job))]
public sealed class ResumeDfssTransferCommand : TransferCmdlet
{
    /// <summary>Starts interrupted transfers as jobs.</summary>
    [Parameter(HelpMessage = "Starts interrupted transfers as jobs, and returns these.")]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    private protected override async Task TakeRunningAsync(
        TrackedTransfer transfer, CancellationToken cancellationToken)
    {
        if (!transfer.Gate.IsOpen
            && await ShouldProcessAsync(Describe(transfer.Description), "Resume").ConfigureAwait(false))
        {
            transfer.Gate.Open();
        }
    }

    /// <inheritdoc/>
    private protected override async Task TakeInterruptedAsync(
        TransferStatus status, DfssTransferState? seen, CancellationToken cancellationToken)
    {
        TransferDescription description = status.Description;
        if (description.Drive is { } drive)
        {
            await WriteErrorAsync(ErrorRecords.Create(
                "TransferNeedsSecret", ErrorCategory.InvalidOperation, status.Id,
                $"'{description.Name}' was transferred by a path of the drive '{drive}', and no journal has the "
                    + "identity of a drive.",
                $"Run {TransferCommand.NameOf(description)} again, with the same path of the drive and the same "
                    + "parameters. It goes on from where it was.")).ConfigureAwait(false);
        }
        else if (description.Secrets.Count > 0)
        {
            string names = string.Join(", ", description.Secrets.Select(name => $"-{name}"));
            await WriteErrorAsync(ErrorRecords.Create(
                "TransferNeedsSecret", ErrorCategory.InvalidOperation, status.Id,
                $"'{description.Name}' was transferred with {names}, and no journal has that.",
                $"Run {TransferCommand.NameOf(description)} again, with the same parameters"
                    + (TransferCommand.Describe(description) is { } command ? $": {command}. " : ". ")
                    + "It goes on from where it was.")).ConfigureAwait(false);
        }
        else if (await ShouldProcessAsync(Describe(description), "Start again").ConfigureAwait(false))
        {
            await InvokeAsync(() => Start(description)).ConfigureAwait(false);
        }
    }

    /// <summary>Runs the command. Its errors are those of this command; one that ends it does not end the
    /// others.</summary>
    private void Start(TransferDescription description)
    {
        (CmdletInfo command, Dictionary<string, object> parameters) = TransferCommand.Create(description, AsJob);
        foreach ((string name, object value) in MyInvocation.BoundParameters)
        {
            if (Cmdlet.CommonParameters.Contains(name) && !name.EndsWith("Variable", StringComparison.Ordinal)
                && name != "OutBuffer")
            {
                parameters[name] = value;
            }
        }

        // It was asked for this command.
        parameters["Confirm"] = new SwitchParameter(isPresent: false);
        ScriptBlock script = ScriptBlock.Create("param($command, $parameters) & $command @parameters");
        try
        {
            foreach (PSObject result in InvokeCommand.InvokeScript(
                useLocalScope: true, script, input: null, command, parameters))
            {
                WriteObject(result);
            }
        }
        catch (RuntimeException exception) when (exception is not PipelineStoppedException)
        {
            Fail(new ErrorRecord(exception.ErrorRecord, exception));
        }
    }
}
