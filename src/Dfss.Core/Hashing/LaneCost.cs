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

    /// <summary>Measures the lanes that this processor has; those that never gain are left out. Takes about a
    /// millisecond, and the time to compile.</summary>
    public static LaneCost[] MeasureAll()
    {
        ReadOnlyMemory<byte>[] contents = new ReadOnlyMemory<byte>[Sha256Lanes.MaxCount];
        Array.Fill(contents, new byte[ContentBytes]);
        ChunkId[] ids = new ChunkId[contents.Length];
        List<LaneCost> costs = [];
        foreach (Sha256Lanes lanes in Sha256Lanes.All.Where(lanes => lanes.IsSupported))
        {
            TimeSpan platform = TimeSpan.MaxValue;
            TimeSpan wide = TimeSpan.MaxValue;
            for (int i = 0; i < Rounds; i++)
            {
                // In turns, so that a change of the processor's clock meets both.
                platform = Least(platform, () => HashByPlatform(contents));
                wide = Least(wide, () => lanes.Hash(contents.AsSpan(0, lanes.Count), ids));
            }

            double step = wide / (platform / contents.Length);
            if (step < lanes.Count)
            {
                costs.Add(new LaneCost(lanes, step));
            }
        }

        return [.. costs];
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
