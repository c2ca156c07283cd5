using System.Numerics;

namespace Dfss.Transport;

/// <summary>
/// A buddy allocator: blocks of powers of two that are split and merged. Its slabs are allocated when first needed and
/// kept, so there is no garbage, no block size starves another, and resident memory never exceeds the budget. Not safe
/// for concurrent use: <see cref="PayloadPool"/> locks.
/// </summary>
internal sealed class BuddyBlocks
{
    /// <summary>
    /// 16 KiB: 1,024 blocks a slab keep the block tables small, and payloads up to 8 KiB travel with their header.
    /// </summary>
    private const int SmallestBlockBytes = 16 << 10;

    private const int None = -1;

    private readonly byte[]?[] slabs;
    private readonly int blockBytes;
    private readonly int blocksPerSlab;
    private readonly int[] firstFree;
    private readonly int[] next;
    private readonly int[] previous;
    private readonly sbyte[] freeOrder;

    /// <summary>Makes an allocator with no slab allocated.</summary>
    /// <param name="budgetBytes">The most bytes that the slabs may take together.</param>
    public BuddyBlocks(long budgetBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(budgetBytes);
        LargestBytes = (int)Math.Min(DfssLimits.MaxPayloadBytes, 1L << BitOperations.Log2((ulong)budgetBytes));
        blockBytes = Math.Min(SmallestBlockBytes, LargestBytes);
        blocksPerSlab = LargestBytes / blockBytes;
        slabs = new byte[budgetBytes / LargestBytes][];
        int blocks = checked(slabs.Length * blocksPerSlab);
        firstFree = new int[BitOperations.Log2((uint)blocksPerSlab) + 1];
        next = new int[blocks];
        previous = new int[blocks];
        freeOrder = new sbyte[blocks];
        Array.Fill(firstFree, None);
        Array.Fill(freeOrder, (sbyte)None);
        for (int slab = slabs.Length - 1; slab >= 0; slab--)
        {
            Add(slab * blocksPerSlab, firstFree.Length - 1);
        }
    }

    /// <summary>The largest block: the largest payload, or less if the budget is smaller.</summary>
    public int LargestBytes { get; }

    /// <summary>Bytes in blocks that are taken.</summary>
    public long TakenBytes { get; private set; }

    /// <summary>Bytes of the slabs that exist.</summary>
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
        block = new Block(MemoryOf(index).Slice(0, length), index, order);
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

    /// <summary>Gives up the slabs while no block is taken; they are allocated again when they are needed.</summary>
    public void ReleaseSlabs()
    {
        if (TakenBytes == 0)
        {
            Array.Clear(slabs);
            AllocatedBytes = 0;
        }
    }

    private Memory<byte> MemoryOf(int index)
    {
        int slab = index / blocksPerSlab;
        if (slabs[slab] is null)
        {
            slabs[slab] = GC.AllocateUninitializedArray<byte>(LargestBytes);
            AllocatedBytes += LargestBytes;
        }

        return slabs[slab].AsMemory(index % blocksPerSlab * blockBytes);
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
