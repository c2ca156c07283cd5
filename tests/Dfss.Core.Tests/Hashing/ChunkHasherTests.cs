using System.Buffers;
using Dfss.Hashing;
using Xunit;

namespace Dfss.Tests.Hashing;

public sealed class ChunkHasherTests
{
    /// <summary>Blocks of a chunk, with its padding.</summary>
    private const int ChunkBlocks = (ChunkHasher.MinBytes / Sha256Constants.BlockBytes) + 1;

    private readonly ScalarLanes lanes = new();
    private readonly ChunkHasher hasher;

    public ChunkHasherTests()
    {
        WideSha256 wide = new(new LaneCost(lanes, 2.5));
        hasher = new ChunkHasher(slots: 1, () => wide, unmeasuredBytes: 0);
    }

    [Fact]
    public void A_chunk_that_finds_a_free_slot_is_hashed_at_once_by_the_platform()
    {
        for (int i = 0; i < 10; i++)
        {
            ReadOnlyMemory<byte> content = Make(i);

            ValueTask<ChunkId> hashing = hasher.HashAsync(content);

            Assert.True(hashing.IsCompletedSuccessfully);
            AssertId(content, hashing);
        }

        Assert.Equal(0, lanes.Steps);
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(4, ChunkBlocks)]
    [InlineData(16, 4 * ChunkBlocks)]
    // Two batches: of 16, and of the last 4.
    [InlineData(20, 5 * ChunkBlocks)]
    public async Task What_waits_when_a_slot_becomes_free_is_hashed_together(int count, long steps)
    {
        using HeldContent held = new();
        Task<ChunkId> first = Task.Run(async () => await hasher.HashAsync(held.Memory));
        await held.IsRead;
        ReadOnlyMemory<byte>[] contents = [.. Enumerable.Range(0, count).Select(Make)];
        ValueTask<ChunkId>[] waiting = [.. contents.Select(hasher.HashAsync)];
        Assert.All(waiting, hashing => Assert.False(hashing.IsCompleted));

        held.Release();

        for (int i = 0; i < count; i++)
        {
            Assert.Equal(ChunkId.Of(contents[i].Span), await waiting[i]);
        }

        Assert.Equal(ChunkId.Of(held.Bytes), await first);
        Assert.Equal(steps, lanes.Steps);
    }

    [Fact]
    public async Task A_small_chunk_waits_for_no_slot()
    {
        using HeldContent held = new();
        Task<ChunkId> first = Task.Run(async () => await hasher.HashAsync(held.Memory));
        await held.IsRead;
        ReadOnlyMemory<byte> content = Make(1)[1..];

        ValueTask<ChunkId> hashing = hasher.HashAsync(content);

        Assert.True(hashing.IsCompletedSuccessfully);
        AssertId(content, hashing);
        held.Release();
        await first;
    }

    [Fact]
    public void Without_lanes_and_before_the_measurement_no_chunk_waits()
    {
        int found = 0;
        ChunkHasher unmeasured = new(
            slots: 0,
            () =>
            {
                found++;
                return new WideSha256(measured: null);
            },
            unmeasuredBytes: ChunkHasher.MinBytes);
        for (int i = 0; i < 2; i++)
        {
            ReadOnlyMemory<byte> content = Make(i);
            AssertId(content, unmeasured.HashAsync(content));
            Assert.Equal(i, found);
        }
    }

    [Fact]
    public async Task Many_callers_at_once_get_the_ids_of_their_chunks()
    {
        Task[] callers = [.. Enumerable.Range(0, 64).Select(i => Task.Run(async () =>
        {
            for (int round = 0; round < 4; round++)
            {
                ReadOnlyMemory<byte> content = Make((i * 10) + round);
                Assert.Equal(ChunkId.Of(content.Span), await hasher.HashAsync(content));
            }
        }))];
        await Task.WhenAll(callers);
    }

    private static void AssertId(ReadOnlyMemory<byte> content, ValueTask<ChunkId> hashing)
    {
        Assert.True(hashing.IsCompletedSuccessfully);
        Assert.Equal(ChunkId.Of(content.Span), hashing.Result);
    }

    private static ReadOnlyMemory<byte> Make(int seed)
    {
        byte[] bytes = new byte[ChunkHasher.MinBytes];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A content that keeps the slot until it is released.</summary>
    private sealed class HeldContent : MemoryManager<byte>
    {
        private readonly TaskCompletionSource read = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim released = new();

        public byte[] Bytes { get; } = new byte[ChunkHasher.MinBytes];

        public Task IsRead => read.Task;

        public override Memory<byte> Memory => CreateMemory(Bytes.Length);

        public void Release() => released.Set();

        public override Span<byte> GetSpan()
        {
            read.TrySetResult();
            released.Wait();
            return Bytes;
        }

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing) => released.Dispose();
    }
}
