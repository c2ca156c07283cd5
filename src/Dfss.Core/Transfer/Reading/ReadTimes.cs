namespace Dfss.Transfer;

/// <summary>How long the last reads took: their median. Safe for concurrent use.</summary>
internal sealed class ReadTimes
{
    /// <summary>32 reads: a second's worth, so that it follows the network, and two rounds of what is usually in
    /// flight.</summary>
    private const int Kept = 32;

    /// <summary>The median is computed again after every 8, the first time after as many.</summary>
    private const int Stride = 8;

    private readonly Lock gate = new();
    private readonly long[] ticks = new long[Kept];
    private long added;
    private long typical = -1;

    /// <summary>The median; null while too few are known.</summary>
    public TimeSpan? Typical => Volatile.Read(ref typical) is >= 0 and long known ? new TimeSpan(known) : null;

    public void Add(TimeSpan time)
    {
        lock (gate)
        {
            ticks[added++ % Kept] = time.Ticks;
            if (added % Stride == 0)
            {
                Span<long> sorted = stackalloc long[Kept];
                int count = (int)Math.Min(added, Kept);
                ticks.AsSpan(0, count).CopyTo(sorted);
                sorted[..count].Sort();
                Volatile.Write(ref typical, sorted[count / 2]);
            }
        }
    }
}
