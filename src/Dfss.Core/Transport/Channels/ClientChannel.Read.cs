using Dfss.Protocol;

namespace Dfss.Transport;

/// <content>Reading answers.</content>
internal sealed partial class ClientChannel
{
    /// <summary>
    /// Reads answers for the lifetime of the channel. Its end is kept as the failure of every call under
    /// way and every later call.
    /// </summary>
    private async Task ReadAllAsync()
    {
        DfssException end;
        Func<Message, int, PayloadTarget> choose = Choose;
        try
        {
            while (await channel.ReadAsync(choose, stop.Token).ConfigureAwait(false) is { } message)
            {
                Dispatch(message);
            }

            end = new DfssException(DfssErrorCode.PeerUnreachable, "The peer closed the connection.");
        }
        catch (DfssException exception)
        {
            // First the failure, so that no call begins on the connection that is broken.
            end = exception;
            Abort(end);
        }
        catch (OperationCanceledException exception)
        {
            end = new DfssException(
                DfssErrorCode.PeerUnreachable, "The connection was closed from this side.", exception);
        }
        catch (Exception exception)
        {
            // The edge of a background task: a defect of this software becomes the failure of the
            // callers instead of being lost.
            end = new DfssException(
                DfssErrorCode.PeerUnreachable, $"Reading answers failed: {exception.Message}", exception);
            Abort(end);
        }

        FailAll(end);
        await channel.DisposeAsync().ConfigureAwait(false);
    }

    private PayloadTarget Choose(Message message, int payloadBytes)
    {
        if (message.Id is not { } id || message.Status != DfssErrorCode.None)
        {
            return PayloadTarget.Discarded;
        }

        lock (gate)
        {
            return pending.TryGetValue(id, out PendingCall? call) ? call.Choose(payloadBytes) : PayloadTarget.Discarded;
        }
    }

    private void Dispatch(ReceivedMessage received)
    {
        using ReceivedMessage owned = received;
        Message message = received.Message;
        if (message.Operation is not null)
        {
            throw new DfssException(
                DfssErrorCode.ProtocolViolation, "The peer sent a request where only answers are allowed.");
        }

        if (message.Id is not { } id)
        {
            HandleNotice(message);
            return;
        }

        PendingCall call = Forget(id)
            ?? throw new DfssException(
                DfssErrorCode.ProtocolViolation, $"The peer answered request {id}, which was not made.");
        if (message.Status == DfssErrorCode.None)
        {
            call.Complete(received, address);
        }
        else
        {
            call.Fail(ErrorAnswer.ToException(message).At(address));
        }
    }

    /// <summary>
    /// Handles a notice of the peer about the connection: that it drains, in which case pending answers still
    /// arrive, or why it closes.
    /// </summary>
    private void HandleNotice(Message message)
    {
        if (message.Status == DfssErrorCode.None)
        {
            throw new DfssException(DfssErrorCode.ProtocolViolation, "The peer sent a notice without a reason.");
        }

        DfssException reason = ErrorAnswer.ToException(message);
        if (reason.Code != DfssErrorCode.PeerBusy)
        {
            throw reason;
        }

        lock (gate)
        {
            notice = reason;
        }
    }

    private void FailAll(DfssException end)
    {
        PendingCall[] calls;
        DfssException reason;
        lock (gate)
        {
            reason = failure ??= end;
            calls = [.. pending.Values];
            pending.Clear();
        }

        foreach (PendingCall call in calls)
        {
            call.ReleaseSlot();
            call.Fail(reason.At(address));
        }
    }
}
