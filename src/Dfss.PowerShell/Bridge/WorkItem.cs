using System.Runtime.ExceptionServices;

namespace Dfss.Commands;

/// <summary>Something that a body asks the pipeline thread to do.</summary>
internal abstract class WorkItem
{
    /// <summary>Does it, on the pipeline thread, and tells the body; what it threw is returned, not told.</summary>
    internal abstract ExceptionDispatchInfo? Execute();

    /// <summary>Tells the body that it was not done and will not be.</summary>
    internal abstract void Cancel();
}

/// <summary>A <see cref="WorkItem"/> with a result.</summary>
internal sealed class WorkItem<T>(Func<T> function) : WorkItem
{
    // Continuations run elsewhere: else the body would go on here, on the pipeline thread.
    private readonly TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the pipeline thread has done it; cancelled when it never will.</summary>
    internal Task<T> Task => completion.Task;

    /// <inheritdoc/>
    internal override ExceptionDispatchInfo? Execute()
    {
        try
        {
            completion.SetResult(function());
            return null;
        }
#pragma warning disable CA1031 // Whatever it is, it goes on its way once the body has ended.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return ExceptionDispatchInfo.Capture(exception);
        }
    }

    /// <inheritdoc/>
    internal override void Cancel() => completion.TrySetCanceled();
}
