using System.Numerics;
using System.Runtime.CompilerServices;
using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>
/// The memory for the payloads of one session's answers. An answer holds its memory until the client has read it, which
/// may take long, so the bytes are bounded: for a session, for its identity, and for all identities together, which
/// leaves some memory for requests. A caller that rents holds no other payload.
/// </summary>
/// <param name="pool">The memory, shared with requests.</param>
/// <param name="share">The share of the session's identity in the memory for answers.</param>
internal sealed class AnswerMemory(PayloadPool pool, FairBudget.Share share)
{
    /// <summary>1 KiB: the memory that an answer may hold uncounted. 32 on each of 256 connections are 8 MiB.</summary>
    private const int FreeBytes = 1 << 10;

    /// <summary>A value of a message's map, in memory.</summary>
    private const int ValueBytes = 24;

    /// <summary>8 MiB, which keep one connection as fast as it gets: 8 chunks of the usual size are read from the store
    /// while they are sent.</summary>
    private const long SessionBytes = 8L << 20;

    /// <summary>
    /// A larger payload counts as 4 MiB: so that one is read from the store while another is sent, independent of their
    /// sizes.
    /// </summary>
    private const long MostCounted = SessionBytes / 2;

    private readonly FairBudget.Share session = FairBudget.Undivided(SessionBytes);

    /// <summary>Memory for one payload; waits while the session, or all together, hold as much as they may.</summary>
    public ValueTask<AnswerPayload> RentAsync(int length, CancellationToken cancellationToken) =>
        RentAsync(length, values: 0, cancellationToken);

    /// <summary>The same for an answer whose results have this many values.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<AnswerPayload> RentAsync(int length, int values, CancellationToken cancellationToken)
    {
        // A block of the pool is a power of two.
        long bytes = BitOperations.RoundUpToPowerOf2((uint)length) + ((long)values * ValueBytes);
        await TakeAsync(bytes, cancellationToken).ConfigureAwait(false);
        try
        {
            return new AnswerPayload(
                this, await pool.RentAsync(length, cancellationToken).ConfigureAwait(false), bytes);
        }
        catch
        {
            Return(bytes);
            throw;
        }
    }

    /// <summary>Counts an answer that holds no memory of this. Disposing the answer returns the count.</summary>
    public async ValueTask CountAsync(RequestAnswer answer, CancellationToken cancellationToken)
    {
        if (answer.IsPooled)
        {
            // Counted when it was rented; waiting for more while holding that could deadlock.
            return;
        }

        long bytes = answer.OwnBytes;
        foreach ((_, MessageValue value) in answer.Results)
        {
            bytes += value.Kind == MessageValueKind.Array ? (long)value.AsArray().Count * ValueBytes : 0;
        }

        if (bytes > FreeBytes)
        {
            await TakeAsync(bytes, cancellationToken).ConfigureAwait(false);
            answer.Counted = new AnswerPayload(this, payload: null, bytes);
        }
    }

    /// <summary>Called by <see cref="AnswerPayload.Dispose"/>, once.</summary>
    internal void Return(long bytes)
    {
        share.Return(bytes);
        session.Return(Math.Min(bytes, MostCounted));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        await session.TakeAsync(Math.Min(bytes, MostCounted), cancellationToken).ConfigureAwait(false);
        try
        {
            await share.TakeAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            session.Return(Math.Min(bytes, MostCounted));
            throw;
        }
    }
}

/// <summary>Memory of an answer's payload, or only the count for a payload elsewhere. The owner disposes it once the
/// answer is written.</summary>
internal sealed class AnswerPayload(AnswerMemory owner, Payload? payload, long bytes) : IDisposable
{
    private int isDisposed;

    /// <summary>Exactly as many bytes as were requested, with content of an earlier user.</summary>
    public Memory<byte> Memory => payload!.Memory;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref isDisposed, 1) == 0)
        {
            payload?.Dispose();
            owner.Return(bytes);
        }
    }
}
