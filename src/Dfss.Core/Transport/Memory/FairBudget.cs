namespace Dfss.Transport;

/// <summary>
/// Something counted (bytes, requests) that may be out at one moment, divided among those who want it: each takes through a share of its
/// own. Who has some may have at most twice what is then left to the others, so one alone gets no more than two thirds, and there is
/// something for whoever comes next; who has nothing may take whatever there is. Of those who wait, who has least comes first. Nobody waits
/// for ever, as long as what was taken is given back without waiting for more of it. Safe for concurrent use.
/// </summary>
internal sealed class FairBudget
{
    /// <summary>2: how many times what is left one share may have.</summary>
    private const int Greed = 2;

    private readonly Lock gate = new();
    private readonly List<Share> waiting = [];
    private long left;
    private long arrivals;

    /// <param name="limit">What may be out at one moment.</param>
    public FairBudget(long limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        Limit = left = limit;
    }

    /// <summary>What may be out at one moment.</summary>
    public long Limit { get; }

    /// <summary>What is out at this moment.</summary>
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

    /// <summary>A share for somebody. There is nothing to close: who has given everything back is forgotten with it.</summary>
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

            // Those in line may wait for their own shares only.
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

    /// <summary>While the first in line finds too little, nobody behind it is served: large amounts come together too.</summary>
    private void ServeWaiters()
    {
        while (FindFirst() is { } first && first.Amount <= left)
        {
            Remove(first);
            Give(first.Share, first.Amount);
            first.SetResult();
        }
    }

    /// <summary>Of those whose shares allow it, the one of who has least, and of several the one who came first.</summary>
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

    /// <summary>What one of them has. Guarded by the budget's gate.</summary>
    internal sealed class Share(FairBudget budget)
    {
        public long Held { get; set; }

        internal LinkedList<Waiter> Line { get; } = [];

        /// <summary>Takes so much, at most the limit; waits while the share does not allow it, or it is not there.</summary>
        public ValueTask TakeAsync(long amount, CancellationToken cancellationToken) => budget.TakeAsync(this, amount, cancellationToken);

        /// <summary>Gives back what was taken.</summary>
        public void Return(long amount) => budget.Return(this, amount);

        /// <summary>Whether it may have more; who has nothing may, though it may have to wait for it.</summary>
        internal bool MayTake(long amount, long left) => Held == 0 || Held + amount <= Greed * (left - amount);
    }

    internal sealed class Waiter(Share share, long amount, long arrival)
        : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public Share Share { get; } = share;

        public long Amount { get; } = amount;

        public long Arrival { get; } = arrival;

        /// <summary>The place in line; null once served or gone.</summary>
        public LinkedListNode<Waiter>? Node { get; set; }
    }
}
