using System.Management.Automation;

namespace Dfss.Commands;

/// <content> -AsJob. In the caller's session the cmdlet reads what only that session has, records its inputs, and
/// starts a job. In the job's runspace the same cmdlet takes what was recorded, and does the work.
/// </content>
public abstract partial class ClientCmdlet
{
    private RecordedCommand? recording;
    private CallerSession? caller;

    /// <summary>The command of the job that this runs in; null outside a job.</summary>
    internal RecordedCommand? Replayed { get; private set; }

    /// <summary>Whether the command is to run as a job.</summary>
    private protected virtual bool RunsAsJob => false;

    /// <inheritdoc/>
    private protected override IReadOnlyDictionary<string, object?> Bound => Replayed?.Bound ?? base.Bound;

    /// <inheritdoc/>
    internal override string InputSet => Replayed?.ParameterSet ?? base.InputSet;

    /// <inheritdoc/>
    internal override bool ExpectsInput => Replayed?.ExpectsInput ?? base.ExpectsInput;

    /// <summary>-WhatIf asks and answers at once: a job would have nothing to do.</summary>
    private bool StartsJob => RunsAsJob && Replayed is null && !IsWhatIf();

    /// <inheritdoc/>
    internal override bool IsProgressWanted() => !StartsJob && base.IsProgressWanted();

    /// <summary>
    /// Reads the keys and certificates that the parameters name, so that the job needs no file, password or session for
    /// them.
    /// </summary>
    private protected virtual Task HoldKeysAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Why the command cannot be a job: it would have to ask. Null if it can.</summary>
    private protected virtual ErrorRecord? FindJobObstacle() => null;

    /// <inheritdoc/>
    private protected sealed override void TakeCommand()
    {
        Replayed = GetVariableValue(RecordedCommand.Variable) as RecordedCommand;
        Replayed?.ApplyTo(this);
    }

    /// <inheritdoc/>
    private protected sealed override void BeginRecord()
    {
        if (!StartsJob)
        {
            return;
        }

        if (FindJobObstacle() is { } obstacle)
        {
            ThrowTerminatingError(obstacle);
        }

        Run(HoldKeysAsync);
        caller = new CallerSession(this);
        recording = new RecordedCommand(this)
        {
            Identity = identity,
            Choice = choice,
            Drive = driveName,
            Peers = Client.Peers,
        };
    }

    /// <inheritdoc/>
    private protected sealed override bool TryRecord()
    {
        if (Replayed is not null)
        {
            foreach (RecordedInput _ in Replayed.Replay(this))
            {
                Run(ProcessAsync);
            }

            return true;
        }

        recording?.Add(this);
        return recording is not null;
    }

    /// <inheritdoc/>
    private protected sealed override bool TryStartJob()
    {
        if (recording is null)
        {
            return false;
        }

        string inputs = recording.InputCount == 1
            ? "1 input"
            : FormattableString.Invariant($"{recording.InputCount} inputs");
        if (ShouldProcess($"{recording.Name}, {inputs}", "Start a job"))
        {
            TransferJob job = TransferJob.Start(recording, caller!);
            JobRepository.Add(job);
            WriteObject(job);
        }

        return true;
    }
}
