namespace Dfss.Transport;

/// <summary>
/// A counted resource (bytes, requests) that is divided fairly: each identity takes through its own share. A share that
/// holds some may grow to at most twice what is then left for the others; so one share alone gets no more than two
/// thirds, and something is left for the next one. A share that holds nothing may take all that is left. Of the waiting
/// shares, the one that holds least is served first. No share waits for ever, as long as holders return what they took
/// without waiting for more of it. Safe for concurrent use.
/// </summary>
internal sealed class FairBudget
{
    /// <summary>2: one share may hold this many times what is left.</summary>
    private const int ShareRatio = 2;

    private readonly Lock gate = new();
    private readonly List<Share> waiting = [];
    private long left;
    private long arrivals;

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
    public Share Open() => new(this);

    private ValueTask TakeAsync(Share share, long amount, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(amount, Limit);
        cancellationToken.ThrowIfCancellationRequested();
        Waiter waiter;
        lock (gate)
        {
            if (waiting.Count == 0 && amount <= left && share.MayTake(amount, left))
            {
                Give(share, amount);
                return ValueTask.CompletedTask;
            }

            waiter = new Waiter(share, amount, ++arrivals);
            if (share.Line.Count == 0)
            {
                waiting.Add(share);
            }

            waiter.Node = share.Line.AddLast(waiter);

            // The waiters before this one may be blocked only by the limits of their own shares.
            ServeWaiters();
        }

        return new ValueTask(WaitAsync(waiter, cancellationToken));
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

    private async Task WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            state => GiveUp((Waiter)state!, cancellationToken), waiter);
        await waiter.Task.ConfigureAwait(false);
    }

    private void GiveUp(Waiter waiter, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (waiter.Node is null)
            {
                return;
            }

            Remove(waiter);
            ServeWaiters();
        }

        waiter.SetCanceled(cancellationToken);
    }

    /// <summary>
    /// While too little is left for the first waiter, no later one is served: so large amounts are served too.
    /// </summary>
    private void ServeWaiters()
    {
        while (FindFirst() is { } first && first.Amount <= left)
        {
            Remove(first);
            Give(first.Share, first.Amount);
            first.SetResult();
        }
    }

    /// <summary>
    /// Of the waiters whose shares may grow, the one whose share holds least; of several, the one that arrived first.
    /// </summary>
    private Waiter? FindFirst()
    {
        Waiter? found = null;
        foreach (Share share in waiting)
        {
            Waiter first = share.Line.First!.Value;
            if (share.MayTake(first.Amount, left)
                && (found is null || (share.Held, first.Arrival).CompareTo((found.Share.Held, found.Arrival)) < 0))
            {
                found = first;
            }
        }

        return found;
    }

    private void Give(Share share, long amount)
    {
        share.Held += amount;
        left -= amount;
    }

    private void Remove(Waiter waiter)
    {
        waiter.Share.Line.Remove(waiter.Node!);
        waiter.Node = null;
        if (waiter.Share.Line.Count == 0)
        {
            waiting.Remove(waiter.Share);
        }
    }

    /// <summary>The part of the budget that one identity holds. Guarded by the budget's gate.</summary>
    internal sealed class Share(FairBudget budget)
    {
        public long Held { get; set; }

        internal LinkedList<Waiter> Line { get; } = [];

        /// <summary>
        /// Takes this much, at most the limit; waits while the share may not grow, or too little is left.
        /// </summary>
        public ValueTask TakeAsync(long amount, CancellationToken cancellationToken) => budget.TakeAsync(this, amount, cancellationToken);

        /// <summary>Returns what was taken.</summary>
        public void Return(long amount) => budget.Return(this, amount);

        /// <summary>
        /// Whether the share may grow by this amount. An empty share always may, though it may have to wait.
        /// </summary>
        internal bool MayTake(long amount, long left) => Held == 0 || Held + amount <= ShareRatio * (left - amount);
    }

    internal sealed class Waiter(Share share, long amount, long arrival)
        : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public Share Share { get; } = share;

        public long Amount { get; } = amount;

        public long Arrival { get; } = arrival;

        /// <summary>The position in the queue; null once served or cancelled.</summary>
        public LinkedListNode<Waiter>? Node { get; set; }
    }
}
