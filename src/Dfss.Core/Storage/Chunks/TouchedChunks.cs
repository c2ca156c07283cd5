namespace Dfss.Storage;

/// <summary>When chunks were last put or asked for, by a clock that only goes forward: what the grace period of garbage
/// collection is counted from. In memory only; a chunk not known here counts as touched when the store was
/// opened.</summary>
/// <remarks>Keeps 8 bytes of an id: two chunks that share them only make the one live as long as the other. Some 24
/// bytes a chunk touched, until <see cref="Forget"/>.</remarks>
internal sealed class TouchedChunks(TimeProvider timeProvider)
{
    private readonly Lock gate = new();
    private readonly Dictionary<long, long> touched = [];
    private long horizon = timeProvider.GetTimestamp();

    /// <summary>Notes that a chunk is wanted now.</summary>
    public void Touch(ChunkId id)
    {
        long key = KeyOf(id);
        long now = timeProvider.GetTimestamp();
        lock (gate)
        {
            touched[key] = now;
        }
    }

    /// <summary>Whether no caller has touched the chunk for this long.</summary>
    public bool IsUntouchedFor(TimeSpan gracePeriod, ChunkId id)
    {
        long since;
        lock (gate)
        {
            since = touched.GetValueOrDefault(KeyOf(id), horizon);
        }

        return timeProvider.GetElapsedTime(since) >= gracePeriod;
    }

    /// <summary>Drops what is older than this; it counts, from now on, as touched that long ago, which is later than it
    /// was.</summary>
    public void Forget(TimeSpan olderThan)
    {
        long ticks = (long)(olderThan.TotalSeconds * timeProvider.TimestampFrequency);
        long limit = timeProvider.GetTimestamp() - ticks;
        lock (gate)
        {
            if (limit <= horizon)
            {
                return;
            }

            horizon = limit;
            foreach ((long key, long at) in touched)
            {
                if (at <= limit)
                {
                    touched.Remove(key);
                }
            }
        }
    }

    private static long KeyOf(ChunkId id)
    {
        Span<byte> bytes = stackalloc byte[ChunkId.SizeBytes];
        id.CopyTo(bytes);
        return BitConverter.ToInt64(bytes);
    }
}
