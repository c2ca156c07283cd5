using Dfss.Storage;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>What every <see cref="ILocalChunkStore"/> keeps beyond what every <see cref="IChunkStore"/> does.</summary>
public abstract class LocalChunkStoreContract : ChunkStoreContract
{
    private protected ILocalChunkStore Local { get; private set; } = null!;

    private protected sealed override async Task<IChunkStore> OpenAsync() => Local = await OpenLocalAsync();

    private protected abstract Task<ILocalChunkStore> OpenLocalAsync();

    [Theory]
    [InlineData(TestChunks.Small)]
    [InlineData(TestChunks.Large)]
    public async Task The_length_is_known_without_reading(int length)
    {
        (ChunkId id, byte[] content) = TestChunks.Make(20, length);
        Assert.Null(await Local.GetLengthAsync(id, Token));
        await Local.PutAsync(id, content, Token);
        Assert.Equal(length, await Local.GetLengthAsync(id, Token));
        await Local.FlushAsync(Token);
        Assert.Equal(length, await Local.GetLengthAsync(id, Token));
    }

    [Theory]
    [InlineData(TestChunks.Small)]
    [InlineData(TestChunks.Large)]
    public async Task Verifying_distinguishes_good_from_missing(int length)
    {
        (ChunkId id, byte[] content) = TestChunks.Make(21, length);
        Assert.Equal(ChunkState.Missing, await Local.VerifyAsync(id, Token));
        await Local.PutAsync(id, content, Token);
        Assert.Equal(ChunkState.Good, await Local.VerifyAsync(id, Token));
        await Local.FlushAsync(Token);
        Assert.Equal(ChunkState.Good, await Local.VerifyAsync(id, Token));
    }

    [Fact]
    public async Task Enumerate_gives_every_id_in_order_and_goes_on_after_one()
    {
        List<ChunkId> expected = [];
        for (int i = 0; i < 60; i++)
        {
            (ChunkId id, byte[] content) = TestChunks.Make(i, i % 2 == 0 ? TestChunks.Small : TestChunks.Large);
            await Local.PutAsync(id, content, Token);
            expected.Add(id);
        }

        expected.Sort();
        Assert.Equal(expected, await Local.EnumerateAsync(after: null, Token).ToListAsync(Token));
        await Local.FlushAsync(Token);
        Assert.Equal(expected, await Local.EnumerateAsync(after: null, Token).ToListAsync(Token));
        Assert.Equal(expected[31..], await Local.EnumerateAsync(expected[30], Token).ToListAsync(Token));
        Assert.Empty(await Local.EnumerateAsync(expected[^1], Token).ToListAsync(Token));
    }

    [Theory]
    [InlineData(TestChunks.Small, true)]
    [InlineData(TestChunks.Large, true)]
    [InlineData(TestChunks.Small, false)]
    [InlineData(TestChunks.Large, false)]
    public async Task A_deleted_chunk_is_absent_and_can_be_put_again(int length, bool isFlushed)
    {
        (ChunkId id, byte[] content) = TestChunks.Make(10, length);
        await Local.PutAsync(id, content, Token);
        if (isFlushed)
        {
            await Local.FlushAsync(Token);
        }

        await Local.DeleteAsync(id, Token);
        Assert.Null(await Local.GetAsync(id, new byte[length], Token));
        Assert.Equal<bool[]>([true], await Local.FindMissingAsync([id], Token));
        await Local.FlushAsync(Token);
        Assert.Null(await Local.GetLengthAsync(id, Token));
        Assert.Equal(PutResult.Stored, await Local.PutAsync(id, content, Token));
        await Local.FlushAsync(Token);
        await ReadsAsync(id, content);
    }

    [Fact]
    public async Task Deleting_what_is_absent_is_no_error()
    {
        (ChunkId id, _) = TestChunks.Make(11);
        await Local.DeleteAsync(id, Token);
        Assert.Null(await Local.GetLengthAsync(id, Token));
    }
}
