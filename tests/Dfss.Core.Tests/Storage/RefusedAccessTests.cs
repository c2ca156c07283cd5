using Dfss.Storage;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>
/// What the system refuses (EACCES, EPERM) is a failed disk to the caller, as a failed read or write is.
/// </summary>
public sealed class RefusedAccessTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(DurableAction.CreateFile)]
    [InlineData(DurableAction.SyncFile)]
    [InlineData(DurableAction.Rename)]
    [InlineData(DurableAction.SyncDirectory)]
    public async Task A_refused_step_of_a_put_is_reported_by_the_put_or_its_flush(object action)
    {
        bool isRefusing = false;
        DurableFile files = new(step =>
        {
            if (Volatile.Read(ref isRefusing) && step.Action == (DurableAction)action)
            {
                throw new UnauthorizedAccessException("Operation not permitted.");
            }
        });
        await using LocalStore store = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), files, Token);
        (ChunkId id, byte[] content) = TestChunks.Make(1);
        Volatile.Write(ref isRefusing, true);
        DfssException error = await Assert.ThrowsAsync<DfssException>(async () =>
        {
            await store.Chunks.PutAsync(id, content, Token);
            await store.Chunks.FlushAsync(Token);
        });
        Assert.Equal(DfssErrorCode.StoreFailed, error.Code);
        Assert.Contains("Operation not permitted.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_delete_is_reported()
    {
        bool isRefusing = false;
        DurableFile files = new(step =>
        {
            if (isRefusing && step.Action == DurableAction.Delete)
            {
                throw new UnauthorizedAccessException("Operation not permitted.");
            }
        });
        await using LocalStore store = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), files, Token);
        (ChunkId id, byte[] content) = TestChunks.Make(1);
        await store.Chunks.PutAsync(id, content, Token);
        await store.Chunks.FlushAsync(Token);
        isRefusing = true;
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            async () => await store.Chunks.DeleteAsync(id, Token));
        Assert.Equal(DfssErrorCode.StoreFailed, error.Code);
    }

    [Fact]
    public async Task A_chunk_that_may_not_be_read_is_reported()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Modes are Unix's.");
        await using LocalStore store = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), Token);
        (ChunkId id, byte[] content) = TestChunks.Make(1);
        await store.Chunks.PutAsync(id, content, Token);
        await store.Chunks.FlushAsync(Token);
        File.SetUnixFileMode(StoreFiles.PathOf(folder.Path, id), UnixFileMode.None);
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "Modes do not hold for root.");
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            async () => await store.Chunks.GetAsync(id, new byte[content.Length], Token));
        Assert.Equal(DfssErrorCode.StoreFailed, error.Code);
    }
}
