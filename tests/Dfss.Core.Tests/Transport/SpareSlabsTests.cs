using System.Runtime.CompilerServices;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transport;

public sealed class SpareSlabsTests
{
    private readonly SpareSlabs spare = new();

    [Fact]
    public void A_slab_that_was_returned_is_taken_again_by_one_taker_only()
    {
        byte[] slab = spare.Take(SpareSlabs.SlabBytes);
        spare.Return(slab);
        Assert.Same(slab, spare.Take(SpareSlabs.SlabBytes));
        Assert.NotSame(slab, spare.Take(SpareSlabs.SlabBytes));
    }

    [Fact]
    public void No_more_are_kept_than_one_peer_uses()
    {
        byte[][] slabs =
            [.. Enumerable.Range(0, SpareSlabs.MaxCount + 1).Select(_ => spare.Take(SpareSlabs.SlabBytes))];
        Array.ForEach(slabs, spare.Return);
        byte[][] taken = [.. slabs.Select(_ => spare.Take(SpareSlabs.SlabBytes))];
        Assert.Equal(SpareSlabs.MaxCount, taken.Intersect(slabs).Count());
        Assert.Equal(taken.Length, taken.Distinct().Count());
    }

    [Fact]
    public void A_slab_of_another_length_is_not_kept()
    {
        byte[] small = spare.Take(100);
        Assert.Equal(100, small.Length);
        spare.Return(small);
        Assert.NotSame(small, spare.Take(100));
    }

    [Fact]
    public void A_full_collection_frees_what_is_kept()
    {
        WeakReference slab = ReturnOne();
        GC.Collect();
        Assert.False(slab.IsAlive);
        Assert.Equal(SpareSlabs.SlabBytes, spare.Take(SpareSlabs.SlabBytes).Length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference ReturnOne()
    {
        byte[] slab = spare.Take(SpareSlabs.SlabBytes);
        spare.Return(slab);
        return new WeakReference(slab);
    }
}
