namespace Dfss;

/// <summary>
/// Limits the average number of bytes per second (a token bucket that may be overdrawn). A caller waits until the time
/// for all earlier grants has passed; it is then granted any size at once. Callers are served in order of arrival, so
/// none starves and small requests do not overtake a large one. When a caller gives up, those behind it move up. The
/// rate may be changed at any time, and holds at once for those that wait. Safe for concurrent use.
/// </summary>
internal sealed class RateLimit
{
    /// <summary>
    /// 250 ms of unused time may be used later: timers are late by some milliseconds, which would otherwise be lost at
    /// each wait. More would be a noticeable burst.
    /// </summary>
    private const double SlackSeconds = 0.25;

    /// <summary>Half a byte: the numbers are not exact, and none is below one byte.</summary>
    private const double Tolerance = 0.5;

    /// <summary>45 d: a timer takes no more than 49 days. A caller whose turn is later waits again.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromDays(45);

    private readonly Lock gate = new();
    private readonly TimeProvider timeProvider;
    private long? rate;
    private long last;

    // Bytes that callers have been granted or wait for, and those whose time has passed; since the rate was set.
    private double granted;
    private double served;

    // Those that wait, in order of arrival.
    private readonly List<Turn> waiting = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="bytesPerSecond">The average rate; null for no limit.</param>
    /// <param name="timeProvider">The clock.</param>
    public RateLimit(long? bytesPerSecond, TimeProvider timeProvider)
    {
        ThrowIfNotPositive(bytesPerSecond);
        this.timeProvider = timeProvider;
        rate = bytesPerSecond;
        last = timeProvider.GetTimestamp();
        served = SlackSeconds * (rate ?? 0);
    }

    /// <summary>The average rate; null for no limit.</summary>
    public long? BytesPerSecond
    {
        get
        {
            lock (gate)
            {
                return rate;
            }
        }

        set
        {
            ThrowIfNotPositive(value);
            lock (gate)
            {
                Advance();
                served = rate is null ? granted : served;
                rate = value;
                TellWaiting();
            }
        }
    }

    /// <summary>How many callers wait.</summary>
    public int Waiting
    {
        get
        {
            lock (gate)
            {
                return waiting.Count;
            }
        }
    }

    /// <summary>Waits for the turn of this many bytes. A cancelled caller returns them.</summary>
    /// <returns>
    /// The bytes that were granted, 0 if there is no limit. A caller that does not use its turn gives them to
    /// <see cref="Return"/>.
    /// </returns>
    public async ValueTask<long> WaitAsync(long bytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        cancellationToken.ThrowIfCancellationRequested();
        if (Take(bytes) is not { } turn)
        {
            return 0;
        }

        bool isServed = false;
        try
        {
            while (TimeUntil(turn) is (TimeSpan wait, Task change))
            {
                using CancellationTokenSource ended =
                    CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                Task delay = Task.Delay(wait, timeProvider, ended.Token);
                Task first = await Task.WhenAny(delay, change).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                if (first == delay && wait < MaxWait)
                {
                    break;
                }

                await ended.CancelAsync().ConfigureAwait(false);
            }

            isServed = true;
            return bytes;
        }
        finally
        {
            Leave(turn, isServed ? 0 : bytes);
        }
    }

    /// <summary>A caller returns what it was granted and has not used. The callers that wait get it.</summary>
    public void Return(long unused)
    {
        if (unused > 0)
        {
            lock (gate)
            {
                Withdraw(unused, waiting);
            }
        }
    }

    /// <summary>The turn of a caller; null if there is no limit.</summary>
    private Turn? Take(long bytes)
    {
        lock (gate)
        {
            if (rate is null)
            {
                return null;
            }

            Advance();
            Turn turn = new() { Start = granted };
            waiting.Add(turn);
            granted += bytes;
            return turn;
        }
    }

    /// <summary>A caller waits no longer. The bytes that it returns are those of the callers behind it.</summary>
    private void Leave(Turn turn, long returned)
    {
        lock (gate)
        {
            int index = waiting.IndexOf(turn);
            waiting.RemoveAt(index);
            if (returned > 0)
            {
                Withdraw(returned, waiting[index..]);
            }
        }
    }

    private void Withdraw(long returned, IReadOnlyList<Turn> later)
    {
        Advance();
        granted -= returned;
        foreach (Turn turn in later)
        {
            turn.Start -= returned;
        }

        TellWaiting();
    }

    private void TellWaiting()
    {
        TaskCompletionSource former = changed;
        changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        former.SetResult();
    }

    private (TimeSpan Wait, Task Change)? TimeUntil(Turn turn)
    {
        lock (gate)
        {
            Advance();
            double missing = turn.Start - served;
            return rate is not { } bytesPerSecond || missing < Tolerance
                ? null
                : (TimeSpan.FromSeconds(Math.Min(missing / bytesPerSecond, MaxWait.TotalSeconds)), changed.Task);
        }
    }

    private void Advance()
    {
        long now = timeProvider.GetTimestamp();
        double seconds = timeProvider.GetElapsedTime(last, now).TotalSeconds;
        last = now;
        if (rate is { } bytesPerSecond)
        {
            served = Math.Min(served + (seconds * bytesPerSecond), granted + (SlackSeconds * bytesPerSecond));
        }
    }

    private static void ThrowIfNotPositive(long? bytesPerSecond)
    {
        if (bytesPerSecond is { } value)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value, nameof(bytesPerSecond));
        }
    }

    /// <summary>A caller that waits.</summary>
    private sealed class Turn
    {
        /// <summary>How many bytes are served before it is.</summary>
        public double Start { get; set; }
    }
}
