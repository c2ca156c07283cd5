using Dfss.Hashing;
using Xunit;

namespace Dfss.Tests.Hashing;

public sealed class WideSha256Tests
{
    private readonly ScalarLanes lanes = new();

    [Fact]
    public void Any_number_of_contents_of_any_lengths_is_hashed_as_by_the_platform()
    {
        Random random = new(1);
        for (int count = 0; count <= 40; count++)
        {
            ReadOnlyMemory<byte>[] contents =
                [.. Enumerable.Range(0, count).Select(_ => Make(random.Next(2000), random))];
            AssertHashes(new WideSha256(new LaneCost(lanes, 1.5)), contents);
            AssertHashes(new WideSha256(measured: null), contents);
            AssertHashes(new WideSha256(LaneCost.Measure()), contents);
            AssertHashes(WideSha256.Current, contents);
        }

        Assert.NotEqual(0, lanes.Steps);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 17)]
    [InlineData(4, 17)]
    // The fifth alone: it takes less time than a step for itself.
    [InlineData(5, 17)]
    [InlineData(6, 17)]
    [InlineData(7, 34)]
    [InlineData(8, 34)]
    [InlineData(16, 68)]
    // The seventeenth is another batch.
    [InlineData(17, 68)]
    public void Lanes_are_used_where_enough_of_them_are_filled(int count, long steps)
    {
        WideSha256 wide = new(new LaneCost(lanes, 2.5));

        AssertHashes(wide, [.. Enumerable.Range(0, count).Select(i => Make(1024, new Random(i)))]);

        Assert.Equal(steps, lanes.Steps);
    }

    [Fact]
    public void A_content_that_is_much_longer_than_the_others_is_hashed_alone()
    {
        WideSha256 wide = new(new LaneCost(lanes, 2.5));
        Random random = new(1);

        AssertHashes(wide, [.. new[] { 64, 64, 1 << 20, 64, 64 }.Select(length => Make(length, random))]);

        Assert.Equal(2, lanes.Steps);
    }

    [Fact]
    public void Hashing_allocates_nothing()
    {
        Sha256Lanes? supported = Sha256Lanes.All.FirstOrDefault(lanes => lanes.IsSupported);
        Assert.SkipWhen(supported is null, "This processor has neither AVX-512 nor AVX2.");
        WideSha256 wide = new(new LaneCost(supported, 2));
        ReadOnlyMemory<byte>[] contents = [.. Enumerable.Range(0, 16).Select(i => Make(100 * i, new Random(i)))];
        ChunkId[] ids = new ChunkId[contents.Length];
        wide.Hash(contents, ids);

        long before = GC.GetAllocatedBytesForCurrentThread();
        wide.Hash(contents, ids);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static ReadOnlyMemory<byte> Make(int length, Random random)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static void AssertHashes(WideSha256 wide, ReadOnlyMemory<byte>[] contents)
    {
        ChunkId[] ids = new ChunkId[contents.Length];
        wide.Hash(contents, ids);
        Assert.Equal(contents.Select(content => ChunkId.Of(content.Span)), ids);
    }
}
