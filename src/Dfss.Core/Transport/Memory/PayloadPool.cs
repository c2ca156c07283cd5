namespace Dfss.Transport;

/// <summary>
/// One budget of payload memory for many connections. Who asks when it is used up waits, in order; while the first in line waits for a
/// large block nobody behind is served, so everybody is served in the end. That holds as long as whoever holds a payload gives it back
/// without waiting for another: ask for all that a piece of work needs before it starts, or use <see cref="TryRent"/>.
/// </summary>
internal sealed class PayloadPool
{
    /// <summary>64 KiB: what counts as small.</summary>
    public const int SmallBytes = 64 << 10;

    private readonly Lock gate = new();
    private readonly BuddyBlocks blocks;
    private readonly LinkedList<Waiter> waiters = [];
    private readonly PayloadPool? small;

    /// <summary>Makes a pool; it takes memory only as it is needed.</summary>
    /// <param name="budgetBytes">What rented and kept memory together may take at most.</param>
    /// <param name="smallBudgetBytes">
    /// A budget of its own, beside the other, for small payloads that are received: they come however much bulk is under way. 0 for none.
    /// </param>
    public PayloadPool(long budgetBytes, long smallBudgetBytes = 0)
    {
        blocks = new BuddyBlocks(budgetBytes);
        BudgetBytes = budgetBytes;
        small = smallBudgetBytes > 0 ? new PayloadPool(smallBudgetBytes) : null;
    }

    /// <summary>Where a payload of this length is received.</summary>
    public PayloadPool ForReceiving(int length) => small is not null && length <= SmallBytes ? small : this;

    /// <summary>What rented and kept memory together may take at most.</summary>
    public long BudgetBytes { get; }

    /// <summary>What is rented now, of both budgets; a payload counts with the power of two that holds it.</summary>
    public long RentedBytes
    {
        get
        {
            lock (gate)
            {
                return blocks.TakenBytes + (small?.RentedBytes ?? 0);
            }
        }
    }

    /// <summary>What the pool keeps, rented or not.</summary>
    public long AllocatedBytes
    {
        get
        {
            lock (gate)
            {
                return blocks.AllocatedBytes;
            }
        }
    }

    /// <summary>Memory for a payload; waits while the budget is used up, first come first served.</summary>
    /// <exception cref="DfssException">LimitExceeded: it is larger than the pool's largest block.</exception>
    public ValueTask<Payload> RentAsync(int length, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter waiter;
        lock (gate)
        {
            if (TryTake(length) is { } payload)
            {
                return new ValueTask<Payload>(payload);
            }

            waiter = new Waiter(length);
            waiter.Node = waiters.AddLast(waiter);
        }

        return new ValueTask<Payload>(WaitAsync(waiter, cancellationToken));
    }

    /// <summary>Memory for a payload if there is some at once and nobody waits; null otherwise.</summary>
    /// <exception cref="DfssException">LimitExceeded: it is larger than the pool's largest block.</exception>
    public Payload? TryRent(int length)
    {
        lock (gate)
        {
            return TryTake(length);
        }
    }

    /// <summary>Gives up the memory that is kept for later, as long as nothing is rented.</summary>
    public void Release()
    {
        lock (gate)
        {
            blocks.ReleaseSlabs();
            small?.Release();
        }
    }

    /// <summary>Takes a payload's block back. Called by <see cref="Payload.Dispose"/>, once.</summary>
    internal void Return(BuddyBlocks.Block block)
    {
        lock (gate)
        {
            blocks.Return(block);
            ServeWaiters();
        }
    }

    private Payload? TryTake(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length > blocks.LargestBytes)
        {
            throw new DfssException(
                DfssErrorCode.LimitExceeded, $"A payload of {length} bytes is over the {blocks.LargestBytes} bytes that are kept for one.");
        }

        if (length == 0)
        {
            return new Payload(pool: null, default);
        }

        return waiters.Count == 0 && blocks.TryTake(length, out BuddyBlocks.Block block) ? new Payload(this, block) : null;
    }

    private async Task<Payload> WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            state => GiveUp((Waiter)state!, cancellationToken), waiter);
        return await waiter.Task.ConfigureAwait(false);
    }

    private void GiveUp(Waiter waiter, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (waiter.Node is null)
            {
                return;
            }

            waiters.Remove(waiter.Node);
            waiter.Node = null;
            ServeWaiters();
        }

        waiter.SetCanceled(cancellationToken);
    }

    private void ServeWaiters()
    {
        while (waiters.First is { } first && blocks.TryTake(first.Value.Length, out BuddyBlocks.Block block))
        {
            waiters.RemoveFirst();
            first.Value.Node = null;
            first.Value.SetResult(new Payload(this, block));
        }
    }

    private sealed class Waiter(int length) : TaskCompletionSource<Payload>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public int Length { get; } = length;

        /// <summary>The place in line; null once served or gone. Guarded by the pool's gate.</summary>
        public LinkedListNode<Waiter>? Node { get; set; }
    }
}
