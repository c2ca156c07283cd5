using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

public sealed class MemoryChunkStoreTests : LocalChunkStoreContract
{
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private protected override Task<ILocalChunkStore> OpenLocalAsync() =>
        Task.FromResult<ILocalChunkStore>(new MemoryChunkStore(new TouchedChunks(TimeProvider.System)));
}

public sealed class DiskChunkStoreTests : LocalChunkStoreContract
{
    private readonly TemporaryFolder folder = new();
    private LocalStore? store;

    public override async ValueTask DisposeAsync()
    {
        await store!.DisposeAsync();
        folder.Dispose();
    }

    private protected override async Task<ILocalChunkStore> OpenLocalAsync()
    {
        store = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), Token);
        return store.Chunks;
    }
}

public sealed class VerifyingChunkStoreTests : ChunkStoreContract
{
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Corrupt_bytes_are_not_returned()
    {
        using var folder = new TemporaryFolder();
        await using LocalStore store = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), Token);
        (ChunkId id, byte[] content) = TestChunks.Make(1);
        await store.Chunks.PutAsync(id, content, Token);
        await store.Chunks.FlushAsync(Token);
        StoreFiles.Corrupt(folder.Path, id);
        var verifying = new VerifyingChunkStore(store.Chunks);
        DfssException corrupt = await Assert.ThrowsAsync<DfssException>(
            async () => await verifying.GetAsync(id, new byte[content.Length], Token));
        Assert.Equal(DfssErrorCode.ChunkCorrupt, corrupt.Code);
        Assert.Contains(id.ToString(), corrupt.Message, StringComparison.Ordinal);
    }

    private protected override Task<IChunkStore> OpenAsync() => Task.FromResult<IChunkStore>(
        new VerifyingChunkStore(new MemoryChunkStore(new TouchedChunks(TimeProvider.System))));
}
