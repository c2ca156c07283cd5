using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>Verifying and deleting, while others do the same to the same chunk.</summary>
public sealed class VerifyTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private Action<DurableStep> hook = _ => { };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_good_chunk_that_replaced_the_bad_one_is_not_taken_away()
    {
        (ChunkId id, byte[] content) = TestChunks.Make(1, TestChunks.Small);
        await using (LocalStore before = await OpenAsync())
        {
            await before.Chunks.PutAsync(id, content, Token);
            await before.Chunks.FlushAsync(Token);
        }

        StoreFiles.Corrupt(folder.Path, id);
        await using LocalStore store = await OpenAsync();
        Task<ChunkState>? other = null;
        int stops = 0;
        hook = step =>
        {
            // Another verifier is quicker, and the sender puts the chunk again.
            if (step.Action == DurableAction.CreateFile && step.Path.Contains("quarantine", StringComparison.Ordinal)
                && stops++ == 0)
            {
                other = VerifyAndPutAgainAsync(store, id, content);
                SpinWait.SpinUntil(() => other.IsCompleted, TimeSpan.FromSeconds(60));
            }
        };

        ChunkState state = await store.Verifier.VerifyAsync(id, Token);
        Assert.Equal(ChunkState.Corrupt, await other!);
        Assert.Equal(ChunkState.Good, state);
        Assert.Equal(content.Length, await store.Chunks.GetAsync(id, new byte[content.Length], Token));
        Assert.Single(Directory.GetFiles(Path.Combine(folder.Path, "quarantine")));
    }

    [Fact]
    public async Task Many_verifiers_of_a_bad_chunk_set_it_aside_once()
    {
        await using LocalStore store = await OpenAsync();
        for (int round = 1; round <= 50; round++)
        {
            (ChunkId id, byte[] content) = TestChunks.Make(round, TestChunks.Small);
            await store.Chunks.PutAsync(id, content, Token);
            StoreFiles.Corrupt(folder.Path, id);
            ChunkState[] states = await Task.WhenAll(Enumerable.Range(0, 8).Select(
                _ => Task.Run(async () => await store.Verifier.VerifyAsync(id, Token), Token)));
            Assert.Single(states, ChunkState.Corrupt);
            Assert.DoesNotContain(ChunkState.Good, states);
            Assert.Equal(round, Directory.GetFiles(Path.Combine(folder.Path, "quarantine")).Length);
        }
    }

    [Fact]
    public async Task Reading_a_chunk_that_is_deleted_finds_it_whole_or_absent()
    {
        await using LocalStore store = await OpenAsync();
        (ChunkId id, byte[] content) = TestChunks.Make(1);
        bool isOver = false;
        Task[] readers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(
            async () =>
            {
                byte[] buffer = new byte[content.Length];
                while (!Volatile.Read(ref isOver))
                {
                    Assert.True(await store.Chunks.GetAsync(id, buffer, Token) is not { } length
                        || (length == TestChunks.Large && ChunkId.Of(buffer) == id));
                }
            },
            Token))];
        for (int i = 0; i < 300 && !readers.Any(reader => reader.IsCompleted); i++)
        {
            await store.Chunks.PutAsync(id, content, Token);
            await store.Chunks.DeleteAsync(id, Token);
            // Full segments become free space, while it may be read from them.
            await store.Collector.CollectAsync(TimeSpan.Zero, Token);
        }

        Volatile.Write(ref isOver, true);
        await Task.WhenAll(readers);
    }

    private static async Task<ChunkState> VerifyAndPutAgainAsync(LocalStore store, ChunkId id, byte[] content)
    {
        ChunkState state = await store.Verifier.VerifyAsync(id, Token);
        await store.Chunks.PutAsync(id, content, Token);
        await store.Chunks.FlushAsync(Token);
        return state;
    }

    private Task<LocalStore> OpenAsync() =>
        LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), new DurableFile(step => hook(step)), Token);
}
