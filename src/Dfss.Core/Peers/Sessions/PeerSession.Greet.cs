using Dfss.Protocol;
using Dfss.Security;
using Dfss.Transport;

namespace Dfss.Peers;

/// <content>Hello.</content>
internal sealed partial class PeerSession
{
    /// <summary>How long the client may take to send hello, from its first byte on.</summary>
    public required TimeSpan HelloLimit { get; init; }

    /// <summary>How long the session waits before it begins with the client.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Called before each request is handled; where it gives false, the connection breaks.</summary>
    public Func<CancellationToken, ValueTask<bool>> Admit { get; init; } = _ => new(true);

    private async Task<bool> GreetAsync()
    {
        if (Delay > TimeSpan.Zero)
        {
            await Task.Delay(Delay, channel.Clock, closed.Token).ConfigureAwait(false);
        }

        using ReceivedMessage? first = await ReadInTimeAsync().ConfigureAwait(false);
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
                throw new DfssException(DfssErrorCode.InvalidArgument, "A request for 'hello' has no payload.");
            }

            welcome = greet(HelloRequest.FromMap(first.Message.Map), channel.ValidationResult);
        }
        catch (DfssException error)
        {
            LogEnd(error);
            await channel.WriteAsync(ErrorAnswer.Create(id, error), payload: null, closed.Token).ConfigureAwait(false);
            return false;
        }

        channel.Share = welcome.Share;
        if (!welcome.Client.IsUnauthenticated)
        {
            channel.MaxBodyBytes = DfssLimits.MaxFrameBytes;
        }

        await channel.WriteAsync(
            Message.Answer(id, DfssErrorCode.None, welcome.Answer.ToMap()), payload: null,
            closed.Token).ConfigureAwait(false);
        return true;
    }

    /// <summary>Reads the first request of an unauthenticated client, hello or join, within the time limit, handshake
    /// included, however slowly its bytes arrive. A payload, which neither request has, is discarded: the client gets
    /// no memory.</summary>
    private async Task<ReceivedMessage?> ReadInTimeAsync()
    {
        using CancellationTokenSource limit = new(HelloLimit, channel.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(closed.Token, limit.Token);
        try
        {
            return await channel.ReadAsync(
                static (_, _) => PayloadTarget.Discarded, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (limit.IsCancellationRequested && !closed.IsCancellationRequested)
        {
            // No client is left for an orderly close.
            channel.Abort();
            throw new DfssException(
                DfssErrorCode.TimedOut,
                $"It has not said {(welcome is null ? "hello" : "what it wants")} within "
                    + $"{HelloLimit.TotalSeconds:0} s.", error);
        }
    }
}

/// <summary>The admission of a client.</summary>
/// <param name="Client">Its identity.</param>
/// <param name="Handler">The handler of its requests.</param>
/// <param name="Answer">The answer to its hello.</param>
/// <param name="Share">The memory that its requests may hold.</param>
/// <param name="Memory">The memory for its answers.</param>
/// <param name="Work">The share of its requests that are worked on at a time.</param>
internal sealed record Welcome(
    RemoteIdentity Client, RequestHandler Handler, HelloAnswer Answer, ReceiveShare Share, AnswerMemory Memory,
    FairBudget.Share Work);
