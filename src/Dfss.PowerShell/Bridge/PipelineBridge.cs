using System.Runtime.ExceptionServices;
using System.Threading.Channels;

namespace Dfss.Commands;

/// <summary>
/// The bridge between the tasks of one cmdlet and PowerShell's pipeline thread. The bodies of a cmdlet are asynchronous
/// methods. They run on the thread pool and reach the pipeline through <see cref="InvokeAsync{T}"/>, which runs on the
/// pipeline thread.
/// </summary>
/// <remarks>
/// The contract. The pipeline thread serves the body until the body has ended, so no body outlives its call. When a
/// write throws (downstream ran <c>throw</c> or <c>break</c>, or needs no more objects), the exception is stored, the
/// body is cancelled and awaited, and only then is the exception rethrown. The body never sees it, so it cannot swallow
/// it. Ctrl+C only cancels. The queue has no bound of its own: it holds one item for each call in progress, so a body
/// that awaits each call bounds it by the number of its concurrent callers.
/// </remarks>
#pragma warning disable CA1001 // The source is never disposed: it owns no timer or handle, and Ctrl+C may arrive on
// another thread while the cmdlet is being disposed.
internal sealed class PipelineBridge
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource stop = new();
    private volatile ChannelWriter<WorkItem>? queue;

    /// <summary>Whether the user has stopped the pipeline.</summary>
    internal bool IsStopping => stop.IsCancellationRequested;

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
        return queue is { } writer && writer.TryWrite(item)
            ? item.Task
            : Task.FromCanceled<T>(new CancellationToken(canceled: true));
    }

    /// <summary>Runs a body, and serves it on this thread, which is the pipeline's.</summary>
    /// <returns>The exception of the body; null for none.</returns>
    /// <exception cref="Exception">The exception of a call on this thread.</exception>
    internal ExceptionDispatchInfo? Run(Func<CancellationToken, Task> body)
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
            return null;
        }
#pragma warning disable CA1031 // The caller reports every exception.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return ExceptionDispatchInfo.Capture(exception);
        }
    }

    /// <summary>Waits for a task where PowerShell or the runtime offers only a synchronous call.</summary>
    internal static void WaitFor(Func<Task> function) => Task.Run(function).GetAwaiter().GetResult();

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
