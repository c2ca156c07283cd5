using Dfss.Storage;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>What every <see cref="IChunkStore"/> keeps: one fact for each sentence of its documentation. A store joins
/// by deriving and overriding <see cref="OpenAsync"/>.</summary>
public abstract class ChunkStoreContract : IAsyncLifetime
{
    private IChunkStore store = null!;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => store = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    private protected abstract Task<IChunkStore> OpenAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64 << 10)]
    [InlineData((64 << 10) + 1)]
    [InlineData(DfssLimits.MaxPayloadBytes)]
    public async Task A_chunk_put_can_be_read_at_once_and_after_a_flush(int length)
    {
        (ChunkId id, byte[] content) = TestChunks.Make(1, length);
        Assert.Equal(PutResult.Stored, await store.PutAsync(id, content, Token));
        await ReadsAsync(id, content);
        await store.FlushAsync(Token);
        await ReadsAsync(id, content);
    }

    [Theory]
    [InlineData(TestChunks.Small)]
    [InlineData(TestChunks.Large)]
    public async Task Putting_a_chunk_again_changes_nothing_and_says_so(int length)
    {
        (ChunkId id, byte[] content) = TestChunks.Make(2, length);
        await store.PutAsync(id, content, Token);
        Assert.Equal(PutResult.AlreadyPresent, await store.PutAsync(id, content, Token));
        await store.FlushAsync(Token);
        Assert.Equal(PutResult.AlreadyPresent, await store.PutAsync(id, content, Token));
        await ReadsAsync(id, content);
    }

    [Theory]
    [InlineData(TestChunks.Small)]
    [InlineData(TestChunks.Large)]
    public async Task Bytes_that_do_not_hash_to_the_id_are_refused(int length)
    {
        (ChunkId id, byte[] content) = TestChunks.Make(3, length);
        content[length / 2] ^= 1;
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            async () => await store.PutAsync(id, content, Token));
        Assert.Equal(DfssErrorCode.ChunkCorrupt, refused.Code);
        Assert.Contains(id.ToString(), refused.Message, StringComparison.Ordinal);
        Assert.Equal<bool[]>([true], await store.FindMissingAsync([id], Token));
    }

    [Fact]
    public async Task A_chunk_over_the_limit_is_refused()
    {
        (ChunkId id, byte[] content) = TestChunks.Make(4, DfssLimits.MaxPayloadBytes + 1);
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            async () => await store.PutAsync(id, content, Token));
        Assert.Equal(DfssErrorCode.LimitExceeded, refused.Code);
    }

    [Theory]
    [InlineData(TestChunks.Small)]
    [InlineData(TestChunks.Large)]
    public async Task The_content_is_not_used_after_the_put_returned(int length)
    {
        (ChunkId id, byte[] content) = TestChunks.Make(5, length);
        byte[] lent = [.. content];
        await store.PutAsync(id, lent, Token);
        Array.Clear(lent);
        await store.FlushAsync(Token);
        await ReadsAsync(id, content);
    }

    [Fact]
    public async Task Get_returns_absent_for_a_chunk_never_stored()
    {
        (ChunkId id, _) = TestChunks.Make(6);
        Assert.Null(await store.GetAsync(id, new byte[10], Token));
        Assert.Equal<bool[]>([true], await store.FindMissingAsync([id], Token));
    }

    [Theory]
    [InlineData(TestChunks.Small)]
    [InlineData(TestChunks.Large)]
    public async Task Get_refuses_a_destination_that_is_too_short(int length)
    {
        (ChunkId id, byte[] content) = TestChunks.Make(7, length);
        await store.PutAsync(id, content, Token);
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            async () => await store.GetAsync(id, new byte[length - 1], Token));
        Assert.Equal(DfssErrorCode.LimitExceeded, refused.Code);
    }

    [Fact]
    public async Task Find_missing_answers_in_the_order_asked()
    {
        (ChunkId small, byte[] smallContent) = TestChunks.Make(8, TestChunks.Small);
        (ChunkId large, byte[] largeContent) = TestChunks.Make(8);
        (ChunkId absent, _) = TestChunks.Make(9);
        await store.PutAsync(small, smallContent, Token);
        await store.PutAsync(large, largeContent, Token);
        Assert.Equal<bool[]>(
            [true, false, false, true], await store.FindMissingAsync([absent, small, large, absent], Token));
        await store.FlushAsync(Token);
        Assert.Equal<bool[]>([false, true, false], await store.FindMissingAsync([large, absent, small], Token));
        Assert.Empty(await store.FindMissingAsync([], Token));
    }

    [Theory]
    [InlineData(TestChunks.Small)]
    [InlineData(TestChunks.Large)]
    public async Task Many_callers_put_read_and_flush_the_same_chunk(int length)
    {
        (ChunkId id, byte[] content) = TestChunks.Make(12, length);
        int stored = 0;
        await Parallel.ForAsync(
            0, 64, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Token }, async (i, token) =>
            {
                if (await store.PutAsync(id, content, token) == PutResult.Stored)
                {
                    Interlocked.Increment(ref stored);
                }

                await ReadsAsync(id, content);
                if (i % 8 == 0)
                {
                    await store.FlushAsync(token);
                    await ReadsAsync(id, content);
                }
            });

        Assert.InRange(stored, 1, 64);
        await ReadsAsync(id, content);
    }

    [Fact]
    public async Task A_cancelled_put_stores_nothing()
    {
        (ChunkId id, byte[] content) = TestChunks.Make(13);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await store.PutAsync(id, content, new CancellationToken(canceled: true)));
        Assert.Equal<bool[]>([true], await store.FindMissingAsync([id], Token));
    }

    private protected async Task ReadsAsync(ChunkId id, byte[] content)
    {
        byte[] read = new byte[content.Length + 10];
        Assert.Equal(content.Length, await store.GetAsync(id, read, Token));
        Assert.True(read.AsSpan(0, content.Length).SequenceEqual(content));
    }
}
