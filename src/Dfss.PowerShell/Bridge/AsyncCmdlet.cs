using System.Management.Automation;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;

namespace Dfss.Commands;

/// <summary>
/// The bridge between tasks and PowerShell's pipeline thread. A subclass implements its work as asynchronous methods.
/// They run on the thread pool and reach the pipeline through the awaitable methods here, each of which runs on the
/// pipeline thread.
/// </summary>
/// <remarks>
/// The contract. The pipeline thread serves the body until the body has ended, so no body outlives its call. When a
/// write throws (downstream ran <c>throw</c> or <c>break</c>, or needs no more objects), the exception is stored, the
/// body is cancelled and awaited, and only then is the exception rethrown. The body never sees it, so it cannot swallow
/// it. Ctrl+C only cancels. The queue has no bound of its own: it holds one item for each call in progress, so a body
/// that awaits each call bounds it by the number of its concurrent callers. Cleaning up belongs in
/// <see cref="CleanUpAsync"/>, because EndProcessing is skipped when the pipeline ends early.
/// </remarks>
public abstract class AsyncCmdlet : PSCmdlet, IDisposable
{
    // Never disposed: it owns no timer or handle, and Ctrl+C may arrive on another thread while the cmdlet is being
    // disposed.
    private readonly CancellationTokenSource stop = new();
    private volatile ChannelWriter<WorkItem>? queue;
    private ShownProgress? shownProgress;
    private bool isDisposed;

    /// <summary>Runs before the first input.</summary>
    private protected virtual Task BeginAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs for each input.</summary>
    private protected virtual Task ProcessAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs after the last input.</summary>
    private protected virtual Task EndAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Releases the cmdlet's resources; runs once, however the cmdlet ends.</summary>
    private protected virtual ValueTask CleanUpAsync() => ValueTask.CompletedTask;

    /// <summary>
    /// The terminating error that reports an exception of a body; null to rethrow the exception itself.
    /// </summary>
    private protected virtual ErrorRecord? ToTerminatingError(Exception exception) => null;

    /// <inheritdoc/>
    protected sealed override void BeginProcessing() => Run(BeginAsync);

    /// <inheritdoc/>
    protected sealed override void ProcessRecord() => Run(ProcessAsync);

    /// <inheritdoc/>
    protected sealed override void EndProcessing()
    {
        Run(EndAsync);
        shownProgress?.Complete();
    }

    /// <summary>
    /// Cancels the body and does not wait for it (PowerShell issue 17633): the pipeline thread already waits.
    /// </summary>
    protected sealed override void StopProcessing() => _ = stop.CancelAsync();

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
                WaitFor(() => CleanUpAsync().AsTask());
            }

            GC.SuppressFinalize(this);
        }
    }

    /// <summary>Writes an object to the pipeline; completes when all downstream commands have processed it.</summary>
    private protected Task WriteObjectAsync(object value) => InvokeAsync(() => WriteObject(value));

    /// <summary>Writes a non-terminating error.</summary>
    private protected Task WriteErrorAsync(ErrorRecord error) => InvokeAsync(() => WriteError(error));

    /// <summary>Writes a warning.</summary>
    private protected Task WriteWarningAsync(string text) => InvokeAsync(() => WriteWarning(text));

    /// <summary>Writes a verbose line.</summary>
    private protected Task WriteVerboseAsync(string text) => InvokeAsync(() => WriteVerbose(text));

    /// <summary>Writes a debug line.</summary>
    private protected Task WriteDebugAsync(string text) => InvokeAsync(() => WriteDebug(text));

    /// <summary>Asks whether to change this target (-WhatIf, -Confirm).</summary>
    private protected Task<bool> ShouldProcessAsync(string target, string action) =>
        InvokeAsync(() => ShouldProcess(target, action));

    /// <summary>
    /// Shows progress. The records are created on the pipeline thread at the moment they are shown, so a busy pipeline
    /// never shows outdated ones. Records that are no longer present are completed; all are completed however the
    /// cmdlet ends. Completes when the records are shown; is cancelled when no call of the cmdlet is running.
    /// </summary>
    private protected Task ShowProgressAsync(Func<IReadOnlyList<ProgressRecord>> createPicture) =>
        InvokeAsync(() => Progress.Show(createPicture()));

    /// <summary>Whether progress is to be shown; call on the pipeline thread only.</summary>
    private protected bool IsProgressWanted() => Progress.IsWanted();

    /// <summary>Runs an action on the pipeline thread. When it throws, the pipeline ends with that exception.</summary>
    private protected Task InvokeAsync(Action action) => InvokeAsync(() =>
    {
        action();
        return true;
    });

    /// <summary>
    /// Runs a function on the pipeline thread. When it throws, the pipeline ends with that exception.
    /// </summary>
    private protected Task<T> InvokeAsync<T>(Func<T> function)
    {
        var item = new WorkItem<T>(function);
        return queue is { } writer && writer.TryWrite(item)
            ? item.Task
            : Task.FromCanceled<T>(new CancellationToken(canceled: true));
    }

    /// <summary>Waits for a task where PowerShell or the runtime offers only a synchronous call.</summary>
    internal static void WaitFor(Func<Task> function) => Task.Run(function).GetAwaiter().GetResult();

    private ShownProgress Progress => shownProgress ??= new ShownProgress(this);

    private void Run(Func<CancellationToken, Task> body)
    {
        var channel = Channel.CreateUnbounded<WorkItem>(new UnboundedChannelOptions { SingleReader = true });
        using var bodyToken = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        queue = channel.Writer;
        Task running = Task.Run(() => RunBodyAsync(body, channel.Writer, bodyToken.Token));
        ExceptionDispatchInfo? ending = Serve(channel.Reader, bodyToken);
        queue = null;
        ending?.Throw();
        try
        {
            running.GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (Exception exception) when (ToTerminatingError(exception) is { } error)
        {
            ThrowTerminatingError(error);
        }
    }

    private static async Task RunBodyAsync(
        Func<CancellationToken, Task> body, ChannelWriter<WorkItem> writer, CancellationToken cancellationToken)
    {
        try
        {
            await body(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            writer.Complete();
        }
    }

    private static ExceptionDispatchInfo? Serve(ChannelReader<WorkItem> reader, CancellationTokenSource bodyToken)
    {
        ExceptionDispatchInfo? ending = null;
        while (reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (reader.TryRead(out WorkItem? item))
            {
                if (ending is not null)
                {
                    item.Cancel();
                    continue;
                }

                ending = item.Execute();
                if (ending is not null)
                {
                    _ = bodyToken.CancelAsync();
                    item.Cancel();
                }
            }
        }

        return ending;
    }
}
