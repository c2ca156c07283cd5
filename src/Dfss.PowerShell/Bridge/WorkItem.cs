using System.Runtime.ExceptionServices;

namespace Dfss.Commands;

/// <summary>A call that a body makes on the pipeline thread.</summary>
internal abstract class WorkItem
{
    /// <summary>
    /// Runs the call on the pipeline thread and completes its task; an exception of the call is returned instead.
    /// </summary>
    internal abstract ExceptionDispatchInfo? Execute();

    /// <summary>Cancels the task of a call that will not be run.</summary>
    internal abstract void Cancel();
}

/// <summary>A <see cref="WorkItem"/> with a result.</summary>
internal sealed class WorkItem<T>(Func<T> function) : WorkItem
{
    // Continuations run elsewhere: otherwise the body would continue here, on the pipeline thread.
    private readonly TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the pipeline thread has run the call; cancelled when it never will.</summary>
    internal Task<T> Task => completion.Task;

    /// <inheritdoc/>
    internal override ExceptionDispatchInfo? Execute()
    {
        try
        {
            completion.SetResult(function());
            return null;
        }
#pragma warning disable CA1031 // Every exception is rethrown after the body has ended.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return ExceptionDispatchInfo.Capture(exception);
        }
    }

    /// <inheritdoc/>
    internal override void Cancel() => completion.TrySetCanceled();
}
