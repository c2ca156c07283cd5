namespace Dfss.Transport;

/// <summary>
/// Memory rented from a <see cref="PayloadPool"/>. Its one owner disposes it; disposing again does nothing. A caller
/// must not use <see cref="Memory"/> that it got before the disposal.
/// </summary>
internal sealed class Payload : IDisposable
{
    private readonly BuddyBlocks.Block block;
    private PayloadPool? pool;
    private int isDisposed;

    internal Payload(PayloadPool? pool, BuddyBlocks.Block block)
    {
        this.pool = pool;
        this.block = block;
    }

    /// <summary>Exactly the requested number of bytes. They first hold what an earlier payload left.</summary>
    /// <exception cref="ObjectDisposedException">The payload was returned to the pool.</exception>
    public Memory<byte> Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref isDisposed) != 0, this);
            return block.Memory;
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref isDisposed, 1) == 0)
        {
            pool?.Return(block);
            pool = null;
        }
    }
}
