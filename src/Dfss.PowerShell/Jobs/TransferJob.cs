using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Engine = System.Management.Automation.PowerShell;

namespace Dfss.Commands;

/// <summary>
/// A command that runs in a runspace of its own, in this process, so that it goes on while the session does something
/// else. Its streams are those of the job.
/// </summary>
internal sealed class TransferJob : Job
{
    /// <summary>
    /// 50: more than a command shows at one moment. Only the last ones matter; a job for which no user asks must not
    /// collect those of hours.
    /// </summary>
    private const int MaxProgress = 50;

    private readonly Engine shell = Engine.Create();
    private readonly CallerSession caller;
    private Runspace? runspace;
    private string status = string.Empty;
    private bool isDisposed;

    private TransferJob(RecordedCommand command, CallerSession caller)
        : base(command.Line.Length > 0 ? command.Line : command.Name)
    {
        this.caller = caller;
        PSJobTypeName = "DfssJob";
    }

    /// <inheritdoc/>
    public override bool HasMoreData => Output.Count + Error.Count + Warning.Count + Verbose.Count + Debug.Count
        + Information.Count + Progress.Count > 0;

    /// <inheritdoc/>
    public override string Location => "localhost";

    /// <inheritdoc/>
    public override string StatusMessage => Volatile.Read(ref status);

    /// <summary>Whether a session started it.</summary>
    internal bool IsOf(Runspace session) => caller.Runspace.InstanceId == session.InstanceId;

    /// <summary>Starts a command as a job.</summary>
    internal static TransferJob Start(RecordedCommand command, CallerSession caller)
    {
        var job = new TransferJob(command, caller);
        try
        {
            job.Run(command);
            return job;
        }
        catch
        {
            job.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void StopJob() => shell.Stop();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !isDisposed)
        {
            isDisposed = true;
            SessionJobs.Remove(this);
            caller.Runspace.StateChanged -= OnSessionChanged;
            shell.Stop();
            shell.Dispose();
            runspace?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Run(RecordedCommand command)
    {
        runspace = caller.Open(command);
        shell.Runspace = runspace;
        shell.AddCommand(command.Name);
        foreach ((string name, object? value) in command.BindingOfJob)
        {
            shell.AddParameter(name, value);
        }

        shell.Streams.Error = Error;
        shell.Streams.Warning = Warning;
        shell.Streams.Verbose = Verbose;
        shell.Streams.Debug = Debug;
        shell.Streams.Information = Information;
        shell.Streams.Progress = Progress;
        Progress.DataAdded += OnProgress;
        shell.InvocationStateChanged += OnStateChanged;
        caller.Runspace.StateChanged += OnSessionChanged;
        SessionJobs.Add(this);
        SetJobState(JobState.Running);
        shell.BeginInvoke<PSObject, PSObject>(input: null, Output);
    }

    private void OnProgress(object? sender, DataAddedEventArgs added)
    {
        try
        {
            Volatile.Write(ref status, Progress[added.Index].StatusDescription);
            while (Progress.Count > MaxProgress)
            {
                Progress.RemoveAt(0);
            }
        }
        catch (ArgumentOutOfRangeException)
        {
            // Receive-Job has just taken them.
        }
    }

    private void OnStateChanged(object? sender, PSInvocationStateChangedEventArgs changed)
    {
        PSInvocationStateInfo info = changed.InvocationStateInfo;
        JobState? end = info.State switch
        {
            PSInvocationState.Completed => JobState.Completed,
            PSInvocationState.Failed => JobState.Failed,
            PSInvocationState.Stopped => JobState.Stopped,
            _ => null,
        };
        if (end is not { } state)
        {
            return;
        }

        if (state == JobState.Failed && info.Reason is IContainsErrorRecord failure)
        {
            Error.Add(failure.ErrorRecord);
        }

        SessionJobs.Remove(this);
        runspace!.CloseAsync();
        Output.Complete();
        Error.Complete();
        Warning.Complete();
        Verbose.Complete();
        Debug.Complete();
        Information.Complete();
        Progress.Complete();
        SetJobState(state);
    }

    /// <summary>A session that has ended can neither show a job nor stop it.</summary>
    private void OnSessionChanged(object? sender, RunspaceStateEventArgs changed)
    {
        if (changed.RunspaceStateInfo.State is RunspaceState.Closed or RunspaceState.Broken or RunspaceState.Closing)
        {
            shell.BeginStop(callback: null, state: null);
        }
    }
}
