namespace Dfss.Transfer;

/// <summary>What an upload sent: chunks and manifests, each copy and each attempt counted. Safe for concurrent
/// use.</summary>
internal sealed class SentCount
{
    private int chunks;
    private int added;
    private long bytes;

    /// <summary>How many were sent.</summary>
    public int Chunks => Volatile.Read(ref chunks);

    /// <summary>How many of them a peer did not have.</summary>
    public int Added => Volatile.Read(ref added);

    /// <summary>The bytes that were sent.</summary>
    public long Bytes => Volatile.Read(ref bytes);

    /// <summary>One goes to a peer.</summary>
    public void Send(int lengthBytes)
    {
        Interlocked.Increment(ref chunks);
        Interlocked.Add(ref bytes, lengthBytes);
    }

    /// <summary>The peer did not have it.</summary>
    public void Add() => Interlocked.Increment(ref added);
}
