using System.Runtime.ExceptionServices;
using System.Threading.Channels;

namespace Dfss.Commands;

/// <summary>
/// The bridge between the tasks of one cmdlet and PowerShell's pipeline thread. The bodies of a cmdlet are asynchronous
/// methods. They run on the thread pool and reach the pipeline through <see cref="InvokeAsync{T}"/>, which runs on the
/// pipeline thread.
/// </summary>
/// <remarks>
/// The contract. The pipeline thread serves the body until the body has ended, so no body outlives its call. Work that
/// a body leaves running may call too: while no body runs, its calls wait for the next one. When a write throws
/// (downstream ran <c>throw</c> or <c>break</c>, or needs no more objects), the exception is stored, the body is
/// cancelled and awaited, and only then is the exception rethrown. The body never sees it, so it cannot swallow it.
/// Ctrl+C only cancels. The queue has no bound of its own: it holds one item for each call in progress, so a caller
/// that awaits each call bounds it by the number of concurrent callers.
/// </remarks>
#pragma warning disable CA1001 // The source is never disposed: it owns no timer or handle, and Ctrl+C may arrive on
// another thread while the cmdlet is being disposed.
internal sealed class PipelineBridge
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource stop = new();
    private readonly Channel<WorkItem> calls =
        Channel.CreateUnbounded<WorkItem>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Cancelled when the user stops the pipeline.</summary>
    internal CancellationToken StopToken => stop.Token;

    /// <summary>
    /// Cancels the body and does not wait for it (PowerShell issue 17633): the pipeline thread already waits.
    /// </summary>
    internal void Stop() => _ = stop.CancelAsync();

    /// <summary>
    /// Runs a function on the pipeline thread. When it throws, the pipeline ends with that exception.
    /// </summary>
    internal Task<T> InvokeAsync<T>(Func<T> function)
    {
        var item = new WorkItem<T>(function);
        return calls.Writer.TryWrite(item)
            ? item.Task
            : Task.FromCanceled<T>(new CancellationToken(canceled: true));
    }

    /// <summary>Runs a body, and serves it on this thread, which is the pipeline's.</summary>
    /// <returns>The exception of the body; null for none.</returns>
    /// <exception cref="Exception">The exception of a call on this thread.</exception>
    internal ExceptionDispatchInfo? Run(Func<CancellationToken, Task> body)
    {
        using var bodyToken = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        var end = new WorkItem<bool>(static () => true);
        Task running = Task.Run(() => RunBodyAsync(body, end, bodyToken.Token));
        ExceptionDispatchInfo? ending = Serve(end, bodyToken);
        ending?.Throw();
        try
        {
            running.GetAwaiter().GetResult();
            return null;
        }
#pragma warning disable CA1031 // The caller reports every exception.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return ExceptionDispatchInfo.Capture(exception);
        }
    }

    /// <summary>After the last body: cancels the calls that wait for another one, and all later calls.</summary>
    internal void Close()
    {
        calls.Writer.Complete();
        while (calls.Reader.TryRead(out WorkItem? item))
        {
            item.Cancel();
        }
    }

    /// <summary>Waits for a task where PowerShell or the runtime offers only a synchronous call.</summary>
    internal static void WaitFor(Func<Task> function) => Task.Run(function).GetAwaiter().GetResult();

    private async Task RunBodyAsync(
        Func<CancellationToken, Task> body, WorkItem end, CancellationToken cancellationToken)
    {
        try
        {
            await body(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            calls.Writer.TryWrite(end);
        }
    }

    /// <summary>Makes the calls up to the one that marks the end of the body.</summary>
    private ExceptionDispatchInfo? Serve(WorkItem end, CancellationTokenSource bodyToken)
    {
        ExceptionDispatchInfo? ending = null;
        while (true)
        {
            WorkItem item = calls.Reader.ReadAsync().AsTask().GetAwaiter().GetResult();
            if (item == end)
            {
                return ending;
            }

            ending ??= item.Execute();
            if (ending is not null)
            {
                _ = bodyToken.CancelAsync();
                item.Cancel();
            }
        }
    }
}
