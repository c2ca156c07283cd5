using System.Numerics;
using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>
/// Where one session's answers get their payloads. An answer holds its memory until the client has read it, which a slow one draws out, so
/// the bytes are bounded: for a session, and for all of them together, which leaves requests some that answers never hold. Who rents holds
/// no other payload.
/// </summary>
/// <param name="pool">The memory, shared with requests.</param>
/// <param name="everybody">What the answers of all sessions may hold.</param>
internal sealed class AnswerMemory(PayloadPool pool, ByteBudget everybody)
{
    /// <summary>
    /// 8 MiB, which keep one connection as fast as it gets: 8 chunks of the usual size are read from the store while they are sent.
    /// </summary>
    private const long SessionBytes = 8L << 20;

    /// <summary>A larger payload counts as 4 MiB: so that one is read from the store while another is sent, whatever their size.</summary>
    private const long MostCounted = SessionBytes / 2;

    /// <summary>Of the budget, what requests alone may have: two payloads of the largest size.</summary>
    public const long RequestBytes = 2L * DfssLimits.MaxPayloadBytes;

    private readonly ByteBudget session = new(SessionBytes);

    /// <summary>Memory for one payload; waits while the session, or all together, hold as much as they may.</summary>
    public async ValueTask<AnswerPayload> RentAsync(int length, CancellationToken cancellationToken)
    {
        // A block of the pool is a power of two.
        long bytes = BitOperations.RoundUpToPowerOf2((uint)length);
        await session.TakeAsync(Math.Min(bytes, MostCounted), cancellationToken).ConfigureAwait(false);
        try
        {
            await everybody.TakeAsync(bytes, cancellationToken).ConfigureAwait(false);
            try
            {
                return new AnswerPayload(this, await pool.RentAsync(length, cancellationToken).ConfigureAwait(false), bytes);
            }
            catch
            {
                everybody.Return(bytes);
                throw;
            }
        }
        catch
        {
            session.Return(Math.Min(bytes, MostCounted));
            throw;
        }
    }

    /// <summary>Called by <see cref="AnswerPayload.Dispose"/>, once.</summary>
    internal void Return(Payload payload, long bytes)
    {
        payload.Dispose();
        everybody.Return(bytes);
        session.Return(Math.Min(bytes, MostCounted));
    }
}

/// <summary>Memory of an answer's payload. Whoever owns it disposes it, once the answer is written.</summary>
internal sealed class AnswerPayload(AnswerMemory owner, Payload payload, long bytes) : IDisposable
{
    private int isDisposed;

    /// <summary>Exactly as many bytes as were asked for. What they hold at first is left from somebody else.</summary>
    public Memory<byte> Memory => payload.Memory;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref isDisposed, 1) == 0)
        {
            owner.Return(payload, bytes);
        }
    }
}
