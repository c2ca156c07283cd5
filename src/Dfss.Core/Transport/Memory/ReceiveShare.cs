using System.Numerics;

namespace Dfss.Transport;

/// <summary>
/// What the connections of one identity, all together, may hold of what they have sent. A channel that has one takes from it before it takes
/// memory; while there is nothing to take it does not read its socket.
/// </summary>
/// <param name="headers">Decoded headers.</param>
/// <param name="small">Payloads of at most <see cref="PayloadPool.SmallBytes"/>.</param>
/// <param name="bulk">Larger ones.</param>
internal sealed class ReceiveShare(FairBudget.Share headers, FairBudget.Share small, FairBudget.Share bulk)
{
    /// <summary>256: the headers of nearly all requests, which with 32 requests on each connection come to little.</summary>
    private const int FreeHeaderBytes = 256;

    /// <summary>80: what an empty map, which is one byte, takes when it is decoded. Nothing takes more for a byte.</summary>
    public const int DecodedBytesPerByte = 80;

    /// <summary>16 KiB: the pool's smallest block.</summary>
    private const int SmallestPayloadBytes = 16 << 10;

    /// <summary>Takes what a header takes when it is decoded; null for nothing.</summary>
    public async ValueTask<ReceiveCharge?> TakeHeaderAsync(int headerBytes, CancellationToken cancellationToken)
    {
        if (headerBytes <= FreeHeaderBytes)
        {
            return null;
        }

        long bytes = (long)headerBytes * DecodedBytesPerByte;
        await headers.TakeAsync(bytes, cancellationToken).ConfigureAwait(false);
        return new ReceiveCharge(headers, bytes);
    }

    /// <summary>Takes what a payload takes of the pool; null for nothing.</summary>
    public async ValueTask<ReceiveCharge?> TakePayloadAsync(int payloadBytes, CancellationToken cancellationToken)
    {
        if (payloadBytes == 0)
        {
            return null;
        }

        FairBudget.Share share = payloadBytes <= PayloadPool.SmallBytes ? small : bulk;
        long bytes = Math.Max(SmallestPayloadBytes, BitOperations.RoundUpToPowerOf2((uint)payloadBytes));
        await share.TakeAsync(bytes, cancellationToken).ConfigureAwait(false);
        return new ReceiveCharge(share, bytes);
    }
}

/// <summary>What was taken of a share, to be given back once.</summary>
internal sealed class ReceiveCharge(FairBudget.Share share, long amount) : IDisposable
{
    private int isDisposed;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref isDisposed, 1) == 0)
        {
            share.Return(amount);
        }
    }
}
