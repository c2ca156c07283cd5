namespace Dfss.Transport;

/// <summary>
/// Limits the number of bytes in use at one moment; it counts them and holds no memory. A caller waits while the budget
/// is used up; callers are served in order of arrival. Safe for concurrent use.
/// </summary>
internal sealed class ByteBudget
{
    private readonly Lock gate = new();
    private readonly LinkedList<Waiter> waiters = [];
    private long left;

    /// <param name="limitBytes">The most bytes in use at one moment.</param>
    public ByteBudget(long limitBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limitBytes);
        LimitBytes = left = limitBytes;
    }

    /// <summary>The most bytes in use at one moment.</summary>
    public long LimitBytes { get; }

    /// <summary>The bytes that are not in use now.</summary>
    public long FreeBytes
    {
        get
        {
            lock (gate)
            {
                return left;
            }
        }
    }

    /// <summary>Takes this many bytes, at most the limit; waits until they are free.</summary>
    public ValueTask TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, LimitBytes);
        cancellationToken.ThrowIfCancellationRequested();
        Waiter waiter;
        lock (gate)
        {
            if (waiters.Count == 0 && bytes <= left)
            {
                left -= bytes;
                return ValueTask.CompletedTask;
            }

            waiter = new Waiter(bytes);
            waiter.Node = waiters.AddLast(waiter);
        }

        return new ValueTask(WaitAsync(waiter, cancellationToken));
    }

    /// <summary>Returns bytes that were taken.</summary>
    public void Return(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        lock (gate)
        {
            left += bytes;
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

            waiters.Remove(waiter.Node);
            waiter.Node = null;
            ServeWaiters();
        }

        waiter.SetCanceled(cancellationToken);
    }

    private void ServeWaiters()
    {
        while (waiters.First is { } first && first.Value.Bytes <= left)
        {
            left -= first.Value.Bytes;
            waiters.RemoveFirst();
            first.Value.Node = null;
            first.Value.SetResult();
        }
    }

    private sealed class Waiter(long bytes) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Bytes { get; } = bytes;

        /// <summary>The position in the queue; null once served or cancelled. Guarded by the budget's gate.</summary>
        public LinkedListNode<Waiter>? Node { get; set; }
    }
}
