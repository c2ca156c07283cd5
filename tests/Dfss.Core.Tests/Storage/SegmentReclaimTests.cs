using Dfss.Storage;
using Dfss.Testing;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>The space of deleted chunks: returned, and nothing else is.</summary>
public sealed class SegmentReclaimTests : IDisposable
{
    private const int Count = 60;
    private const int SmallBytes = 1500;

    private readonly TemporaryFolder folder = new();
    private readonly FaultyDisk disk = new();
    private long free = 1L << 40;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Large_chunks_leave_holes_and_do_not_come_back(bool isSegmentFull)
    {
        ChunkId[] ids = await PutAsync(TestChunks.Large);
        await using (LocalStore store = await OpenAsync(isSegmentFull))
        {
            long before = CountData();
            await DeleteAsync(store, ids[..20]);
            Assert.InRange(before - CountData(), 19 * TestChunks.Large, 21 * TestChunks.Large);
            await AssertLeftAsync(store, ids, ids[20..]);
            Assert.Single(StoreFiles.Segments(folder.Path));
            Assert.Equal(PutResult.Stored, await PutAsync(store, 0, TestChunks.Large));
            await store.Chunks.FlushAsync(Token);
        }

        await using LocalStore again = await OpenAsync(isSegmentFull: false);
        await AssertLeftAsync(again, ids, [ids[0], .. ids[20..]]);
    }

    [Fact]
    public async Task Small_chunks_are_copied_when_less_than_half_is_wanted_and_their_segment_goes()
    {
        ChunkId[] ids = await PutAsync(SmallBytes);
        string old = StoreFiles.Segments(folder.Path).Single();
        await using (LocalStore store = await OpenAsync(isSegmentFull: true))
        {
            ChunkId[] deleted = [.. ids.Where((_, i) => i % 3 != 0)];
            await DeleteAsync(store, deleted);
            Assert.False(File.Exists(old));
            await AssertLeftAsync(store, ids, [.. ids.Except(deleted)]);
            Assert.All(
                ids.Except(deleted), id => Assert.NotNull(((IDurableChunkStore)store.Chunks).GetDurableLength(id)));
        }

        await using LocalStore again = await OpenAsync(isSegmentFull: false);
        await AssertLeftAsync(again, ids, [.. ids.Where((_, i) => i % 3 == 0)]);
    }

    [Fact]
    public async Task A_segment_without_wanted_chunks_goes()
    {
        ChunkId[] ids = await PutAsync(TestChunks.Large);
        await using LocalStore store = await OpenAsync(isSegmentFull: true);
        await DeleteAsync(store, ids);
        Assert.Empty(Directory.GetFiles(StoreFiles.FolderOf(folder.Path)));
    }

    [Fact]
    public async Task A_disk_without_room_for_the_copies_keeps_the_segment_until_there_is_some()
    {
        ChunkId[] ids = await PutAsync(SmallBytes);
        string old = StoreFiles.Segments(folder.Path).Single();
        await using LocalStore store = await OpenAsync(isSegmentFull: true);
        free = (256L << 20) / 2;
        ChunkId[] deleted = [.. ids.Where((_, i) => i % 3 != 0)];
        await DeleteAsync(store, deleted);
        Assert.True(File.Exists(old));
        free = 1L << 40;
        await DeleteAsync(store, []);
        Assert.False(File.Exists(old));
        await AssertLeftAsync(store, ids, [.. ids.Except(deleted)]);
    }

    [Fact]
    public async Task Copies_whose_sync_fails_are_not_used_and_the_failure_is_told_to_the_next_flush()
    {
        ChunkId[] ids = await PutAsync(SmallBytes);
        string old = StoreFiles.Segments(folder.Path).Single();
        await using LocalStore store = await OpenAsync(isSegmentFull: true);
        disk.Fails = step => step.Action == DurableAction.SyncFile
            && step.Path.EndsWith(".segment", StringComparison.Ordinal) && step.Path != old;
        ChunkId[] deleted = [.. ids.Where((_, i) => i % 3 != 0)];
        await DeleteAsync(store, deleted);
        disk.Fails = _ => false;
        Assert.True(File.Exists(old));
        await AssertLeftAsync(store, ids, [.. ids.Except(deleted)]);
        await Assert.ThrowsAsync<DfssException>(() => store.Chunks.FlushAsync(Token).AsTask());
        await DeleteAsync(store, []);
        Assert.False(File.Exists(old));
        await AssertLeftAsync(store, ids, [.. ids.Except(deleted)]);
    }

