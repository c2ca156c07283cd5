namespace Dfss.Transport;

/// <summary>
/// The callers that wait for some of a limited resource, in order of arrival. A caller that gives up makes way for the
/// next. The owner of the resource holds the lock when it lets callers join, and when it serves the first.
/// </summary>
/// <typeparam name="T">What a caller gets when it is served.</typeparam>
/// <param name="gate">The owner's lock.</param>
/// <param name="serve">Serves the callers that can be served now; called under the lock.</param>
internal sealed class WaitingLine<T>(Lock gate, Action serve)
{
    private readonly LinkedList<Waiter> waiters = [];

    /// <summary>How much the first caller waits for; null if no caller waits.</summary>
    public long? FirstAmount => waiters.First?.Value.Amount;

    /// <summary>Adds a caller at the end, under the lock.</summary>
    public Waiter Join(long amount)
    {
        Waiter waiter = new(amount);
        waiter.Node = waiters.AddLast(waiter);
        return waiter;
    }

    /// <summary>Serves the first caller, under the lock.</summary>
    public void ServeFirst(T result)
    {
        Waiter first = waiters.First!.Value;
        waiters.RemoveFirst();
        first.Node = null;
        first.SetResult(result);
    }

    /// <summary>Waits until the caller is served, outside the lock.</summary>
    public async Task<T> WaitAsync(Waiter waiter, CancellationToken cancellationToken)
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
            serve();
        }

        waiter.SetCanceled(cancellationToken);
    }

    /// <summary>A caller that waits.</summary>
    internal sealed class Waiter(long amount)
        : TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Amount { get; } = amount;

        /// <summary>The position in the line; null once served or cancelled.</summary>
        public LinkedListNode<Waiter>? Node { get; set; }
    }
}
