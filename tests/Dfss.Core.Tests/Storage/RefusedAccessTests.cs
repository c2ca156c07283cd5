using Dfss.Storage;
using Dfss.Testing;
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
    [InlineData(DurableAction.WriteFile)]
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
    public async Task A_refused_removal_of_a_segment_is_told_by_the_collection()
    {
        bool isRefusing = false;
        DurableFile files = new(step =>
        {
            if (isRefusing && step.Action == DurableAction.Delete)
            {
                throw new UnauthorizedAccessException("Operation not permitted.");
            }
        });
        await using (LocalStore before = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), files, Token))
        {
            (ChunkId id, byte[] content) = TestChunks.Make(1);
            await before.Chunks.PutAsync(id, content, Token);
        }

        StoreFiles.Fill(folder.Path);
        await using LocalStore store = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), files, Token);
        isRefusing = true;
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => store.Collector.CollectAsync(TimeSpan.Zero, Token));
        Assert.Equal(DfssErrorCode.StoreFailed, error.Code);
        isRefusing = false;
    }
}
