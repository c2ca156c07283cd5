using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>Calls over one direct connection.</summary>
internal sealed class ChannelItemCalls : IItemCalls
{
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PingLimit = TimeSpan.FromSeconds(20);

    private readonly ClientChannel channel;
    private readonly AnswerWatch watch;
    private readonly CancellationTokenSource stop = new();
    private readonly Task pinging;

    /// <summary>Takes ownership of a channel.</summary>
    public ChannelItemCalls(ClientChannel channel, TimeProvider clock)
    {
        this.channel = channel;
        watch = new AnswerWatch(channel.Abort, clock);
        pinging = PingAsync();
    }

    public async ValueTask<Response> CallAsync(
        string operation, MessageMap arguments, ReadOnlyMemory<byte>? payload, CancellationToken cancellationToken)
    {
        bool isAnswered = false;
        watch.Begin();
        try
        {
            PeerCall call = new(operation, arguments, payload, Destination: null, IsBulk: false);
            Response response = await channel.CallAsync(call, cancellationToken).ConfigureAwait(false);
            isAnswered = true;
            return response;
        }
        catch (DfssException failure) when (failure.Peer is not null && failure.IsTransient)
        {
            throw new DfssException(
                failure.Code, failure.Reason,
                "Run the same command again, with a new session if this one has ended: it goes on where it was.",
                failure);
        }
        catch (DfssException failure) when (failure.Peer is not null)
        {
            // About a file there: the address, which serves one copy, would say nothing to the user.
            isAnswered = true;
            throw new DfssException(failure.Code, failure.Detail, failure.Advice, failure);
        }
        finally
        {
            watch.End(isAnswered);
        }
    }

    public async ValueTask DisposeAsync()
    {
        watch.Dispose();
        await stop.CancelAsync().ConfigureAwait(false);
        await pinging.ConfigureAwait(false);
        await channel.DisposeAsync().ConfigureAwait(false);
        stop.Dispose();
    }

    /// <summary>Tells a machine that has gone from one that is busy.</summary>
    private async Task PingAsync()
    {
        using PeriodicTimer timer = new(PingInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token).ConfigureAwait(false))
            {
                using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
                limit.CancelAfter(PingLimit);
                await channel.PingAsync(limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            channel.Abort(new DfssException(
                DfssErrorCode.TimedOut, $"The other side answered nothing for {PingLimit.TotalSeconds:0} s."));
        }
        catch (Exception error) when (error is OperationCanceledException or DfssException)
        {
            // The copy has ended, or the connection broke: the calls say so.
        }
    }
}
