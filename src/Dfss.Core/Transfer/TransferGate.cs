namespace Dfss.Transfer;

/// <summary>
/// Suspends a transfer: while the gate is closed, the transfer moves no further chunk. Those on their way arrive. Safe
/// for concurrent use.
/// </summary>
public sealed class TransferGate
{
    private TaskCompletionSource? closed;

    /// <summary>Whether the transfer goes on.</summary>
    public bool IsOpen => Volatile.Read(ref closed) is null;

    /// <summary>Suspends the transfer.</summary>
    public void Close() => Interlocked.CompareExchange(
        ref closed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), comparand: null);

    /// <summary>Lets the transfer go on.</summary>
    public void Open() => Interlocked.Exchange(ref closed, value: null)?.SetResult();

    /// <summary>Waits while the gate is closed.</summary>
    internal async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (Volatile.Read(ref closed) is { } waiting)
        {
            await waiting.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}

/// <summary>How fast a transfer may go: by the limit of its client, and by its gate.</summary>
internal sealed class TransferPace(RateLimit limit, TransferGate? gate)
{
    /// <summary>Waits for the turn of this many bytes.</summary>
    public ValueTask WaitAsync(long bytes, CancellationToken cancellationToken) =>
        limit.WaitAsync(bytes, cancellationToken);

    /// <summary>Waits while the transfer is suspended. Without memory for a chunk: other transfers need it.</summary>
    public Task WaitWhileSuspendedAsync(CancellationToken cancellationToken) =>
        gate?.WaitAsync(cancellationToken) ?? Task.CompletedTask;
}
