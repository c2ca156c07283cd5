using System.Runtime.CompilerServices;

namespace Dfss.Hashing;

/// <summary>SHA-256 of many contents: alone by the platform, or several at once in lanes, whichever takes less
/// time.</summary>
/// <param name="measured">The lanes to use, and what they cost; null where the platform is faster.</param>
internal sealed class WideSha256(LaneCost? measured)
{
    private const int MaxBatch = Sha256Lanes.MaxCount;

    private static WideSha256 current = new(measured: null);
    private static int isMeasuring;

    /// <summary>What is fastest on this processor. The first use starts a measurement in the background; until it has
    /// ended the platform hashes everything.</summary>
    public static WideSha256 Current
    {
        get
        {
            if (Volatile.Read(ref isMeasuring) == 0 && Interlocked.Exchange(ref isMeasuring, 1) == 0)
            {
                // A thread of its own: where there is much to hash, a work item would wait for all of it.
                Thread measuring = new(static () => Volatile.Write(ref current, new WideSha256(LaneCost.Measure())))
                {
                    IsBackground = true,
                    Name = "DFSS SHA-256 measurement",
                };
                measuring.UnsafeStart();
            }

            return Volatile.Read(ref current);
        }
    }

    /// <summary>Whether several contents may cost less than each alone.</summary>
    public bool HasLanes => measured is not null;

    /// <summary>Hashes each content.</summary>
    /// <param name="contents">Any number, of any lengths.</param>
    /// <param name="ids">Gets the id of each content.</param>
    public void Hash(ReadOnlySpan<ReadOnlyMemory<byte>> contents, Span<ChunkId> ids)
    {
        for (int i = 0; i < contents.Length; i += MaxBatch)
        {
            int count = Math.Min(MaxBatch, contents.Length - i);
            HashBatch(contents.Slice(i, count), ids.Slice(i, count));
        }
    }

    private void HashBatch(ReadOnlySpan<ReadOnlyMemory<byte>> contents, Span<ChunkId> ids)
    {
        Span<int> blocks = stackalloc int[contents.Length];
        Span<int> order = stackalloc int[contents.Length];
        for (int i = 0; i < contents.Length; i++)
        {
            blocks[i] = (contents[i].Length / Sha256Constants.BlockBytes) + 1;
            order[i] = i;
        }

        blocks.Sort(order);
        blocks.Reverse();
        order.Reverse();
        Plan plan = Choose(blocks);
        foreach (int index in order[..plan.AloneCount])
        {
            ids[index] = ChunkId.Of(contents[index].Span);
        }

        if (plan.Lanes is { } lanes)
        {
            for (int i = plan.AloneCount; i < order.Length; i += lanes.Count)
            {
                HashInLanes(lanes, contents, ids, order[i..Math.Min(i + lanes.Count, order.Length)]);
            }
        }
    }

    /// <summary>The plan that costs least: the longest contents alone, the others in lanes, by descending
    /// length.</summary>
    private Plan Choose(ReadOnlySpan<int> blocks)
    {
        Plan best = new(Lanes: null, blocks.Length);
        if (measured is not { } cost)
        {
            return best;
        }

        double least = 0;
        foreach (int count in blocks)
        {
            least += count;
        }

        double alone = 0;
        for (int aloneCount = 0; aloneCount < blocks.Length; alone += blocks[aloneCount], aloneCount++)
        {
            double total = alone;
            for (int i = aloneCount; i < blocks.Length; i += cost.Lanes.Count)
            {
                total += blocks[i] * cost.Step;
            }

            if (total < least)
            {
                least = total;
                best = new Plan(cost.Lanes, aloneCount);
            }
        }

        return best;
    }

    private static void HashInLanes(
        Sha256Lanes lanes, ReadOnlySpan<ReadOnlyMemory<byte>> contents, Span<ChunkId> ids, ReadOnlySpan<int> indexes)
    {
        Batch<ReadOnlyMemory<byte>> chosen = default;
        Batch<ChunkId> hashed = default;
        for (int i = 0; i < indexes.Length; i++)
        {
            chosen[i] = contents[indexes[i]];
        }

        lanes.Hash(chosen[..indexes.Length], hashed);
        for (int i = 0; i < indexes.Length; i++)
        {
            ids[indexes[i]] = hashed[i];
        }
    }

    private readonly record struct Plan(Sha256Lanes? Lanes, int AloneCount);

    [InlineArray(MaxBatch)]
    private struct Batch<T>
    {
        private T first;
    }
}
