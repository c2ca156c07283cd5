namespace Dfss.Peers;

/// <summary>Counts, by address, the connections that ended before a valid hello, or by a violation. Each costs a peer
/// some processor time, with a TLS handshake several milliseconds, before the client has proved anything: a peer delays
/// new connections from an address with too many such ends. Safe for concurrent use.</summary>
internal sealed class FailedHandshakes(TimeProvider clock)
{
    /// <summary>64: as many as may be connected at once; a fleet with an old certificate, for example.</summary>
    public const int Burst = DfssLimits.MaxUnauthenticatedConnections;

    /// <summary>As many as may be connected wait together, so an address gets 64 handshakes a second at most: a fifth
    /// of a processor.</summary>
    public static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(1);

    /// <summary>4,096 addresses: a few hundred KB. An attack from more is not one that addresses help
    /// against.</summary>
    private const int MaxAddresses = 4096;

    /// <summary>Ten a second are forgotten.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private readonly long started = clock.GetTimestamp();

    // When the last one of an address will have been forgotten. By monotonic time: a step of the clock delays no
    // address.
    private readonly Dictionary<string, TimeSpan> until = [];

    /// <summary>One more ended badly.</summary>
    public void Count(string address)
    {
        TimeSpan now = Now;
        lock (gate)
        {
            if (until.Count >= MaxAddresses)
            {
                Forget(now);
            }

            // No longer than until the longest delay: the delay ends soon after the flood, also for other clients of
            // its address.
            TimeSpan from = until.GetValueOrDefault(address);
            TimeSpan longest = now + (Burst * Interval) + MaxDelay;
            TimeSpan next = (from > now ? from : now) + Interval;
            until[address] = next < longest ? next : longest;
        }
    }

    /// <summary>How long to delay a connection of this address.</summary>
    public TimeSpan DelayOf(string address)
    {
        lock (gate)
        {
            TimeSpan over = until.GetValueOrDefault(address) - Now - (Burst * Interval);
            return over <= TimeSpan.Zero ? TimeSpan.Zero : over < MaxDelay ? over : MaxDelay;
        }
    }

    private TimeSpan Now => clock.GetElapsedTime(started);

    private void Forget(TimeSpan now)
    {
        foreach (string address in until.Where(each => each.Value <= now).Select(each => each.Key).ToArray())
        {
            until.Remove(address);
        }

        if (until.Count >= MaxAddresses)
        {
            until.Clear();
        }
    }
}
