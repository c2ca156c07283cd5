using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>
/// The buffers of the chunks that a client has in flight, over all its files. Each chunk needs one, so their number and
/// bytes limit what is in flight, however many files are under way.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification =
    "The semaphore owns no handle, and a transfer may give its last buffer back after its client was disposed.")]
internal sealed class ChunkBuffers(PayloadPool pool, int limit)
{
    private readonly SemaphoreSlim slots = new(limit, limit);

    /// <summary>A buffer for one chunk; waits until there is room. Dispose it when the chunk is done with.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ChunkBuffer> RentAsync(int length, CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return new ChunkBuffer(await pool.RentAsync(length, cancellationToken).ConfigureAwait(false), slots);
        }
        catch
        {
            slots.Release();
            throw;
        }
    }

    /// <summary>Memory for a second copy of a chunk that is in flight already, if some is free and no caller waits for
    /// it; null otherwise.</summary>
    public ChunkBuffer? TryRentSpare(int length) =>
        pool.TryRent(length) is Payload payload ? new ChunkBuffer(payload, slots: null) : null;
}

/// <summary>The memory of one chunk in flight.</summary>
internal sealed class ChunkBuffer : IDisposable
{
    private readonly Payload? payload;
    private SemaphoreSlim? slots;
    private int isDisposed;

    public ChunkBuffer(Payload payload, SemaphoreSlim? slots)
    {
        this.payload = payload;
        this.slots = slots;
        Memory = payload.Memory;
    }

    /// <summary>Memory of its own, which no budget counts.</summary>
    public ChunkBuffer(byte[] memory) => Memory = memory;

    public Memory<byte> Memory { get; }

    /// <summary>Hands the place among the chunks in flight to another buffer, which has none.</summary>
    public void GiveSlotTo(ChunkBuffer other)
    {
        if (Interlocked.Exchange(ref slots, null) is SemaphoreSlim place)
        {
            other.slots = place;
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref isDisposed, 1) == 0)
        {
            payload?.Dispose();
            Interlocked.Exchange(ref slots, null)?.Release();
        }
    }
}
