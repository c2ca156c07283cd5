namespace Dfss.Tests.Survival;

/// <summary>
/// Collections with no grace period, one after another, can starve a client on a loaded machine: its chunks are
/// collected each time before it has sealed its record. A client that has failed several times in a row pauses the
/// collections.
/// </summary>
internal sealed class CollectionPause
{
    private readonly Lock sync = new();
    private TaskCompletionSource ended = new();
    private TaskCompletionSource begun = new();
    private int clients;

    public CollectionPause() => ended.SetResult();

    /// <summary>Ends when no client pauses the collections.</summary>
    public Task Ended
    {
        get
        {
            lock (sync)
            {
                return ended.Task;
            }
        }
    }

    /// <summary>Ends when a client pauses the collections.</summary>
    public Task Begun
    {
        get
        {
            lock (sync)
            {
                return begun.Task;
            }
        }
    }

    /// <summary>
    /// A client pauses the collections: none begins until every such client has called <see cref="End"/>.
    /// </summary>
    public void Begin()
    {
        lock (sync)
        {
            if (clients++ == 0)
            {
                ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                begun.SetResult();
            }
        }
    }

    public void End()
    {
        lock (sync)
        {
            if (--clients == 0)
            {
                begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                ended.SetResult();
            }
        }
    }
}
