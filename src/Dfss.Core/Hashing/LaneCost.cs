using System.Diagnostics;

namespace Dfss.Hashing;

/// <summary>What it costs to hash in lanes on this processor.</summary>
/// <param name="Lanes">The lanes.</param>
/// <param name="Step">The time of one block in each lane, in times of one block by the platform. With fewer filled
/// lanes than this number, lanes gain nothing.</param>
internal readonly record struct LaneCost(Sha256Lanes Lanes, double Step)
{
    /// <summary>4 KiB: long enough that the cost of the call itself is small, and all lanes of it stay in the first
    /// cache.</summary>
    private const int ContentBytes = 4 << 10;

    /// <summary>7 rounds of some 50 microseconds: the least time of them is one without interruption.</summary>
    private const int Rounds = 7;

    /// <summary>Measures the widest lanes that this processor has. Takes less than a millisecond, and 25 ms to compile;
    /// narrower lanes would take as long and gain nothing beside them.</summary>
    /// <returns>Null where there are none, or where full lanes are not at least twice as fast as the platform: a gain
    /// that small is not worth the wait for other chunks.</returns>
    public static LaneCost? Measure()
    {
        if (Sha256Lanes.All.FirstOrDefault(lanes => lanes.IsSupported) is not { } lanes)
        {
            return null;
        }

        ReadOnlyMemory<byte>[] contents = new ReadOnlyMemory<byte>[lanes.Count];
        Array.Fill(contents, new byte[ContentBytes]);
        ChunkId[] ids = new ChunkId[contents.Length];
        TimeSpan platform = TimeSpan.MaxValue;
        TimeSpan wide = TimeSpan.MaxValue;
        for (int i = 0; i < Rounds; i++)
        {
            // In turns, so that a change of the processor's clock meets both.
            platform = Least(platform, () => HashByPlatform(contents));
            wide = Least(wide, () => lanes.Hash(contents, ids));
        }

        double step = wide / (platform / contents.Length);
        return step <= lanes.Count / 2.0 ? new LaneCost(lanes, step) : null;
    }

    private static TimeSpan Least(TimeSpan known, Action action)
    {
        long started = Stopwatch.GetTimestamp();
        action();
        TimeSpan taken = Stopwatch.GetElapsedTime(started);
        return taken < known ? taken : known;
    }

    private static void HashByPlatform(ReadOnlyMemory<byte>[] contents)
    {
        foreach (ReadOnlyMemory<byte> content in contents)
        {
            ChunkId.Of(content.Span);
        }
    }
}
