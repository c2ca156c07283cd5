namespace Dfss;

/// <summary>
/// So many bytes a second, on average (a token bucket that may be overdrawn): whoever asks waits until what was granted
/// before has been paid for by time, then goes at once, whatever the size. First come first served, so nobody starves
/// and a large request is not passed by small ones. Safe for concurrent use.
/// </summary>
internal sealed class RateLimit
{
    /// <summary>
    /// 250 ms of unused time may be made up for: timers are late by some milliseconds, which would otherwise be lost at
    /// each wait. More would be a burst that somebody notices.
    /// </summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(250);

    private readonly Lock gate = new();
    private readonly TimeProvider timeProvider;
    private readonly long started;

    // Since the start: when everything granted so far has been paid for.
    private TimeSpan paid = -Slack;

    /// <param name="bytesPerSecond">The average.</param>
    /// <param name="timeProvider">The clock.</param>
    public RateLimit(long bytesPerSecond, TimeProvider timeProvider)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesPerSecond);
        BytesPerSecond = bytesPerSecond;
        this.timeProvider = timeProvider;
        started = timeProvider.GetTimestamp();
    }

    /// <summary>The average.</summary>
    public long BytesPerSecond { get; }

    /// <summary>Waits for the turn of so many bytes. Who gives up gives them back to whoever asks later.</summary>
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
