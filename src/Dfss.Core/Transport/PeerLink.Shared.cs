using System.Runtime.CompilerServices;

namespace Dfss.Transport;

/// <summary>
/// What a link does where several peers serve one store: it goes on at another one when its peer is lost.
/// </summary>
internal sealed partial class PeerLink
{
    /// <summary>
    /// 2 s for a peer to say hello where others serve the store too: so that within the 5 s that a read waits another
    /// one can answer.
    /// </summary>
    private static readonly TimeSpan ShortWait = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim moving = new(1, 1);
    private readonly List<ClientChannel> channels = [];

    /// <summary>
    /// Makes a call; of a store that several peers serve once more, at another peer, when its peer is lost. That peer
    /// may have done what was asked: each request may take effect twice at one store.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Response> CallSharedAsync(
        PeerLine line, PeerCall call, CancellationToken cancellationToken)
    {
        try
        {
            return await line.CallAsync(call, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException lost) when (
            isShared && Others is not null
            && lost.Code is DfssErrorCode.PeerUnreachable or DfssErrorCode.TimedOut or DfssErrorCode.PeerBusy
            && !cancellationToken.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            options.Debug?.Invoke($"{lost.Reason} The request is sent again to a peer of the same store.");
            return await line.CallAsync(call, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Connects to the peer, or to another one of the same store if it does not answer as it should.</summary>
    private async Task<ClientChannel> ConnectAsync(CancellationToken cancellationToken)
    {
        if (!isShared || Others is null)
        {
            return await ConnectToAsync(address, cancellationToken).ConfigureAwait(false);
        }

        // Both connections go to one peer, since a ping on one of them is to tell whether the peer of the other lives.
        await moving.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            PeerAddress before = address;
            ClientChannel channel = await TryConnectToAsync(before, cancellationToken).ConfigureAwait(false)
                ?? await ConnectElsewhereAsync(before, cancellationToken).ConfigureAwait(false)
                ?? await ConnectToAsync(before, cancellationToken).ConfigureAwait(false);
            channels.RemoveAll(one => one.IsClosed);
            channels.Add(channel);
            return channel;
        }
        finally
        {
            moving.Release();
        }
    }

    private async Task<ClientChannel?> ConnectElsewhereAsync(PeerAddress before, CancellationToken cancellationToken)
    {
        await foreach (PeerAddress other in Others!(knownStore!.Value, cancellationToken).ConfigureAwait(false))
        {
            if (other != before
                && await TryConnectToAsync(other, cancellationToken).ConfigureAwait(false) is ClientChannel channel)
            {
                DfssException reason = new(
                    DfssErrorCode.PeerUnreachable, before, $"{other}, which serves the same store, is used now.");
                channels.ForEach(one => one.Abort(reason));
                channels.Clear();
                address = other;
                return channel;
            }
        }

        return null;
    }

    /// <summary>A connection to a peer that says hello soon; null if it does not.</summary>
    private async Task<ClientChannel?> TryConnectToAsync(PeerAddress place, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(ShortWait, clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            limit.Token, cancellationToken);
        try
        {
            return await ConnectToAsync(place, either.Token).ConfigureAwait(false);
        }
        catch (DfssException failure) when (!stop.IsCancellationRequested)
        {
            options.Debug?.Invoke(failure.Reason);
            return null;
        }
        catch (OperationCanceledException) when (
            !cancellationToken.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            options.Debug?.Invoke($"{place} has not answered yet.");
            return null;
        }
    }
}
