namespace Dfss.Transfer;

/// <summary>
/// How long to wait for the rest when enough have answered: a peer that has stalled or cannot be reached must not delay
/// what the others have settled.
/// </summary>
internal static class StragglerGrace
{
    /// <summary>
    /// 250 ms: a lost packet costs TCP 200 ms, and the wait must cover that for a peer on the same network.
    /// </summary>
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(250);

    /// <summary>2 s: a peer that takes longer has a problem.</summary>
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(2);

    /// <summary>The rest may take 4 times as long as the quick ones: a slower disk, a farther network.</summary>
    public static TimeSpan After(TimeSpan took)
    {
        TimeSpan rest = took * 4;
        return rest < Least ? Least : rest > Most ? Most : rest;
    }

    /// <summary>
    /// Waits until all have ended, or enough, as <paramref name="isEnough"/> says after each end, and then a little for
    /// the rest. Does not throw their exceptions.
    /// </summary>
    public static async Task WaitAsync(
        IReadOnlyCollection<Task> tasks, Func<bool> isEnough, TimeProvider clock, CancellationToken cancellationToken)
    {
        long began = clock.GetTimestamp();
        HashSet<Task> running = [.. tasks];
        Task? farewell = null;
        while (true)
        {
            running.RemoveWhere(task => task.IsCompleted);
            if (running.Count == 0 || farewell is { IsCompleted: true })
            {
                cancellationToken.ThrowIfCancellationRequested();
                return;
            }

            if (farewell is null && isEnough())
            {
                farewell = Task.Delay(After(clock.GetElapsedTime(began)), clock, cancellationToken);
            }

            await Task.WhenAny(farewell is null ? running : running.Append(farewell))
                .WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for the end of all after those not waited for were cancelled.</summary>
    public static async Task EndAsync(IReadOnlyCollection<Task> tasks, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(tasks).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Only those that were left.
        }
    }
}
