using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>A full disk, a killed process and a refused read: a corrupt chunk never counts as good.</summary>
public sealed class SegmentFullDiskTests : SegmentFaultRig
{
    private static readonly IOException Full = new("No space left.", 28);

    [Theory]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public async Task A_corrupt_chunk_counts_as_missing_on_a_full_disk_too(int failures)
    {
        await using LocalStore store = await OpenAsync();
        ChunkId[] ids = await PutAsync(store, 0, 3);
        StoreFiles.Corrupt(Store, ids[1]);
        Fails = step => step.Action == DurableAction.CreateFile
            && step.Path.Contains("quarantine", StringComparison.Ordinal) && failures-- > 0 ? Full : null;
        Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(ids[1], Token));
        Assert.Equal<bool[]>([false, true, false], await store.Chunks.FindMissingAsync(ids, Token));
        Assert.Contains(Log, line => line.Contains($"{ids[1]}", StringComparison.Ordinal));

        // Without a file that notes it, its bytes stay.
        bool isKept = failures > 0;
        Assert.Equal(isKept ? 0 : 1, store.GetUsage().Quarantined);
        await DeleteAsync(store);
        Assert.Equal(isKept, Steps.All(step => step.Action != DurableAction.PunchHole));
        Fails = _ => null;
        await PutAsync(store, 1, 1);
        await AssertWholeAsync(store, ids);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_collection_makes_holes_on_a_full_disk_and_writes_the_index_after_that(bool isSegmentFull)
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 6, TestChunks.Large);
        if (isSegmentFull)
        {
            StoreFiles.Fill(Store);
        }

        await using (LocalStore store = await OpenAsync())
        {
            Fails = step => IsOfIndex(step) && Steps.All(one => one.Action != DurableAction.PunchHole) ? Full : null;
            await DeleteAsync(store, ids[1]);
            Assert.Contains(Steps, step => step.Action == DurableAction.PunchHole);
            Assert.Single(Directory.GetFiles(StoreFiles.FolderOf(Store), "*.index"));
            Kill();
        }

        Fails = _ => null;
        await using LocalStore again = await OpenAsync();
        await again.Recovery;
        await AssertWholeAsync(again, [.. ids.Except([ids[1]])]);
        Assert.Equal<bool[]>([true], await again.Chunks.FindMissingAsync([ids[1]], Token));
    }

    [Fact]
    public async Task A_chunk_in_quarantine_does_not_come_back_as_good_whatever_its_index_lists()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 3, TestChunks.Large);
        await using (LocalStore store = await OpenAsync())
        {
            StoreFiles.Corrupt(Store, ids[1]);

            // No index is written, nor a mark.
            Fails = step => step.Path.Contains("chunks", StringComparison.Ordinal)
                ? new IOException("Input/output error.")
                : null;
            Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(ids[1], Token));
        }

        Fails = _ => null;
        await using LocalStore again = await OpenAsync();
        Assert.Null(((IDurableChunkStore)again.Chunks).GetDurableLength(ids[1]));
        await again.Recovery;
        Assert.Equal<bool[]>([false, true, false], await again.Chunks.FindMissingAsync(ids, Token));
        Assert.Equal(1, again.GetUsage().Quarantined);
        await PutAsync(again, 1, 1);
        await AssertWholeAsync(again, ids);
    }

    [Fact]
    public async Task A_failure_whose_only_flush_was_cancelled_is_told_to_the_next()
    {
        await using LocalStore store = await OpenAsync();
        (ChunkId id, byte[] content) = TestChunks.Make(1);
        await store.Chunks.PutAsync(id, content, Token);
        using ManualResetEventSlim isSyncing = new(), isCancelled = new();
        Fails = step =>
        {
            if (step.Action != DurableAction.SyncFile)
            {
                return null;
            }

            isSyncing.Set();
            isCancelled.Wait(Token);
            return new IOException("Input/output error.");
        };
        using CancellationTokenSource cancel = new();
        Task flush = store.Chunks.FlushAsync(cancel.Token).AsTask();
        isSyncing.Wait(Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
        isCancelled.Set();
        await Assert.ThrowsAsync<DfssException>(() => store.Chunks.FlushAsync(Token).AsTask());
        Fails = _ => null;
        await store.Chunks.FlushAsync(Token);
    }

    [Fact]
    public async Task A_refused_read_of_what_a_crash_left_is_a_failure_of_the_store()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 2, TestChunks.Large);
        StoreFiles.Distrust(Store);
        Fails = step => step.Action == DurableAction.WriteFile ? new IOException("Input/output error.") : null;
        await using LocalStore store = await OpenRecoveredAsync();
        ReadFails = _ => new UnauthorizedAccessException("Operation not permitted.");
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => store.Chunks.FindMissingAsync(ids, Token).AsTask());
        Assert.Equal(DfssErrorCode.StoreFailed, error.Code);
        await Assert.ThrowsAsync<DfssException>(() => store.Chunks.GetLengthAsync(ids[0], Token).AsTask());
        await Assert.ThrowsAsync<DfssException>(
            async () =>
            {
                await foreach (ChunkId id in store.Chunks.EnumerateAsync(after: null, Token))
                {
                    Assert.Contains(id, ids);
                }
            });
        ReadFails = _ => null;
    }

    [Fact]
    public async Task A_store_that_is_closed_waits_for_a_collection()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 3, TestChunks.Large);
        StoreFiles.Fill(Store);
        LocalStore store = await OpenAsync();
        using ManualResetEventSlim isAtHole = new(), mayGoOn = new();
        Fails = step =>
        {
            if (step.Action == DurableAction.PunchHole)
            {
                isAtHole.Set();
                mayGoOn.Wait(Token);
            }

            return null;
        };
        Task collection = Task.Run(() => DeleteAsync(store, ids[0]), Token);
        isAtHole.Wait(Token);
        var closing = store.DisposeAsync().AsTask();
        Assert.False(closing.IsCompleted);
        mayGoOn.Set();
        await collection;
        await closing;
        await using LocalStore again = await OpenAsync();
        await AssertWholeAsync(again, ids[1..]);
    }
}
