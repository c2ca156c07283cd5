using System.Runtime.CompilerServices;

namespace Dfss.Transport;

/// <summary>What a link does where several peers serve one store: it goes on at another one when its peer is lost.</summary>
internal sealed partial class PeerLink
{
    private static bool IsLost(DfssException failure) =>
        failure.Code is DfssErrorCode.PeerUnreachable or DfssErrorCode.TimedOut;

    /// <summary>
    /// Makes a call; of a store that several peers serve once more, at another peer, when its peer is lost. That peer
    /// may have done what was asked: each request may take effect twice at one store.
    /// </summary>
    private async ValueTask<Response> CallSharedAsync(
        PeerLine line, PeerCall call, CancellationToken cancellationToken)
    {
        try
        {
            return await line.CallAsync(call, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException lost) when (
            isShared && IsLost(lost) && !cancellationToken.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            options.Debug?.Invoke($"{lost.Reason} The request is sent again to a peer of the same store.");
            return await line.CallAsync(call, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Connects to the peer, or to another one of the same store if it is lost.</summary>
    private async Task<ClientChannel> ConnectAsync(CancellationToken cancellationToken)
    {
        PeerAddress before = address;
        try
        {
            return await ConnectToAsync(before, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException lost) when (isShared && IsLost(lost) && Others is not null)
        {
            await foreach (PeerAddress other in FindOthersAsync(cancellationToken).ConfigureAwait(false))
            {
                if (other != before && await TryConnectToAsync(other, cancellationToken).ConfigureAwait(false)
                    is ClientChannel channel)
                {
                    GoOnAt(other, lost);
                    return channel;
                }
            }

            throw;
        }
    }

    /// <summary>The address that the other connection has gone on at, then the others.</summary>
    private async IAsyncEnumerable<PeerAddress> FindOthersAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        PeerAddress now = address;
        yield return now;
        await foreach (PeerAddress other in Others!(knownStore!.Value, cancellationToken).ConfigureAwait(false))
        {
            if (other != now)
            {
                yield return other;
            }
        }
    }

    private async Task<ClientChannel?> TryConnectToAsync(PeerAddress place, CancellationToken cancellationToken)
    {
        try
        {
            return await ConnectToAsync(place, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException failure)
        {
            options.Debug?.Invoke(failure.Reason);
            return null;
        }
    }

    /// <summary>
    /// Both connections go to one peer, since a ping on one of them is to tell whether the peer of the other lives.
    /// </summary>
    private void GoOnAt(PeerAddress other, DfssException lost)
    {
        lock (gate)
        {
            if (address == other)
            {
                // The other connection is there already.
                return;
            }

            address = other;
        }

        DfssException reason = new(
            DfssErrorCode.PeerUnreachable, $"{lost.Reason} {other}, which serves the same store, is used now.", lost);
        bulk.Abort(reason);
        control.Abort(reason);
    }
}
