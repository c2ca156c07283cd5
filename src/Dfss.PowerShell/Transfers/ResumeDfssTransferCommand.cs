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
        if (FindSecret(status.Id, status.Description) is { } hindrance)
        {
            await WriteErrorAsync(hindrance).ConfigureAwait(false);
        }
        else if (await ShouldProcessAsync(Describe(status.Description), "Start again").ConfigureAwait(false))
        {
            await ClaimAndStartAsync(status).ConfigureAwait(false);
        }
    }

    /// <summary>The error of a transfer that needs what no journal has; null for any other.</summary>
    private static ErrorRecord? FindSecret(int id, TransferDescription description)
    {
        if (description.Drive is { } drive)
        {
            return ErrorRecords.Create(
                "TransferNeedsSecret", ErrorCategory.InvalidOperation, id,
                $"'{description.Name}' was transferred by a path of the drive '{drive}', and no journal has the "
                    + "identity of a drive.",
                $"Run {TransferCommand.NameOf(description)} again, with the same path of the drive and the same "
                    + "parameters. It goes on from where it was.");
        }

        if (description.Secrets.Count == 0)
        {
            return null;
        }

        string names = string.Join(", ", description.Secrets.Select(name => $"-{name}"));
        return ErrorRecords.Create(
            "TransferNeedsSecret", ErrorCategory.InvalidOperation, id,
            $"'{description.Name}' was transferred with {names}, and no journal has that.",
            $"Run {TransferCommand.NameOf(description)} again, with the same parameters"
                + (TransferCommand.Describe(description) is { } command ? $": {command}. " : ". ")
                + "It goes on from where it was.");
    }

    /// <summary>
    /// First no other command, of this process or another, can start it any more: two would transfer it twice.
    /// </summary>
    private async Task ClaimAndStartAsync(TransferStatus status)
    {
        TransferClaim? claim;
        try
        {
            claim = ProcessTransfers.Registry.TryClaim(UserState.Folder!, status.Description);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await WriteErrorAsync(ErrorRecords.Create(
                "TransferNotClaimed", ErrorCategory.WriteError, status.Id,
                $"The journal of '{status.Description.Name}' cannot be written: {exception.Message}",
                $"Check that '{UserState.Folder}' may be written and has space, and run the command again.",
                exception)).ConfigureAwait(false);
            return;
        }

        if (claim is null)
        {
            await RefuseAsync(
                status.Id,
                ProcessTransfers.List().FirstOrDefault(one => one.Id == status.Id)).ConfigureAwait(false);
            return;
        }

        // The journal may be another command's by now, of the same file: while this one asked whether to begin.
        if (FindSecret(status.Id, claim.Description) is { } hindrance)
        {
            claim.Dispose();
            await WriteErrorAsync(hindrance).ConfigureAwait(false);
            return;
        }

        bool isTaken = false;
        try
        {
            await InvokeAsync(() =>
            {
                isTaken = true;
                Start(claim);
            }).ConfigureAwait(false);
        }
        finally
        {
            // What was started has the claim from then on: a job also where the pipeline is stopped at its output.
            if (!isTaken)
            {
                claim.Dispose();
            }
        }
    }

    /// <summary>Runs the command. Its errors are those of this command; one that ends it does not end the
    /// others.</summary>
    private void Start(TransferClaim claim)
    {
        Job? job = null;
        try
        {
            RunCommand(claim.Description, result =>
            {
                job = AsJob ? result.BaseObject as Job : null;
                WriteObject(result);
            });
        }
        catch (RuntimeException exception) when (exception is not PipelineStoppedException)
        {
            Fail(new ErrorRecord(exception.ErrorRecord, exception));
        }
        finally
        {
            ReleaseAfter(job, claim);
        }
    }

    private void RunCommand(TransferDescription description, Action<PSObject> write)
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
        foreach (PSObject result in InvokeCommand.InvokeScript(
            useLocalScope: true, script, input: null, command, parameters))
        {
            write(result);
        }
    }

    /// <summary>The claim ends with the command, or with its job.</summary>
    private static void ReleaseAfter(Job? job, TransferClaim claim)
    {
        if (job is null)
        {
            claim.Dispose();
            return;
        }

        // Also where a job that was stopped has never begun the transfer.
        job.StateChanged += (_, _) => ReleaseIfEnded();
        ReleaseIfEnded();

        void ReleaseIfEnded()
        {
            if (job.JobStateInfo.State is JobState.Completed or JobState.Failed or JobState.Stopped)
            {
                claim.Dispose();
            }
        }
    }
}
