namespace Dfss.Transport;

/// <summary>
/// Slabs that pools have released, for the next pools of the process: a session runs many commands, each with a client
/// and pools, and to allocate and collect 16 MiB each time costs more than most of them do besides. They are referenced
/// weakly: a full garbage collection frees them.
/// </summary>
internal sealed class SpareSlabs
{
    /// <summary>The one length that is kept.</summary>
    public const int SlabBytes = DfssLimits.MaxPayloadBytes;

    /// <summary>128 MiB in all: what one peer uses.</summary>
    public const int MaxCount = 8;

    private readonly Lock gate = new();
    private readonly WeakReference<byte[]>[] places =
        [.. Enumerable.Range(0, MaxCount).Select(_ => new WeakReference<byte[]>(null!))];

    /// <summary>Those of this process.</summary>
    public static SpareSlabs Shared { get; } = new();

    /// <summary>A slab of this length, with any content.</summary>
    public byte[] Take(int length)
    {
        if (length == SlabBytes)
        {
            lock (gate)
            {
                foreach (WeakReference<byte[]> place in places)
                {
                    if (place.TryGetTarget(out byte[]? slab))
                    {
                        place.SetTarget(null!);
                        return slab;
                    }
                }
            }
        }

        return GC.AllocateUninitializedArray<byte>(length);
    }

    /// <summary>Keeps a slab that nothing uses any more, if there is a place for it.</summary>
    public void Return(byte[] slab)
    {
        if (slab.Length == SlabBytes)
        {
            lock (gate)
            {
                Array.Find(places, static place => !place.TryGetTarget(out _))?.SetTarget(slab);
            }
        }
    }
}
