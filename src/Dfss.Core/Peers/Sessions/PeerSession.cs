using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>One connection to a peer, from hello to its close: reads requests, has each handled beside the others,
/// writes answers as they are ready. Closing it, from either side, cancels what is still being handled.</summary>
[SuppressMessage(
    "Design", "CA1001", Justification = "RunAsync, which owns the connection's life, disposes what needs it.")]
internal sealed partial class PeerSession
{
    /// <summary>1 s for the notice to a client that is refused: a client that reads nothing does not stay
    /// longer.</summary>
    private static readonly TimeSpan RefusalLimit = TimeSpan.FromSeconds(1);

    private readonly MessageChannel channel;
    private readonly Func<HelloRequest, ValidationResult?, Welcome> greet;
    private readonly string address;
    private readonly SessionLog log;
    private readonly CancellationTokenSource closed = new();
    private readonly SemaphoreSlim room = new(DfssLimits.MaxRequestsInFlight);
    private readonly ConcurrentDictionary<uint, bool> unanswered = new();
    private readonly List<Task> running = [];
    private volatile bool isEnding;
    private int refusals;
    private volatile Welcome? welcome;

    /// <param name="channel">The connection.</param>
    /// <param name="greet">Admits a client; or throws the reason of a refusal.</param>
    /// <param name="log">Gets lines for the operator.</param>
    /// <param name="address">The client's address, for the log.</param>
    public PeerSession(
        MessageChannel channel, Func<HelloRequest, ValidationResult?, Welcome> greet, SessionLog log, string address)
    {
        this.channel = channel;
        this.greet = greet;
        this.log = log;
        this.address = address;
    }

    /// <summary>The client's identity, once it is admitted.</summary>
    public RemoteIdentity? Client => welcome?.Client;

    /// <summary>Whether the client broke the protocol, and got a notice.</summary>
    public bool HasViolated { get; private set; }

    /// <summary>
    /// Serves the connection until it closes, and closes it. Does not fail: an error ends this connection, and is
    /// logged.
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
        catch (DfssException) when (isEnding)
        {
            // The notice with the reason was sent when that began.
        }
        catch (DfssException error)
        {
            LogEnd(error);
            if (error.Code is DfssErrorCode.ProtocolViolation or DfssErrorCode.LimitExceeded
                or DfssErrorCode.TlsNotExpected)
            {
                HasViolated = true;
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

    /// <summary>Notifies the client to send nothing new, and waits until everything sent so far is answered.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        DfssException reason = new(
            DfssErrorCode.PeerBusy, "This peer is stopping.", "Send nothing new; answers are still sent.");
        await TryNotifyAsync(reason, cancellationToken).ConfigureAwait(false);
        await WhenAnsweredAsync().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Sends the client, once, the reason why it is no longer served, and has the connection closed.</summary>
    public async Task RefuseAsync(DfssException reason)
    {
        if (closed.IsCancellationRequested || Interlocked.Increment(ref refusals) > 1)
        {
            return;
        }

        isEnding = true;
        try
        {
            LogEnd(reason);
            using CancellationTokenSource limit = new(RefusalLimit);
            await TryNotifyAsync(reason, limit.Token).ConfigureAwait(false);
        }
        finally
        {
            Close();
        }
    }

    /// <summary>
    /// Closes the connection in order, so that what was written still arrives; <see cref="RunAsync"/> then ends.
    /// </summary>
    public void Close()
    {
        isEnding = true;
        closed.Cancel();
    }

    /// <summary>Breaks the connection; <see cref="RunAsync"/> then ends.</summary>
    public void Abort() => channel.Abort();

    /// <summary>The same for a client that has not been admitted, to make room for others.</summary>
    public void Displace()
    {
        LogEnd(new DfssException(
            DfssErrorCode.PeerBusy,
            $"displaced before hello: {DfssLimits.MaxUnauthenticatedConnections} such connections are the limit, and "
                + "its address had most of them."));
        channel.Abort();
        Close();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            // At a limit the socket is left unread: the client's sends wait, nothing is lost.
            await room.WaitAsync(closed.Token).ConfigureAwait(false);
            ReceivedMessage? request = welcome!.Client.IsUnauthenticated
                ? await ReadInTimeAsync().ConfigureAwait(false)
                : await channel.ReadAsync(RequestHandler.Choose, closed.Token).ConfigureAwait(false);
            if (request is null)
            {
                return;
            }

            if (FindViolation(request.Message) is { } violation)
            {
                request.Dispose();
                throw new DfssException(DfssErrorCode.ProtocolViolation, violation);
            }

            uint id = request.Message.Id!.Value;
            lock (running)
            {
                running.RemoveAll(task => task.IsCompleted);
                running.Add(AnswerAsync(id, request));
            }

            if (welcome!.Client.IsUnauthenticated)
            {
                // Joining takes one request: the connection is not kept after it.
                await WhenAnsweredAsync().ConfigureAwait(false);
                return;
            }
        }
    }

