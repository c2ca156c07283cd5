using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>
/// One connection to a peer, from hello to its close: reads requests, has each handled beside the others, writes answers as they are ready.
/// Closing it, from either side, cancels what is still being handled.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "RunAsync, which owns the connection's life, disposes what needs it.")]
internal sealed class PeerSession
{
    /// <summary>10 s to say hello: a stranger who says nothing does not keep a connection for long.</summary>
    private static readonly TimeSpan HelloLimit = TimeSpan.FromSeconds(10);

    /// <summary>The longest line of the log; not all that a client may put into a name.</summary>
    private const int MaxLogCharacters = 1000;

    /// <summary>The longest line about a fault, which says where in the code it was met.</summary>
    private const int MaxFaultCharacters = 4000;

    private readonly MessageChannel channel;
    private readonly RequestHandler handler;
    private readonly AnswerMemory memory;
    private readonly ByteBudget requestMemory = new(2L * DfssLimits.MaxPayloadBytes);
    private readonly Func<HelloAnswer> hello;
    private readonly Action<string> log;
    private readonly CancellationTokenSource closed = new();
    private readonly SemaphoreSlim room = new(DfssLimits.MaxRequestsInFlight);
    private readonly ConcurrentDictionary<uint, bool> unanswered = new();
    private readonly List<Task> running = [];
    private volatile bool isEnding;

    public PeerSession(
        MessageChannel channel, RequestHandler handler, AnswerMemory memory, Func<HelloAnswer> hello, Action<string> log)
    {
        this.channel = channel;
        this.handler = handler;
        this.memory = memory;
        this.hello = hello;
        this.log = log;
    }

