namespace Dfss.Transport;

/// <summary>
/// One budget of payload memory for many connections. Callers wait in order while it is used up. While the first waiter
/// needs a large block no later one is served, so every waiter is served eventually. That holds as long as the holder
/// of a payload returns it without waiting for another one: rent all that a piece of work needs before it starts, or
/// use <see cref="TryRent"/>.
/// </summary>
internal sealed class PayloadPool
{
    /// <summary>64 KiB: the largest payload that counts as small.</summary>
    public const int SmallBytes = 64 << 10;

    private readonly Lock gate = new();
    private readonly BuddyBlocks blocks;
    private readonly WaitingLine<Payload> line;
    private readonly PayloadPool? small;

    /// <summary>Makes a pool; it allocates memory only when it is needed.</summary>
    /// <param name="budgetBytes">The most bytes of rented and retained memory together.</param>
    /// <param name="smallBudgetBytes">
    /// A separate budget for small payloads that are received, so that they never wait behind bulk. 0 for none.
    /// </param>
    public PayloadPool(long budgetBytes, long smallBudgetBytes = 0)
    {
        blocks = new BuddyBlocks(budgetBytes);
        line = new WaitingLine<Payload>(gate, ServeWaiters);
        BudgetBytes = budgetBytes;
        small = smallBudgetBytes > 0 ? new PayloadPool(smallBudgetBytes) : null;
    }

    /// <summary>The pool that a received payload of this length is rented from.</summary>
    public PayloadPool ForReceiving(int length) => small is not null && length <= SmallBytes ? small : this;

    /// <summary>The most bytes of rented and retained memory together, without the small budget.</summary>
    public long BudgetBytes { get; }

    /// <summary>The bytes rented now, from both budgets; a payload counts as the power of two that holds it.</summary>
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

    /// <summary>The bytes allocated, rented or not, without those of the small budget.</summary>
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

    /// <summary>Memory for a payload; waits while the budget is used up, in order of arrival.</summary>
    /// <exception cref="DfssException">LimitExceeded: it is larger than the pool's largest block.</exception>
    public ValueTask<Payload> RentAsync(int length, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        WaitingLine<Payload>.Waiter waiter;
        lock (gate)
        {
            if (TryTake(length) is { } payload)
            {
                return new ValueTask<Payload>(payload);
            }

            waiter = line.Join(length);
        }

        return new ValueTask<Payload>(line.WaitAsync(waiter, cancellationToken));
    }

    /// <summary>Memory for a payload if some is free now and no caller waits; null otherwise.</summary>
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
            blocks.ReleaseMemory();
            small?.Release();
        }
    }

    /// <summary>Takes the block of a payload back. <see cref="Payload.Dispose"/> calls it once.</summary>
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
                DfssErrorCode.LimitExceeded,
                $"A payload of {length} bytes is over the {blocks.LargestBytes} bytes that are kept for one.");
        }

        if (length == 0)
        {
            return new Payload(pool: null, default);
        }

        return line.FirstAmount is null && blocks.TryTake(length, out BuddyBlocks.Block block)
            ? new Payload(this, block)
            : null;
    }

    private void ServeWaiters()
    {
        while (line.FirstAmount is { } length && blocks.TryTake((int)length, out BuddyBlocks.Block block))
        {
            line.ServeFirst(new Payload(this, block));
        }
    }
}