    /// <summary>The violation in a message as a request; null if there is none, and its id is then in use.</summary>
    private string? FindViolation(Message message)
    {
        if (message is not { Operation: not null, Id: uint id })
        {
            return "A client sends requests, each with an id, and nothing else.";
        }

        if (message.Operation == Operations.Hello)
        {
            return "hello was sent before; it must be the first request of a connection.";
        }

        return unanswered.TryAdd(id, value: true) ? null : $"Request id {id} is still unanswered and was used again.";
    }

    private async Task AnswerAsync(uint id, ReceivedMessage request)
    {
        // Reading continues at once; the handler runs in parallel.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            if (!await Admit(closed.Token).ConfigureAwait(false))
            {
                channel.Abort();
                return;
            }

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
            // The connection is closed, and with it the receiver of the answer; or it is being closed in order, and an
            // abort could lose the notice that was sent last.
            Log($"an answer could not be delivered: {error.Message}");
            if (!isEnding)
            {
                channel.Abort();
            }
        }
        catch (Exception error)
        {
            // The edge of a request: a fault in delivering its answer ends this connection, and is not lost.
            Log($"an answer met a fault: {error.ToString().ReplaceLineEndings(" ")}", MaxFaultCharacters);
            channel.Abort();
        }
        finally
        {
            request.Dispose();
            room.Release();
        }
    }

    private async Task<(Message Message, RequestAnswer? Answer)> HandleAsync(uint id, ReceivedMessage request)
    {
        try
        {
            RequestAnswer answer = await WorkAsync(request).ConfigureAwait(false);
            return (Message.Answer(id, DfssErrorCode.None, answer.Results), answer);
        }
        catch (DfssException error)
        {
            LogFailure($"{Operation(request)} failed: {error.Message}");
            return (ErrorAnswer.Create(id, error, request.Message.Map), null);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // The edge of a request: a fault in its handling is this request's error, not the peer's end.
            Log($"{Operation(request)} met a fault: {error.ToString().ReplaceLineEndings(" ")}", MaxFaultCharacters);
            return (ErrorAnswer.Create(
                id, new DfssException(
                    DfssErrorCode.PeerFault, "The peer had an internal fault; its log has the details.")), null);
        }
        finally
        {
            request.ReleasePayload();
        }
    }

    /// <summary>Has a request handled, in its identity's turn.</summary>
    private async Task<RequestAnswer> WorkAsync(ReceivedMessage request)
    {
        Welcome client = welcome!;
        int weight = RequestWeight.Of(request);
        await client.Work.TakeAsync(weight, closed.Token).ConfigureAwait(false);
        try
        {
            RequestAnswer answer = await client.Handler.HandleAsync(
                request, client.Client, client.Memory, closed.Token).ConfigureAwait(false);
            try
            {
                await client.Memory.CountAsync(answer, closed.Token).ConfigureAwait(false);
                return answer;
            }
            catch
            {
                answer.Dispose();
                throw;
            }
        }
        finally
        {
            client.Work.Return(weight);
        }
    }

    private Task WhenAnsweredAsync()
    {
        lock (running)
        {
            return Task.WhenAll(running);
        }
    }
}
