using System.Management.Automation;
using System.Runtime.ExceptionServices;

namespace Dfss.Commands;

/// <summary>
/// The base of all cmdlets of DFSS: their work is asynchronous, on a <see cref="PipelineBridge"/>, and failures become
/// error records with stable ids. Cleaning up belongs in <see cref="CleanUpAsync"/>, because EndProcessing is skipped
/// when the pipeline ends early.
/// </summary>
public abstract class DfssCmdlet : PSCmdlet, IDisposable
{
    private readonly PipelineBridge bridge = new();
    private ShownProgress? shownProgress;
    private bool isDisposed;

    /// <summary>Runs before the first input.</summary>
    private protected virtual Task BeginAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs for each input.</summary>
    private protected virtual Task ProcessAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Takes an input on the pipeline thread, where that needs no waiting.</summary>
    /// <returns>Whether it did; otherwise <see cref="ProcessAsync"/> runs.</returns>
    private protected virtual bool TryProcess() => false;

    /// <summary>Runs after the last input.</summary>
    private protected virtual Task EndAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Releases the cmdlet's resources; runs once, however the cmdlet ends.</summary>
    private protected virtual ValueTask CleanUpAsync() => ValueTask.CompletedTask;

    /// <summary>Cancelled when the user stops the pipeline.</summary>
    internal CancellationToken StopToken => bridge.StopToken;

    /// <summary>The target of a failure that ends the cmdlet; null if it is unknown.</summary>
    internal virtual object? EndingTarget(DfssException failure) => null;

    /// <summary>The notices about the certificate that the cmdlet presents.</summary>
    private protected CertificateNotices Notices => new(TakeVerbose, TakeWarning);

    /// <inheritdoc/>
    protected sealed override void BeginProcessing()
    {
        TakeCommand();
        Run(BeginAsync);
        BeginRecord();
    }

    /// <inheritdoc/>
    protected sealed override void ProcessRecord()
    {
        if (!TryRecord() && !TryProcess())
        {
            Run(ProcessAsync);
        }
    }

    /// <summary>Takes over the command of a job, before anything else, where this runs in one.</summary>
    private protected virtual void TakeCommand()
    {
    }

    /// <summary>Records the command line for a job.</summary>
    private protected virtual void BeginRecord()
    {
    }

    /// <summary>Records the input for a job, or does all that a job has recorded.</summary>
    /// <returns>Whether it did; otherwise the input is processed.</returns>
    private protected virtual bool TryRecord() => false;

    /// <summary>Starts the job of what was recorded.</summary>
    /// <returns>Whether it did; otherwise the input has ended.</returns>
    private protected virtual bool TryStartJob() => false;

    /// <summary>The parameters of the command line, and those of the input.</summary>
    private protected virtual IReadOnlyDictionary<string, object?> Bound => MyInvocation.BoundParameters;

    /// <summary>Whether a parameter is given.</summary>
    internal bool IsBound(string parameter) => Bound.ContainsKey(parameter);

    /// <summary>The parameter set, of the input or before the first one.</summary>
    internal virtual string InputSet => ParameterSetName;

    /// <summary>Whether the command is in a pipeline, behind another one.</summary>
    internal virtual bool ExpectsInput => MyInvocation.ExpectingInput;

    /// <inheritdoc/>
    protected sealed override void EndProcessing()
    {
        if (!TryStartJob())
        {
            Run(EndAsync);
            shownProgress?.Complete();
        }
    }

