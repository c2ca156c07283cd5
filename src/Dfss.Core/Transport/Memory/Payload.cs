namespace Dfss.Transport;

/// <summary>
/// Memory rented from a <see cref="PayloadPool"/>. It has one owner, who disposes it; disposing again does nothing. Memory taken from it
/// before is not to be used after.
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

    /// <summary>Exactly as many bytes as were asked for. What they hold at first is left from somebody else.</summary>
    /// <exception cref="ObjectDisposedException">The payload was given back.</exception>
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
