namespace Dfss.Storage;

/// <summary>
/// Work that many callers ask for at once and one run of which serves all who asked before it began. A caller who comes
/// while a run is going
/// waits for the next one, which it shares with all who came meanwhile.
/// </summary>
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
