namespace Dfss;

/// <summary>
/// Limits the average number of bytes per second (a token bucket that may be overdrawn). A caller waits until the time
/// for all earlier grants has passed; it is then granted any size at once. Callers are served in order of arrival, so
/// none starves and small requests do not overtake a large one. Safe for concurrent use.
/// </summary>
internal sealed class RateLimit
{
    /// <summary>
    /// 250 ms of unused time may be used later: timers are late by some milliseconds, which would otherwise be lost at
    /// each wait. More would be a noticeable burst.
    /// </summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(250);

    private readonly Lock gate = new();
    private readonly TimeProvider timeProvider;
    private readonly long started;

    // When the time for all grants so far has passed, measured since the start.
    private TimeSpan paid = -Slack;

    /// <param name="bytesPerSecond">The average rate.</param>
    /// <param name="timeProvider">The clock.</param>
    public RateLimit(long bytesPerSecond, TimeProvider timeProvider)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesPerSecond);
        BytesPerSecond = bytesPerSecond;
        this.timeProvider = timeProvider;
        started = timeProvider.GetTimestamp();
    }

    /// <summary>The average rate.</summary>
    public long BytesPerSecond { get; }

    /// <summary>Waits for the turn of this many bytes. A cancelled caller returns them to later callers.</summary>
    public async ValueTask WaitAsync(long bytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        cancellationToken.ThrowIfCancellationRequested();
        var cost = TimeSpan.FromSeconds((double)bytes / BytesPerSecond);
        TimeSpan wait;
        lock (gate)
        {
            TimeSpan now = timeProvider.GetElapsedTime(started);
            TimeSpan turn = paid > now - Slack ? paid : now - Slack;
            paid = turn + cost;
            wait = turn - now;
        }

        if (wait <= TimeSpan.Zero)
        {
            return;
        }

        try
        {
            await Task.Delay(wait, timeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (gate)
            {
                paid -= cost;
            }

            throw;
        }
    }
}
