using System.Diagnostics.CodeAnalysis;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>
/// The chunks that a client has in flight, over all its files: at most so many, and so many bytes. Each needs a buffer,
/// so this is where the limit holds, however many files are under way.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification =
    "The semaphore owns no handle, and a transfer may give its last buffer back after its client was disposed.")]
internal sealed class ChunkBuffers(PayloadPool pool, int limit)
{
    private readonly SemaphoreSlim slots = new(limit, limit);

    /// <summary>A buffer for one chunk; waits until there is room. Dispose it when the chunk is done with.</summary>
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
}

/// <summary>The memory of one chunk in flight.</summary>
internal sealed class ChunkBuffer(Payload payload, SemaphoreSlim slots) : IDisposable
{
    private int isDisposed;

    public Memory<byte> Memory => payload.Memory;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref isDisposed, 1) == 0)
        {
            payload.Dispose();
            slots.Release();
        }
    }
}
