namespace Dfss.Transport;

/// <summary>
/// A request sent, or about to be, whose answer has not come. Its task ends only when nothing writes into the caller's destination any
/// more, whatever happens.
/// </summary>
internal sealed class PendingCall(Memory<byte>? destination, Action abort, SemaphoreSlim? slot)
    : TaskCompletionSource<Response>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    private readonly Lock gate = new();
    private bool isReceiving;
    private bool isTooLarge;
    private CancellationToken cancelled;

    /// <summary>Gives the place among the requests in flight back: the request is answered, or was never sent. Called once.</summary>
    public void ReleaseSlot() => slot?.Release();

    /// <summary>Says where the payload of the answer that has begun to arrive goes.</summary>
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

    /// <summary>The answer has come whole.</summary>
    public void Complete(ReceivedMessage answer, string peer)
    {
        if (isTooLarge)
        {
            Fail(new DfssException(
                DfssErrorCode.LimitExceeded, $"{peer}: an answer of {answer.PayloadBytes} bytes came, {destination!.Value.Length} were asked for."));
            return;
        }

        ReadOnlyMemory<byte> direct = isReceiving ? destination!.Value[..answer.PayloadBytes.GetValueOrDefault()] : default;
        Response response = new(answer.Message.Map, answer.TakePayload(), direct);
        if (!TrySetResult(response))
        {
            response.Dispose();
        }
    }

    /// <summary>No answer will come, or an error came. Nothing writes into the destination any more.</summary>
    public void Fail(Exception exception)
    {
        if (cancelled.IsCancellationRequested)
        {
            TrySetCanceled(cancelled);
        }
        else if (TrySetException(exception))
        {
            // Seen, even where the caller has left already with another failure.
            _ = Task.Exception;
        }
    }

    /// <summary>
    /// The caller wants no answer any more: its task is cancelled at once, or, while the destination is written to, after the connection
    /// was broken and that has ended.
    /// </summary>
    /// <returns>False while the destination is still written to: whoever reads the answers then ends the task.</returns>
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
