using System.Numerics;

namespace Dfss.Transport;

/// <summary>
/// The memory that the messages of one identity may take, over all its connections. A channel with a share takes from
/// it before it rents memory, and does not read its socket while it waits.
/// </summary>
/// <param name="headers">The share for decoded headers.</param>
/// <param name="small">The share for payloads of at most <see cref="PayloadPool.SmallBytes"/>.</param>
/// <param name="bulk">The share for larger payloads.</param>
internal sealed class ReceiveShare(FairBudget.Share headers, FairBudget.Share small, FairBudget.Share bulk)
{
    /// <summary>
    /// 256: a shorter header is not charged. Nearly all request headers are, and 32 of them a
    /// connection take little memory.
    /// </summary>
    private const int FreeHeaderBytes = 256;

    /// <summary>
    /// 80: the memory of a decoded empty map, which is one byte on the wire. No other value takes more for a byte.
    /// </summary>
    public const int DecodedBytesPerByte = 80;

    /// <summary>16 KiB: the pool's smallest block.</summary>
    private const int SmallestPayloadBytes = 16 << 10;

    /// <summary>Charges the memory of a header when it is decoded; null if nothing is charged.</summary>
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

    /// <summary>Charges the pool memory of a payload; null if nothing is charged.</summary>
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

/// <summary>An amount charged to a share; disposing it returns the amount once.</summary>
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
