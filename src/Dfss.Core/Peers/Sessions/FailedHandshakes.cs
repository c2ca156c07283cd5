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

    // When the last one of an address will have been forgotten.
    private readonly Dictionary<string, DateTimeOffset> until = [];

    /// <summary>One more ended badly.</summary>
    public void Count(string address)
    {
        DateTimeOffset now = clock.GetUtcNow();
        lock (gate)
        {
            if (until.Count >= MaxAddresses)
            {
                Forget(now);
            }

            // No longer than until the longest delay: the delay ends soon after the flood, also for other clients of
            // its address.
            DateTimeOffset from = until.GetValueOrDefault(address);
            DateTimeOffset longest = now + (Burst * Interval) + MaxDelay;
            DateTimeOffset next = (from > now ? from : now) + Interval;
            until[address] = next < longest ? next : longest;
        }
    }

    /// <summary>How much later to begin with a connection of this address.</summary>
    public TimeSpan DelayOf(string address)
    {
        lock (gate)
        {
            TimeSpan over = until.GetValueOrDefault(address) - clock.GetUtcNow() - (Burst * Interval);
            return over <= TimeSpan.Zero ? TimeSpan.Zero : over < MaxDelay ? over : MaxDelay;
        }
    }

    private void Forget(DateTimeOffset now)
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
