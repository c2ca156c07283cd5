namespace Dfss.Transport;

/// <summary>
/// A request that is sent, or about to be, and not answered. In every case its task ends only when the channel no
/// longer writes into the caller's destination.
/// </summary>
internal sealed class PendingCall(Memory<byte>? destination, Action abort, SemaphoreSlim? slot)
    : TaskCompletionSource<Response>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    private readonly Lock gate = new();
    private bool isReceiving;
    private bool isTooLarge;
    private CancellationToken cancelled;

    /// <summary>
    /// Releases the slot among the requests in flight: the request is answered, or was never sent. Called once.
    /// </summary>
    public void ReleaseSlot() => slot?.Release();

    /// <summary>Chooses the destination for the payload of the answer that has begun to arrive.</summary>
    public PayloadTarget Choose(int payloadBytes)
    {
        lock (gate)
        {
            if (Task.IsCompleted)
            {
                return PayloadTarget.Discarded;
            }

            if (destination is not { } memory)
            {
                return PayloadTarget.Pooled;
            }

            isTooLarge = payloadBytes > memory.Length;
            isReceiving = !isTooLarge;
            return isTooLarge ? PayloadTarget.Discarded : PayloadTarget.Into(memory[..payloadBytes]);
        }
    }

    /// <summary>Completes the call with an answer that has arrived whole.</summary>
    public void Complete(ReceivedMessage answer, PeerAddress peer)
    {
        if (isTooLarge)
        {
            Fail(new DfssException(
                DfssErrorCode.LimitExceeded, peer,
                $"an answer of {answer.PayloadBytes} bytes came, {destination!.Value.Length} were asked for."));
            return;
        }

        ReadOnlyMemory<byte> direct = isReceiving
            ? destination!.Value[..answer.PayloadBytes.GetValueOrDefault()]
            : default;
        Response response = new(answer.Message.Map, answer.TakePayload(), direct);
        if (!TrySetResult(response))
        {
            response.Dispose();
        }
    }

    /// <summary>
    /// Fails the call: no answer will arrive, or an error arrived. The channel no longer writes into the destination.
    /// </summary>
    public void Fail(Exception exception)
    {
        if (cancelled.IsCancellationRequested)
        {
            TrySetCanceled(cancelled);
        }
        else if (TrySetException(exception))
        {
            // Marks the exception as observed, even if the caller has already left with another failure.
            _ = Task.Exception;
        }
    }

    /// <summary>
    /// Cancels the call. Its task ends at once; while the destination is written to, it ends after the connection was
    /// broken and the writing has ended.
    /// </summary>
    /// <returns>
    /// False while the destination is still written to: the reader of the answers then ends the task.
    /// </returns>
    public bool Cancel(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (!isReceiving)
            {
                TrySetCanceled(cancellationToken);
                return true;
            }

            cancelled = cancellationToken;
        }

        if (!Task.IsCompleted)
        {
            abort();
        }

        return false;
    }
}
