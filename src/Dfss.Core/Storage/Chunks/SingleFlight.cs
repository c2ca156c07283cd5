namespace Dfss.Storage;

/// <summary>Work that many callers ask for at once: one run serves all callers that asked before it began. A caller
/// that arrives during a run waits for the next one, which it shares with all that arrived meanwhile.</summary>
internal sealed class SingleFlight
{
    private readonly Lock gate = new();
    private Task running = Task.CompletedTask;
    private Task? next;

    /// <summary>Ends when a run that began after this call has ended, and as that run ended.</summary>
    public Task RunAsync(Action work)
    {
        lock (gate)
        {
            return next ??= StartAfterAsync(running, work);
        }
    }

    private async Task StartAfterAsync(Task before, Action work)
    {
        // Forces the rest out of the lock above, so that `next` is set by then.
        await Task.Yield();
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (gate)
        {
            running = next!;
            next = null;
        }

        work();
    }
}
