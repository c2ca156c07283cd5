using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>
/// A corrupt chunk that could not be noted in quarantine/: its segment keeps it, listed, until the next start, whatever
/// part of the store is at work on the segment when that is found.
/// </summary>
public sealed class SegmentKeptTests : SegmentFaultRig
{
    private bool isFound;

    [Fact]
    public async Task A_collection_that_is_under_way_leaves_the_segment_alone()
    {
        ChunkId[] first = await PutAndCloseAsync(0, 4, TestChunks.Large);
        StoreFiles.Fill(Store);
        ChunkId[] second = await PutAndCloseAsync(10, 4, TestChunks.Large);
        StoreFiles.Fill(Store);
        ChunkId[] corrupt = [first[1], second[1]];
        Array.ForEach(corrupt, id => StoreFiles.Corrupt(Store, id));
        await using (LocalStore store = await OpenAsync())
        {
            // While the one is narrowed, a chunk of the other is found corrupt.
            FindCorrupt(
                Task.FromResult(store), IsOfIndex,
                step => StoreFiles.List(Store).First(
                    chunk => corrupt.Contains(chunk.Id) && !step.Path.StartsWith(
                        Path.ChangeExtension(chunk.Path, null), StringComparison.Ordinal)).Id);
            await DeleteAsync(store, first[0], second[0]);
        }

        await AssertListedAsync(corrupt);
    }

    [Fact]
    public async Task A_move_that_is_under_way_leaves_the_segment_alone()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 30, 1500);
        StoreFiles.Fill(Store);
        string path = StoreFiles.Segments(Store).Single();
        StoreFiles.Corrupt(Store, ids[0]);
        await using (LocalStore store = await OpenAsync())
        {
            FindCorrupt(Task.FromResult(store), step => step.Action == DurableAction.SyncFile && step.Path != path
                && step.Path.EndsWith(SegmentFormat.Extension, StringComparison.Ordinal), _ => ids[0]);
            await DeleteAsync(store, [.. ids.Where((_, i) => i % 3 != 0)]);
            Assert.True(File.Exists(path));
            await AssertWholeAsync(store, [.. ids[1..].Where((_, i) => i % 3 == 2)]);
        }

        await AssertListedAsync(ids[0]);
    }

    [Fact]
    public async Task A_recovery_that_is_under_way_lists_the_chunk()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 4, TestChunks.Large);
        StoreFiles.Corrupt(Store, ids[1]);
        await AppendAsync(RecordHeader(TestChunks.Make(9).Id, TestChunks.Large));

        // Set before the start, whose recovery begins at once.
        TaskCompletionSource<LocalStore> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        FindCorrupt(opened.Task, step => step.Action == DurableAction.Truncate, _ => ids[1]);
        await using (LocalStore store = await OpenAsync())
        {
            opened.SetResult(store);
            await store.Recovery;
            await DeleteAsync(store, ids[0]);
            await AssertWholeAsync(store, ids[2..]);
        }

        await AssertListedAsync(ids[1]);
    }

    /// <summary>Before the first step of a kind a chunk is found corrupt, and quarantine/ fails.</summary>
    private void FindCorrupt(
        Task<LocalStore> store, Func<DurableStep, bool> isStep, Func<DurableStep, ChunkId> choose) =>
        Fails = step =>
        {
            if (store.IsCompleted && step.Path.Contains("quarantine", StringComparison.Ordinal))
            {
                return new IOException("Input/output error.", 5);
            }

            if (isStep(step) && !isFound)
            {
                isFound = true;
                ValueTask<ChunkState> found = store.GetAwaiter().GetResult().Verifier.VerifyAsync(choose(step), Token);
                Assert.Equal(ChunkState.Corrupt, found.AsTask().GetAwaiter().GetResult());
            }

            return null;
        };

    /// <summary>The next start finds the chunks, and that they are corrupt.</summary>
    private async Task AssertListedAsync(params ChunkId[] ids)
    {
        Assert.True(isFound);
        Fails = _ => null;
        await using LocalStore again = await OpenAsync();
        await again.Recovery;
        foreach (ChunkId id in ids)
        {
            Assert.Equal(ChunkState.Corrupt, await again.Verifier.VerifyAsync(id, Token));
        }
    }
}
