using System.Collections.Concurrent;

namespace Dfss.Transfer;

/// <summary>
/// The health of the peers that hold chunks, over all files of a client: how long reads take, and so when one is late;
/// which peers were late or failed (these are asked last for 5 s, then one chunk tests them); and how many hedged
/// requests may be sent. Safe for concurrent use.
/// </summary>
internal sealed class HolderHealth(TransferOptions options)
{
    /// <summary>2 s without a byte: a busy disk answers within one, and "within seconds" leaves no more.</summary>
    public static readonly TimeSpan StallTime = TimeSpan.FromSeconds(2);

    /// <summary>250 ms: a lost packet costs TCP 200 ms (Linux's least retransmission time-out), and is no reason to ask
    /// twice. Also how often a late read is looked at again.</summary>
    public static readonly TimeSpan LeastDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>1 s, while nothing is known: TCP's first retransmission time-out (RFC 6298).</summary>
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);

    /// <summary>5 s: more is no longer "within seconds". Only where reads usually take longer it is twice as
    /// long.</summary>
    private static readonly TimeSpan MostDelay = TimeSpan.FromSeconds(5);

    /// <summary>10 reads earn one hedged request: if all holders are slow, these add a tenth of load (The Tail at
    /// Scale, CACM 2013, finds 2-5 % more load sufficient against a tail).</summary>
    private const int ReadsPerHedge = 10;

    /// <summary>16 at once, as many as are usually in flight when a holder stalls.</summary>
    private const int MostHedges = TransferOptions.DefaultThrottleLimit;

    private readonly ConcurrentDictionary<StoreId, FailureMemory> failed = new();
    private readonly ConcurrentDictionary<StoreId, bool> told = new();
    private readonly ReadTimes bulkTimes = new();
    private readonly ReadTimes smallTimes = new();
    private int hedgeCredit = MostHedges * ReadsPerHedge;

    /// <summary>How long a read of this many bytes may take before it is late.</summary>
    public TimeSpan HedgeDelay(int length)
    {
        if (TimesOf(length).Typical is not TimeSpan typical)
        {
            return FirstDelay;
        }

        TimeSpan usual = typical * Units(length);
        TimeSpan most = usual * 2 > MostDelay ? usual * 2 : MostDelay;
        TimeSpan delay = usual * 3;
        return delay < LeastDelay ? LeastDelay : delay > most ? most : delay;
    }

    /// <summary>
    /// Whether this store is healthy. Once the time of an unhealthy store is over, one of the callers gets true and
    /// tests it.
    /// </summary>
    public bool IsPreferred(StoreId id)
    {
        TimeProvider clock = options.TimeProvider;
        return !failed.TryGetValue(id, out FailureMemory? memory)
            || (memory.IsOver(clock) && failed.TryUpdate(id, memory.TriedNow(clock), memory));
    }

    /// <summary>
    /// Records that the store failed, or was slower than another asked later: others are asked first for a while.
    /// </summary>
    /// <returns>Whether it was recorded before, and has given no good answer since.</returns>
    public bool Avoid(StoreId id)
    {
        FailureMemory memory = failed.AddOrUpdate(
            id,
            static (_, clock) => FailureMemory.Note(earlier: null, clock),
            static (_, earlier, clock) => FailureMemory.Note(earlier, clock),
            options.TimeProvider);
        return memory.IsLasting(options.TimeProvider);
    }

    /// <summary>Counts a request for a chunk, which earns a part of a hedged request.</summary>
    public void CountRead()
    {
        if (Volatile.Read(ref hedgeCredit) < MostHedges * ReadsPerHedge)
        {
            Interlocked.Increment(ref hedgeCredit);
        }
    }

    /// <summary>Whether a hedged request may be sent now; if so, it is counted.</summary>
    public bool TryTakeHedge()
    {
        if (Interlocked.Add(ref hedgeCredit, -ReadsPerHedge) >= 0)
        {
            return true;
        }

        ReturnHedge();
        return false;
    }

    /// <summary>Returns a hedged request that was not sent.</summary>
    public void ReturnHedge() => Interlocked.Add(ref hedgeCredit, ReadsPerHedge);

    /// <summary>Counts a chunk that the store gave.</summary>
    /// <param name="id">The store.</param>
    /// <param name="length">The chunk's length.</param>
    /// <param name="askedAt">When it was asked, as the clock's timestamp.</param>
    /// <param name="wasLate">Whether another holder was asked meanwhile.</param>
    public void CountAnswer(StoreId id, int length, long askedAt, bool wasLate)
    {
        TimesOf(length).Add(options.TimeProvider.GetElapsedTime(askedAt) / Units(length));
        if (!wasLate && failed.TryGetValue(id, out FailureMemory? memory) && askedAt >= memory.LastAt)
        {
            failed.TryRemove(new(id, memory));
        }
    }

    /// <summary>Warns that this store's chunks come from elsewhere, the first time.</summary>
    public void Tell(StoreId id, string text)
    {
        if (options.Warning is { } warn && told.TryAdd(id, true))
        {
            warn(text);
        }
    }

    private static int Units(int length) => Math.Max(1, (int)(((long)length + (1 << 20) - 1) >> 20));

    private ReadTimes TimesOf(int length) => length > BatchingChunkStore.SmallBytes ? bulkTimes : smallTimes;
}
