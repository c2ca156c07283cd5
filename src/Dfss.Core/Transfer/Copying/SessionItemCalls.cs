using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>Calls through the session: each is one object to the other side's pipeline and one object back.</summary>
internal sealed class SessionItemCalls : IItemCalls
{
    /// <summary>4: the session's two directions are busy, and what waits in its queues is a few chunks.</summary>
    private const int CallsAtOnce = 4;

    private readonly Lock gate = new();
    private readonly Dictionary<uint, TaskCompletionSource<Response>> pending = [];
    private readonly SemaphoreSlim room = new(CallsAtOnce);
    private readonly Func<byte[], Task> send;
    private readonly AnswerWatch watch;
    private uint lastId;
    private DfssException? ending;

    /// <param name="send">Hands a frame to the session.</param>
    /// <param name="clock">The clock.</param>
    public SessionItemCalls(Func<byte[], Task> send, TimeProvider clock)
    {
        this.send = send;
        watch = new AnswerWatch(End, clock);
    }

    public async ValueTask<Response> CallAsync(
        string operation, MessageMap arguments, ReadOnlyMemory<byte>? payload, CancellationToken cancellationToken)
    {
        await room.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            TaskCompletionSource<Response> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
            uint id = Register(answer);
            watch.Begin();
            try
            {
                await send(MessageCodec.ToFrame(Message.Request(id, operation, arguments), payload))
                    .ConfigureAwait(false);
                return await answer.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                Forget(id);
                watch.End(isProgress: answer.Task.IsCompleted && operation != Operations.Ping);
            }
        }
        finally
        {
            room.Release();
        }
    }

    /// <summary>Takes an answer that the session has brought.</summary>
    public void Receive(byte[] frame)
    {
        (Message message, ReadOnlyMemory<byte> payload) = ItemFrames.Read(frame);
        if (message.Id is not uint id || Forget(id) is not { } answer)
        {
            // The call was cancelled.
            return;
        }

        _ = message.Status == DfssErrorCode.None
            ? answer.TrySetResult(new Response(message.Map, payload: null, payload))
            : answer.TrySetException(ErrorAnswer.ToException(message));
    }

    /// <summary>The session brings no more: the calls under way, and all later ones, fail.</summary>
    public void End(DfssException reason)
    {
        List<TaskCompletionSource<Response>> waiting;
        lock (gate)
        {
            ending ??= reason;
            waiting = [.. pending.Values];
            pending.Clear();
        }

        waiting.ForEach(answer => answer.TrySetException(reason.Copy()));
    }

    public ValueTask DisposeAsync()
    {
        watch.Dispose();
        End(new DfssException(DfssErrorCode.PeerUnreachable, "The copy has ended."));
        return ValueTask.CompletedTask;
    }

    private uint Register(TaskCompletionSource<Response> answer)
    {
        lock (gate)
        {
            if (ending is not null)
            {
                throw ending.Copy();
            }

            pending.Add(++lastId, answer);
            return lastId;
        }
    }

    private TaskCompletionSource<Response>? Forget(uint id)
    {
        lock (gate)
        {
            return pending.Remove(id, out TaskCompletionSource<Response>? answer) ? answer : null;
        }
    }
}
