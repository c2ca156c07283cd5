using System.Diagnostics.CodeAnalysis;

namespace Dfss.Transfer;

/// <summary>
/// Suspends a transfer: while the gate is closed, the transfer moves no further chunk, not even one that waits for its
/// turn by a bandwidth limit. Those on their way arrive. Safe for concurrent use.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification =
    "The source has no timer and no handle, and a chunk may still link to its token.")]
public sealed class TransferGate
{
    private readonly Lock gate = new();
    private TaskCompletionSource? closed;
    private CancellationTokenSource closing = new();

    /// <summary>Whether the transfer goes on.</summary>
    public bool IsOpen => Volatile.Read(ref closed) is null;

    /// <summary>Suspends the transfer.</summary>
    public void Close()
    {
        lock (gate)
        {
            if (closed is null)
            {
                closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _ = closing.CancelAsync();
            }
        }
    }

    /// <summary>Lets the transfer go on.</summary>
    public void Open()
    {
        lock (gate)
        {
            if (closed is { } waiting)
            {
                closing = new CancellationTokenSource();
                closed = null;
                waiting.SetResult();
            }
        }
    }

    /// <summary>Cancelled when the gate closes, or closed already.</summary>
    internal CancellationToken Closing
    {
        get
        {
            lock (gate)
            {
                return closing.Token;
            }
        }
    }

    /// <summary>Waits while the gate is closed.</summary>
    internal async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (Volatile.Read(ref closed) is { } waiting)
        {
            await waiting.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
