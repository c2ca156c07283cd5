using System.Numerics;

namespace Dfss.Transport;

/// <summary>
/// A buddy allocator: blocks of powers of two that are split and merged. The memory of a block is allocated when it is
/// first needed and kept, so no block size starves another, and resident memory never exceeds the budget. It is kept
/// for smaller blocks too, and given up only for a larger one over the same place: so there is no garbage in the long
/// run, and a peer or client that moves small payloads allocates little. Not safe for concurrent use:
/// <see cref="PayloadPool"/> locks.
/// </summary>
internal sealed class BuddyBlocks
{
    /// <summary>
    /// 16 KiB: 1,024 blocks a slab keep the block tables small, and payloads up to 8 KiB travel with their header.
    /// </summary>
    private const int SmallestBlockBytes = 16 << 10;

    /// <summary>128 KiB: the garbage collector does not move arrays of this size.</summary>
    private const int SmallestArrayBytes = 128 << 10;

    private const int None = -1;

    /// <summary>
    /// The memory that is allocated: each array at its place, counted in arrays of the smallest size.
    /// </summary>
    private readonly byte[]?[] arrays;
    private readonly int arrayOrder;
    private readonly int blockBytes;
    private readonly int[] firstFree;
    private readonly int[] next;
    private readonly int[] previous;
    private readonly sbyte[] freeOrder;

    /// <summary>Makes an allocator with nothing allocated.</summary>
    /// <param name="budgetBytes">The most bytes that all blocks may take together.</param>
    public BuddyBlocks(long budgetBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(budgetBytes);
        LargestBytes = (int)Math.Min(DfssLimits.MaxPayloadBytes, 1L << BitOperations.Log2((ulong)budgetBytes));
        blockBytes = Math.Min(SmallestBlockBytes, LargestBytes);
        int largestBlocks = LargestBytes / blockBytes;
        int blocks = checked((int)(budgetBytes / LargestBytes) * largestBlocks);
        firstFree = new int[BitOperations.Log2((uint)largestBlocks) + 1];
        arrayOrder = Math.Min(BitOperations.Log2(SmallestArrayBytes / SmallestBlockBytes), firstFree.Length - 1);
        arrays = new byte[blocks >> arrayOrder][];
        next = new int[blocks];
        previous = new int[blocks];
        freeOrder = new sbyte[blocks];
        Array.Fill(firstFree, None);
        Array.Fill(freeOrder, (sbyte)None);
        for (int index = blocks - largestBlocks; index >= 0; index -= largestBlocks)
        {
            Add(index, firstFree.Length - 1);
        }
    }

    /// <summary>The largest block: the largest payload, or less if the budget is smaller.</summary>
    public int LargestBytes { get; }

    /// <summary>Bytes in blocks that are taken.</summary>
    public long TakenBytes { get; private set; }

    /// <summary>Bytes that are allocated, in blocks that are taken or free.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>
    /// Takes a block of at least <paramref name="length"/> bytes, which is at most <see cref="LargestBytes"/>.
    /// </summary>
    public bool TryTake(int length, out Block block)
    {
        int order = BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)((length + blockBytes - 1) / blockBytes)));
        int found = order;
        while (found < firstFree.Length && firstFree[found] == None)
        {
            found++;
        }

        if (found == firstFree.Length)
        {
            block = default;
            return false;
        }

        int index = firstFree[found];
        Remove(index, found);
        while (found > order)
        {
            found--;
            Add(index + (1 << found), found);
        }

        TakenBytes += (long)blockBytes << order;
        block = new Block(MemoryOf(index, order).Slice(0, length), index, order);
        return true;
    }

    /// <summary>Returns a block. Called once for each block.</summary>
    public void Return(Block block)
    {
        TakenBytes -= (long)blockBytes << block.Order;
        int index = block.Index;
        int order = block.Order;
        while (order < firstFree.Length - 1 && freeOrder[index ^ (1 << order)] == order)
        {
            Remove(index ^ (1 << order), order);
            index &= ~(1 << order);
            order++;
        }

        Add(index, order);
    }

    /// <summary>Gives up all memory if no block is taken; it is allocated again when it is needed.</summary>
    public void ReleaseMemory()
    {
        if (TakenBytes == 0)
        {
            Array.Clear(arrays);
            AllocatedBytes = 0;
        }
    }

    /// <summary>The memory of a block that was free: in an array that covers it, else in a new one.</summary>
    private Memory<byte> MemoryOf(int index, int order)
    {
        order = Math.Max(order, arrayOrder);
        for (int covering = order; covering < firstFree.Length; covering++)
        {
            int start = index >> covering << covering;
            if (arrays[start >> arrayOrder] is { } array && array.Length >= blockBytes << covering)
            {
                return array.AsMemory((index - start) * blockBytes);
            }
        }

        // Smaller arrays at this place belong to blocks that were merged into this one: no payload uses them.
        int first = index >> order << order;
        Span<byte[]?> covered = arrays.AsSpan(first >> arrayOrder, 1 << (order - arrayOrder));
        foreach (byte[]? smaller in covered)
        {
            AllocatedBytes -= smaller?.Length ?? 0;
        }

        covered.Clear();
        covered[0] = GC.AllocateUninitializedArray<byte>(blockBytes << order);
        AllocatedBytes += covered[0]!.Length;
        return covered[0].AsMemory((index - first) * blockBytes);
    }

    // Last in, first out: the block returned last is still in the processor's cache.
    private void Add(int index, int order)
    {
        freeOrder[index] = (sbyte)order;
        previous[index] = None;
        next[index] = firstFree[order];
        if (firstFree[order] != None)
        {
            previous[firstFree[order]] = index;
        }

        firstFree[order] = index;
    }

    private void Remove(int index, int order)
    {
        freeOrder[index] = None;
        if (previous[index] == None)
        {
            firstFree[order] = next[index];
        }
        else
        {
            next[previous[index]] = next[index];
        }

        if (next[index] != None)
        {
            previous[next[index]] = previous[index];
        }
    }

    /// <summary>An allocated block.</summary>
    /// <param name="Memory">Exactly the requested number of bytes.</param>
    /// <param name="Index">The index of its first smallest block.</param>
    /// <param name="Order">Its size: 2 to the power of this, in smallest blocks.</param>
    public readonly record struct Block(Memory<byte> Memory, int Index, int Order);
}
