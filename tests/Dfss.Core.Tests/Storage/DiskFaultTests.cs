using Dfss.Storage;
using Dfss.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>The promise of a flush, when the world stops at any step of it, and when the disk fails.</summary>
public sealed class DiskFaultTests
{
    private static readonly (ChunkId Id, byte[] Content)[] Workload =
    [
        TestChunks.Make(1), TestChunks.Make(2, TestChunks.Small), TestChunks.Make(3),
        TestChunks.Make(4, TestChunks.Small), TestChunks.Make(5),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_acknowledged_is_lost_whatever_step_is_the_last(bool isPowerCut)
    {
        int steps = 0;
        bool isDone = false;
        while (!isDone)
        {
            using var folder = new TemporaryFolder();
            isDone = await StopAndReopenAsync(folder.Path, steps, isPowerCut);
            steps++;
        }

        // Five records, two flushes and the close, besides the store's own making.
        Assert.InRange(steps, 20, 200);
    }

    /// <summary>
    /// ext4 and SQLite sync these folders too, so that the real power cut (PowerCutTests) cannot tell; other file
    /// systems do not have to.
    /// </summary>
    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("chunks")]
    public async Task Leaving_out_the_sync_of_a_folder_loses_what_was_acknowledged(string relative)
    {
        using var folder = new TemporaryFolder();
        string path = Path.GetFullPath(Path.Combine(folder.Path, relative));
        var disk =
            new FaultyDisk { LeavesOut = step => step.Action == DurableAction.SyncDirectory && step.Path == path };
        List<ChunkId> acknowledged = [];
        Assert.True(await RunAsync(folder.Path, disk, acknowledged));
        disk.CutPower(folder.Path);
        Assert.True(await IsLostAsync(folder.Path, acknowledged));
    }

    [Fact]
    public async Task A_flush_syncs_what_was_put_once_and_the_folder_only_where_a_segment_is_new()
    {
        using var folder = new TemporaryFolder();
        List<DurableStep> synced = [];
        DurableFile files = new(step => synced.AddRange(
            step.Action is DurableAction.SyncDirectory or DurableAction.SyncFile
                ? [step]
                : Array.Empty<DurableStep>()));
        await using (LocalStore store = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), files, Token))
        {
            synced.Clear();
            await PutAndFlushAsync(store, Workload[..3]);
            Assert.Equal(
                [new(DurableAction.SyncFile, StoreFiles.Segments(folder.Path).Single()),
                    new(DurableAction.SyncDirectory, StoreFiles.FolderOf(folder.Path))],
                synced);
            synced.Clear();
            await PutAndFlushAsync(store, Workload[3..]);
            Assert.Equal([new(DurableAction.SyncFile, StoreFiles.Segments(folder.Path).Single())], synced);
            synced.Clear();
            await store.Chunks.FlushAsync(Token);
            Assert.Empty(synced);
        }

        await using LocalStore again = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), files, Token);
        synced.Clear();
        await again.Chunks.FlushAsync(Token);
        Assert.Empty(synced);
        await PutAndFlushAsync(again, [TestChunks.Make(6)]);
        Assert.Equal([new(DurableAction.SyncFile, StoreFiles.Segments(folder.Path).Single())], synced);
    }

    /// <summary>The next process finds the chunk there, in the cache only, and must not take it for durable.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_chunk_whose_process_was_killed_before_its_sync_is_durable_when_the_next_acknowledges_it(
        bool isRecovered)
    {
        using var folder = new TemporaryFolder();
        FaultyDisk disk = new();
        (ChunkId id, byte[] content) = Workload[0];
        await using (LocalStore store = await LocalStore.OpenAsync(
            folder.Path, new LocalStoreOptions(), disk.Files, Token))
        {
            await store.Chunks.PutAsync(id, content, Token);
            disk.StopAfter(0);
        }

        disk.GoOn();
        if (!isRecovered)
        {
            disk.Fails =
                step => step.Action == DurableAction.WriteFile && new FileInfo(step.Path).Length > content.Length;
        }

        // A clock that stands still: what failed is not tried again.
        LocalStoreOptions options = new() { TimeProvider = new FakeTimeProvider() };
        await using (LocalStore store = await LocalStore.OpenAsync(folder.Path, options, disk.Files, Token))
        {
            await store.Recovery.ContinueWith(_ => { }, Token, TaskContinuationOptions.None, TaskScheduler.Default);
            disk.Fails = _ => false;
            Assert.Equal<bool[]>([false], await store.Chunks.FindMissingAsync([id], Token));
            Assert.Equal(content.Length, await store.Chunks.GetAsync(id, new byte[content.Length], Token));
            Assert.Equal(
                isRecovered ? PutResult.AlreadyPresent : PutResult.Stored,
                await store.Chunks.PutAsync(id, content, Token));
            await store.Chunks.FlushAsync(Token);
        }

        disk.CutPower(folder.Path);
        Assert.False(await IsLostAsync(folder.Path, [id]));
    }

    private static async Task<bool> StopAndReopenAsync(string path, int steps, bool isPowerCut)
    {
        var disk = new FaultyDisk();
        disk.StopAfter(steps);
        List<ChunkId> acknowledged = [];
        bool isDone = await RunAsync(path, disk, acknowledged);
        if (isPowerCut)
        {
            disk.CutPower(path);
        }

        await using LocalStore store = await LocalStore.OpenAsync(path, new LocalStoreOptions(), Token);
        Assert.Equal(new bool[acknowledged.Count], await store.Chunks.FindMissingAsync(acknowledged, Token));
        await store.Recovery;
        Assert.Empty(StoreFiles.Unfinished(path));
        List<ChunkId> there = await store.Chunks.EnumerateAsync(after: null, Token).ToListAsync(Token);
        Assert.Subset(Workload.Select(chunk => chunk.Id).ToHashSet(), there.ToHashSet());
        foreach (ChunkId id in there)
        {
            Assert.Equal(ChunkState.Good, await store.Verifier.VerifyAsync(id, Token));
        }

        Assert.Equal(there.Count, store.GetUsage().Chunks);
        return isDone;
    }

    private static async Task<bool> IsLostAsync(string path, List<ChunkId> acknowledged)
    {
        try
        {
            await using LocalStore store = await LocalStore.OpenAsync(path, new LocalStoreOptions(), Token);
            return (await store.Chunks.FindMissingAsync(acknowledged, Token)).Contains(true);
        }
        catch (DfssException exception) when (exception.Code == DfssErrorCode.StoreFormat)
        {
            return true;
        }
    }

    private static async Task<bool> RunAsync(string path, FaultyDisk disk, List<ChunkId> acknowledged)
    {
        LocalStore? store = null;
        try
        {
            store = await LocalStore.OpenAsync(path, new LocalStoreOptions(), disk.Files, Token);
            foreach ((ChunkId Id, byte[] Content)[] part in new[] { Workload[..3], Workload[3..] })
            {
                await PutAndFlushAsync(store, part);
                acknowledged.AddRange(part.Select(chunk => chunk.Id));
            }

            return true;
        }
        catch (DfssException exception) when (exception.Code == DfssErrorCode.StoreFailed)
        {
            return false;
        }
        finally
        {
            if (store is not null)
            {
                await store.DisposeAsync();
            }
        }
    }

    private static async Task PutAndFlushAsync(LocalStore store, (ChunkId Id, byte[] Content)[] chunks)
    {
        foreach ((ChunkId id, byte[] content) in chunks)
        {
            await store.Chunks.PutAsync(id, content, Token);
        }

        await store.Chunks.FlushAsync(Token);
    }
}