    [Fact]
    public async Task A_corrupt_chunk_is_not_copied_and_found_by_the_scrub()
    {
        ChunkId[] ids = await PutAsync(SmallBytes);
        await using LocalStore store = await OpenAsync(isSegmentFull: true);
        StoreFiles.Corrupt(folder.Path, ids[0]);
        await DeleteAsync(store, [.. ids.Where((_, i) => i % 3 != 0)]);
        Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(ids[0], Token));
        Assert.Equal(ChunkState.Good, await store.Verifier.VerifyAsync(ids[3], Token));
    }

    /// <summary>The power is cut before each step of a collection that makes holes and copies.</summary>
    [Theory]
    [InlineData(SmallBytes)]
    [InlineData(TestChunks.Large)]
    public async Task Whatever_step_is_the_last_no_wanted_chunk_is_lost_and_none_is_half_there(int length)
    {
        bool isDone = false;
        int steps = 0;
        for (; !isDone; steps++)
        {
            using TemporaryFolder one = new();
            FaultyDisk cut = new();
            ChunkId[] ids;
            await using (LocalStore store = await LocalStore.OpenAsync(
                one.Path, new LocalStoreOptions(), cut.Files, Token))
            {
                ids = await PutAllAsync(store, 12, length);
            }

            StoreFiles.Fill(one.Path);
            await using (LocalStore store = await LocalStore.OpenAsync(
                one.Path, new LocalStoreOptions(), cut.Files, Token))
            {
                cut.StopAfter(steps);
                isDone = await TryDeleteAsync(store, [.. ids.Where((_, i) => i % 3 != 0)]);
            }

            cut.CutPower(one.Path);
            await using LocalStore again = await LocalStore.OpenAsync(one.Path, new LocalStoreOptions(), Token);
            await again.Recovery;
            Assert.All(
                ids.Where((_, i) => i % 3 == 0),
                id => Assert.NotNull(((IDurableChunkStore)again.Chunks).GetDurableLength(id)));
            await foreach (ChunkId id in again.Chunks.EnumerateAsync(after: null, Token))
            {
                Assert.Equal(ChunkState.Good, await again.Verifier.VerifyAsync(id, Token));
            }
        }

        Assert.InRange(steps, 5, 100);
    }

    private static async Task<bool> TryDeleteAsync(LocalStore store, ChunkId[] ids)
    {
        try
        {
            await DeleteAsync(store, ids);
            return true;
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.StoreFailed)
        {
            return false;
        }
    }

    private static async Task DeleteAsync(LocalStore store, ChunkId[] ids)
    {
        foreach (ChunkId id in ids)
        {
            await store.Chunks.DeleteAsync(id, Token);
        }

        // Nothing else is that old.
        await store.Collector.CollectAsync(TimeSpan.FromHours(1), Token);
    }

    private static async Task<PutResult> PutAsync(LocalStore store, int seed, int length)
    {
        (ChunkId id, byte[] content) = TestChunks.Make(seed, length);
        return await store.Chunks.PutAsync(id, content, Token);
    }

    private static async Task<ChunkId[]> PutAllAsync(LocalStore store, int count, int length)
    {
        for (int i = 0; i < count; i++)
        {
            await PutAsync(store, i, length);
        }

        await store.Chunks.FlushAsync(Token);
        return [.. Enumerable.Range(0, count).Select(i => TestChunks.Make(i, length).Id)];
    }

    private static async Task AssertLeftAsync(LocalStore store, ChunkId[] all, ChunkId[] left)
    {
        Assert.Equal(all.Select(id => !left.Contains(id)), await store.Chunks.FindMissingAsync(all, Token));
        Assert.Equal(left.Length, store.GetUsage().Chunks);
        foreach (ChunkId id in left)
        {
            Assert.Equal(ChunkState.Good, await store.Verifier.VerifyAsync(id, Token));
        }
    }

    private async Task<ChunkId[]> PutAsync(int length)
    {
        await using LocalStore store = await OpenAsync(isSegmentFull: false);
        return await PutAllAsync(store, Count, length);
    }

    private async Task<LocalStore> OpenAsync(bool isSegmentFull)
    {
        if (isSegmentFull)
        {
            StoreFiles.Fill(folder.Path);
        }

        return await LocalStore.OpenAsync(
            folder.Path, new LocalStoreOptions { FindSpace = _ => (free, 1L << 40) }, disk.Files, Token);
    }

    /// <summary>Bytes of the segments that take room.</summary>
    private long CountData()
    {
        long data = 0;
        foreach (string path in StoreFiles.Segments(folder.Path))
        {
            using SafeFileHandle file = File.OpenHandle(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            long length = RandomAccess.GetLength(file);
            for (long at = 0; at < length;)
            {
                at += SparseFile.CountHole(file, at, (int)(length - at));
                int run = at < length ? SparseFile.CountData(file, at, (int)(length - at)) : 0;
                (data, at) = (data + run, at + run);
            }
        }

        return data;
    }
}