    /// <summary>
    /// Serves the connection until it closes, and closes it. Does not fail: what goes wrong is the end of this connection, and is logged.
    /// </summary>
    public async Task RunAsync()
    {
        try
        {
            if (await GreetAsync().ConfigureAwait(false))
            {
                await ServeAsync().ConfigureAwait(false);
            }
        }
        catch (DfssException error)
        {
            Log(error.Message);
            if (error.Code is DfssErrorCode.ProtocolViolation or DfssErrorCode.LimitExceeded)
            {
                isEnding = true;
                await TryNotifyAsync(error, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (closed.IsCancellationRequested)
        {
            // Close was called.
        }
        finally
        {
            await closed.CancelAsync().ConfigureAwait(false);
            await WhenAnsweredAsync().ConfigureAwait(false);
            await channel.DisposeAsync().ConfigureAwait(false);
            room.Dispose();
        }
    }

    /// <summary>Tells the client to send nothing new, and waits until everything sent so far is answered.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        DfssException reason = new(DfssErrorCode.PeerBusy, "This peer is stopping.", "Send nothing new; answers still come.");
        await TryNotifyAsync(reason, cancellationToken).ConfigureAwait(false);
        await WhenAnsweredAsync().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Has the connection closed, in order, so that what was written still arrives; <see cref="RunAsync"/> then ends.</summary>
    public void Close()
    {
        isEnding = true;
        closed.Cancel();
    }

    /// <summary>Breaks the connection; <see cref="RunAsync"/> then ends.</summary>
    public void Abort() => channel.Abort();

    private async Task<bool> GreetAsync()
    {
        TimeSpan? idleLimit = channel.IdleLimit;
        channel.IdleLimit = HelloLimit;
        using ReceivedMessage? first = await channel.ReadAsync(closed.Token).ConfigureAwait(false);
        if (first is null)
        {
            return false;
        }

        if (first.Message is not { Operation: Operations.Hello, Id: uint id })
        {
            throw new DfssException(DfssErrorCode.ProtocolViolation, "The first request on a connection is hello.");
        }

        try
        {
            if (first.PayloadBytes is not null)
            {
                throw new DfssException(DfssErrorCode.InvalidArgument, "A request for 'hello' carries no payload.");
            }

            Handshake.Negotiate(HelloRequest.FromMap(first.Message.Map).Versions);
        }
        catch (DfssException error)
        {
            await channel.WriteAsync(ErrorAnswer.Create(id, error), payload: null, closed.Token).ConfigureAwait(false);
            return false;
        }

        channel.IdleLimit = idleLimit;
        channel.MaxBodyBytes = DfssLimits.MaxFrameBytes;
        await channel.WriteAsync(Message.Answer(id, DfssErrorCode.None, hello().ToMap()), payload: null, closed.Token).ConfigureAwait(false);
        return true;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            // At a limit the socket is left unread: the client's sends wait, nothing is lost. There is always room for the largest payload.
            await room.WaitAsync(closed.Token).ConfigureAwait(false);
            await requestMemory.TakeAsync(DfssLimits.MaxPayloadBytes, closed.Token).ConfigureAwait(false);
            ReceivedMessage? request = await channel.ReadAsync(RequestHandler.Choose, closed.Token).ConfigureAwait(false);
            if (request is null)
            {
                return;
            }

            if (request.Message is not { Operation: not null, Id: uint id })
            {
                request.Dispose();
                throw new DfssException(DfssErrorCode.ProtocolViolation, "A client sends requests, each with an id, and nothing else.");
            }

            if (request.Message.Operation == Operations.Hello)
            {
                request.Dispose();
                throw new DfssException(DfssErrorCode.ProtocolViolation, "hello was said before; it is the first request of a connection and no other.");
            }

            if (!unanswered.TryAdd(id, value: true))
            {
                request.Dispose();
                throw new DfssException(DfssErrorCode.ProtocolViolation, $"Request id {id} is still unanswered and was used again.");
            }

            requestMemory.Return(DfssLimits.MaxPayloadBytes - (request.Payload?.Memory.Length ?? 0));
            lock (running)
            {
                running.RemoveAll(task => task.IsCompleted);
                running.Add(AnswerAsync(id, request));
            }
        }
    }

    private async Task AnswerAsync(uint id, ReceivedMessage request)
    {
        // Reading goes on at once; the handler works beside it.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            (Message message, RequestAnswer? answer) = await HandleAsync(id, request).ConfigureAwait(false);
            using (answer)
            {
                // Free before the answer leaves: the client may use the id again as soon as it has read it.
                unanswered.TryRemove(id, out _);
                await channel.WriteAsync(message, answer?.Payload, closed.Token).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is DfssException or OperationCanceledException)
        {
            // The connection is gone, and with it whoever wanted the answer; or it is being closed in order, which an abort would spoil:
            // what was sent last, the reason, could be lost.
            Log($"an answer could not be delivered: {error.Message}");
            if (!isEnding)
            {
                channel.Abort();
            }
        }
        finally
        {
            room.Release();
        }
    }

    private async Task<(Message Message, RequestAnswer? Answer)> HandleAsync(uint id, ReceivedMessage request)
    {
        int held = request.Payload?.Memory.Length ?? 0;
        using (request)
        {
            try
            {
                RequestAnswer answer = await handler.HandleAsync(request, memory, closed.Token).ConfigureAwait(false);
                return (Message.Answer(id, DfssErrorCode.None, answer.Results), answer);
            }
            catch (DfssException error)
            {
                Log($"{Operation(request)} failed: {error.Message}");
                return (ErrorAnswer.Create(id, error, request.Message.Map), null);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // The edge of a request: a fault in its handling is this request's error, not the peer's end.
                Log($"{Operation(request)} met a fault: {error.ToString().ReplaceLineEndings(" ")}", MaxFaultCharacters);
                return (ErrorAnswer.Create(id, new DfssException(DfssErrorCode.PeerFault, "The peer met a fault; its log says which.")), null);
            }
            finally
            {
                requestMemory.Return(held);
            }
        }
    }

    private async Task TryNotifyAsync(DfssException reason, CancellationToken cancellationToken)
    {
        // Its turn may be long in coming: behind an answer of 16 MiB to a client that reads slowly.
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(closed.Token, cancellationToken);
        try
        {
            Message notice = ErrorAnswer.Create(id: null, reason);
            if (reason.Code == DfssErrorCode.PeerBusy)
            {
                await channel.WriteAsync(notice, payload: null, either.Token).ConfigureAwait(false);
            }
            else
            {
                await channel.WriteLastAsync(notice, either.Token).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is DfssException or OperationCanceledException)
        {
            Log($"its notice could not be delivered: {error.Message}");
        }
    }

    private static string Operation(ReceivedMessage request) => PrintableText.From(request.Message.Operation!, maxCharacters: 40);

    // One line each: what a client wrote must not look like a line of the peer.
    private void Log(string text, int maxCharacters = MaxLogCharacters) =>
        log($"{channel.RemoteAddress}: {PrintableText.From(text, maxCharacters)}");

    private Task WhenAnsweredAsync()
    {
        lock (running)
        {
            return Task.WhenAll(running);
        }
    }
}
