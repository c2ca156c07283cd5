namespace Dfss.Transport;

/// <summary>
/// A counted resource (bytes, requests) that is divided fairly: each identity takes through its own share. A share that
/// holds some may grow to at most twice what is then left for the others; so one share alone gets no more than two
/// thirds, and something is left for the next one. A share that holds nothing may take all that is left. Of the waiting
/// shares, the one that holds least is served first, and within a share the caller that arrived first. No share waits
/// permanently, as long as holders return what they took without waiting for more of it. Safe for concurrent use.
/// </summary>
internal sealed class FairBudget
{
    /// <summary>2: one share may hold this many times what is left.</summary>
    private const int ShareRatio = 2;

    private readonly Lock gate = new();
    private readonly List<Share> waiting = [];
    private long left;

    /// <param name="limit">The most in use at one moment.</param>
    public FairBudget(long limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        Limit = left = limit;
    }

    /// <summary>The most in use at one moment.</summary>
    public long Limit { get; }

    /// <summary>The amount in use now.</summary>
    public long Held
    {
        get
        {
            lock (gate)
            {
                return Limit - left;
            }
        }
    }

    /// <summary>
    /// Makes a new share. It needs no closing: the budget keeps nothing about a share that has returned everything.
    /// </summary>
    public Share Open() => new(this, isUndivided: false);

    /// <summary>The only share of a budget of its own, which may take all of it.</summary>
    public static Share Undivided(long limit) => new(new FairBudget(limit), isUndivided: true);

    private ValueTask TakeAsync(Share share, long amount, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(amount, Limit);
        cancellationToken.ThrowIfCancellationRequested();
        WaitingLine<long>.Waiter waiter;
        lock (gate)
        {
            if (waiting.Count == 0 && amount <= left && share.MayTake(amount, left))
            {
                Give(share, amount);
                return ValueTask.CompletedTask;
            }

            if (share.Line.FirstAmount is null)
            {
                waiting.Add(share);
            }

            waiter = share.Line.Join(amount);

            // The waiters before this one may be blocked only by the limits of their own shares.
            ServeWaiters();
        }

        return new ValueTask(share.Line.WaitAsync(waiter, cancellationToken));
    }

    private void Return(Share share, long amount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        lock (gate)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(amount, share.Held);
            share.Held -= amount;
            left += amount;
            ServeWaiters();
        }
    }

    /// <summary>
    /// While too little is left for the first caller, no later one is served: so large amounts are served too.
    /// </summary>
    private void ServeWaiters()
    {
        // A caller that gave up may have been the only one of its share.
        waiting.RemoveAll(static share => share.Line.FirstAmount is null);
        while (waiting.Count > 0 && FindFirst() is { } share && share.Line.FirstAmount is { } amount && amount <= left)
        {
            Give(share, amount);
            share.Line.ServeFirst(amount);

            // Of shares that hold the same, the one that was served longest ago is next.
            waiting.Remove(share);
            if (share.Line.FirstAmount is not null)
            {
                waiting.Add(share);
            }
        }
    }

    /// <summary>Of the waiting shares that may grow, the one that holds least; of several, the first.</summary>
    private Share? FindFirst() =>
        waiting.Where(share => share.MayTake(share.Line.FirstAmount!.Value, left)).MinBy(share => share.Held);

    private void Give(Share share, long amount)
    {
        share.Held += amount;
        left -= amount;
    }

    /// <summary>The part of the budget that one identity holds. Guarded by the budget's gate.</summary>
    internal sealed class Share(FairBudget budget, bool isUndivided)
    {
        public long Held { get; set; }

        internal WaitingLine<long> Line { get; } = new(budget.gate, budget.ServeWaiters);

        /// <summary>
        /// Takes this much, at most the limit; waits while the share may not grow, or too little is left.
        /// </summary>
        public ValueTask TakeAsync(long amount, CancellationToken cancellationToken) =>
            budget.TakeAsync(this, amount, cancellationToken);

        /// <summary>Returns what was taken.</summary>
        public void Return(long amount) => budget.Return(this, amount);

        /// <summary>
        /// Whether the share may grow by this amount. An empty or undivided share always may, though it may have to
        /// wait.
        /// </summary>
        internal bool MayTake(long amount, long left) =>
            isUndivided || Held == 0 || Held + amount <= ShareRatio * (left - amount);
    }
}