    /// <inheritdoc/>
    protected sealed override void StopProcessing() => bridge.Stop();

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!isDisposed)
        {
            isDisposed = true;
            try
            {
                shownProgress?.Complete();
            }
            finally
            {
                bridge.Close();
                PipelineBridge.WaitFor(() => CleanUpAsync().AsTask());
            }

            GC.SuppressFinalize(this);
        }
    }

    /// <summary>Writes an object to the pipeline; completes when all downstream commands have processed it.</summary>
    private protected Task WriteObjectAsync(object value) => InvokeAsync(() => WriteObject(value));

    /// <summary>Writes a non-terminating error.</summary>
    private protected Task WriteErrorAsync(ErrorRecord error) => InvokeAsync(() => Fail(error));

    /// <summary>Writes a non-terminating error; on the pipeline thread only.</summary>
    internal void Fail(ErrorRecord error)
    {
        HasFailed = true;
        WriteError(error);
    }

    /// <summary>Whether any error was written, shown or not.</summary>
    internal bool HasFailed { get; private set; }

    /// <summary>Writes a warning.</summary>
    private protected Task WriteWarningAsync(string text) => InvokeAsync(() => WriteWarning(text));

    /// <summary>Writes a verbose line.</summary>
    private protected Task WriteVerboseAsync(string text) => InvokeAsync(() => WriteVerbose(text));

    /// <summary>Writes a warning from any thread.</summary>
    private protected void TakeWarning(string text) => _ = WriteWarningAsync(text);

    /// <summary>Writes a verbose line from any thread.</summary>
    private protected void TakeVerbose(string text) => _ = WriteVerboseAsync(text);

    /// <summary>Writes a debug line from any thread.</summary>
    private protected void TakeDebug(string text) => _ = InvokeAsync(() => WriteDebug(text));

    /// <summary>Asks whether to change this target (-WhatIf, -Confirm).</summary>
    private protected Task<bool> ShouldProcessAsync(string target, string action) =>
        InvokeAsync(() => ShouldProcess(target, action));

    /// <summary>
    /// Asks for work that can be stopped while the question waits for the pipeline thread, which may be in the command
    /// that stops the work.
    /// </summary>
    private protected Task<bool> AskAsync(
        string target, string action, CancellationToken cancellationToken) =>
        InvokeAsync(() => !cancellationToken.IsCancellationRequested && ShouldProcess(target, action))
            .WaitAsync(cancellationToken);

    /// <summary>
    /// Asks whether to change this target; -Force stands for the answer unless -Confirm is given, and -WhatIf changes
    /// nothing with it either.
    /// </summary>
    private protected Task<bool> ShouldProcessAsync(string target, string action, bool force) => InvokeAsync(() =>
    {
        if (!force || MyInvocation.BoundParameters.ContainsKey("Confirm") || IsWhatIf())
        {
            return ShouldProcess(target, action);
        }

        WriteVerbose($"{action}: '{target}'.");
        return true;
    });

    /// <summary>
    /// Shows progress. The records are created on the pipeline thread at the moment they are shown, so a busy pipeline
    /// never shows outdated ones. Records that are no longer present are completed; all are completed however the
    /// cmdlet ends. Completes when the records are shown: between two inputs, with the next one.
    /// </summary>
    internal Task ShowProgressAsync(Func<IReadOnlyList<ProgressRecord>> createPicture) =>
        InvokeAsync(() => Progress.Show(createPicture()));

    /// <summary>Whether progress is to be shown; call on the pipeline thread only.</summary>
    internal virtual bool IsProgressWanted() => Progress.IsWanted();

    /// <summary>Runs an action on the pipeline thread. When it throws, the pipeline ends with that exception.</summary>
    internal Task InvokeAsync(Action action) => InvokeAsync(() =>
    {
        action();
        return true;
    });

    /// <summary>
    /// Runs a function on the pipeline thread. When it throws, the pipeline ends with that exception.
    /// </summary>
    internal Task<T> InvokeAsync<T>(Func<T> function) => bridge.InvokeAsync(function);

    /// <summary>
    /// Whether a stream is shown: its switch or action decides, else its preference variable. On the pipeline thread
    /// only.
    /// </summary>
    private protected bool IsWanted(string stream)
    {
        if (MyInvocation.BoundParameters.TryGetValue(stream, out object? given))
        {
            return given is SwitchParameter { IsPresent: true };
        }

        object? wanted = MyInvocation.BoundParameters.TryGetValue($"{stream}Action", out object? action)
            ? action
            : GetVariableValue(stream == "Error" ? "ErrorActionPreference" : $"{stream}Preference");
        return LanguagePrimitives.TryConvertTo(wanted, out ActionPreference preference)
            && preference is not (ActionPreference.SilentlyContinue or ActionPreference.Ignore);
    }

    /// <summary>
    /// Whether a parameter has one text for the whole command. A script block has not: PowerShell lists the parameter
    /// as bound from the start, and sets its property for each object of the pipeline. Valid before the first input.
    /// </summary>
    private protected bool IsFixed(string parameter) =>
        Bound.TryGetValue(parameter, out object? given) && given is string;

    /// <summary>Whether the command only reports what it would do. On the pipeline thread only.</summary>
    internal bool IsWhatIf() => MyInvocation.BoundParameters.TryGetValue("WhatIf", out object? given)
        ? given is SwitchParameter { IsPresent: true }
        : LanguagePrimitives.IsTrue(GetVariableValue("WhatIfPreference"));

    /// <summary>
    /// Resolves a path on the pipeline thread; a path that cannot be resolved is written as an error.
    /// </summary>
    private protected async Task<IReadOnlyList<string>> ResolveAsync(
        string path, PathKind kind, bool includesHidden = false)
    {
        FileSystemPath resolved = await InvokeAsync(() =>
            FileSystemPath.Resolve(this, path, kind, includesHidden)).ConfigureAwait(false);
        foreach (ErrorRecord error in resolved.Errors)
        {
            await WriteErrorAsync(error).ConfigureAwait(false);
        }

        return resolved.Paths;
    }

    /// <summary>Resolves a path that need not exist, on the pipeline thread; one that cannot be resolved ends the
    /// cmdlet.</summary>
    private protected async Task<string> ResolveNewAsync(string path)
    {
        FileSystemPath resolved =
            await InvokeAsync(() => FileSystemPath.Resolve(this, path, PathKind.New)).ConfigureAwait(false);
        return resolved.Errors is [{ } error, ..] ? throw new CmdletException(error) : resolved.Paths[0];
    }

    private ShownProgress Progress => shownProgress ??= new ShownProgress(this);

    /// <summary>Runs a body, and serves it on this thread, which is the pipeline's.</summary>
    private protected void Run(Func<CancellationToken, Task> body)
    {
        ExceptionDispatchInfo? ending = bridge.Run(body);
        switch (ending?.SourceException)
        {
            case OperationCanceledException when StopToken.IsCancellationRequested:
                throw new PipelineStoppedException();
            case CmdletException known:
                ThrowTerminatingError(known.Error);
                break;
            case DfssException failure:
                ThrowTerminatingError(ErrorRecords.Create(failure, EndingTarget(failure)));
                break;
            default:
                ending?.Throw();
                break;
        }
    }
}
