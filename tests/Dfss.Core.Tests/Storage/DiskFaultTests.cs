using Dfss.Storage;
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

        // 3 files of 5 steps each, besides the store's own making.
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
    public async Task A_flush_syncs_only_folders_that_hold_names()
    {
        using var folder = new TemporaryFolder();
        List<string> synced = [];
        DurableFile files = new(
            step => synced.AddRange(step.Action == DurableAction.SyncDirectory ? [step.Path] : Array.Empty<string>()));
        string[] expected = [.. Workload.Where(chunk => chunk.Content.Length > SmallChunkTable.MaxLength)
            .Select(chunk => Path.GetDirectoryName(StoreFiles.PathOf(folder.Path, chunk.Id))!).Distinct()];
        await using (LocalStore store = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), files, Token))
        {
            synced.Clear();
            await PutAndFlushAsync(store, Workload);
            Assert.Equivalent(expected, synced, strict: true);
            synced.Clear();
            await store.Chunks.FlushAsync(Token);
            Assert.Empty(synced);
        }

        await using LocalStore again = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), files, Token);
        synced.Clear();
        await again.Chunks.FlushAsync(Token);
        Assert.Equivalent(expected, synced, strict: true);
    }

    /// <summary>The next process finds the chunk there, and must not take its name for durable.</summary>
    [Fact]
    public async Task A_chunk_whose_process_ended_between_rename_and_sync_is_durable_when_the_next_acknowledges_it()
    {
        using var folder = new TemporaryFolder();
        FaultyDisk disk = new()
        {
            Fails = step => step.Action == DurableAction.SyncDirectory && Path.GetFileName(step.Path).Length == 2
        };
        Assert.False(await RunAsync(folder.Path, disk, []));
        disk.Fails = _ => false;
        await using (LocalStore store = await LocalStore.OpenAsync(
            folder.Path, new LocalStoreOptions(), disk.Files, Token))
        {
            await store.Recovery;
            Assert.Equal(
                PutResult.AlreadyPresent, await store.Chunks.PutAsync(Workload[0].Id, Workload[0].Content, Token));
            await store.Chunks.FlushAsync(Token);
        }

        disk.CutPower(folder.Path);
        Assert.False(await IsLostAsync(folder.Path, [Workload[0].Id]));
    }

    [Fact]
    public async Task A_failed_sync_is_reported_once_and_the_chunk_is_missing_until_put_again()
    {
        using var folder = new TemporaryFolder();
        var disk = new FaultyDisk();
        await using LocalStore store = await LocalStore.OpenAsync(
            folder.Path, new LocalStoreOptions(), disk.Files, Token);
        (ChunkId id, byte[] content) = Workload[0];
        int syncs = 0;
        disk.Fails = step => step.Action == DurableAction.SyncFile
            && step.Path.Contains(id.ToString(), StringComparison.Ordinal) && ++syncs > 0;
        await store.Chunks.PutAsync(id, content, Token);
        DfssException failed = await Assert.ThrowsAsync<DfssException>(
            async () => await store.Chunks.FlushAsync(Token));
        Assert.Equal(DfssErrorCode.StoreFailed, failed.Code);
        Assert.Equal(1, syncs);
        Assert.Null(await store.Chunks.GetLengthAsync(id, Token));
        Assert.Empty(StoreFiles.Incoming(folder.Path));

        disk.Fails = _ => false;
        await store.Chunks.FlushAsync(Token);
        Assert.Equal(PutResult.Stored, await store.Chunks.PutAsync(id, content, Token));
        await store.Chunks.FlushAsync(Token);
        Assert.Equal(ChunkState.Good, await store.Verifier.VerifyAsync(id, Token));
        Assert.Null(store.Fault);
    }

    [Fact]
    public async Task A_folder_whose_sync_fails_stops_writes_and_votes_but_not_reads()
    {
        using var folder = new TemporaryFolder();
        var disk = new FaultyDisk();
        await using LocalStore store = await LocalStore.OpenAsync(
            folder.Path, new LocalStoreOptions(), disk.Files, Token);
        (ChunkId id, byte[] content) = Workload[0];
        await store.Chunks.PutAsync(id, content, Token);
        await store.Chunks.FlushAsync(Token);
        disk.Fails = step => step.Action == DurableAction.SyncDirectory;
        await store.Chunks.PutAsync(Workload[2].Id, Workload[2].Content, Token);
        await FailsAsync(async () => await store.Chunks.FlushAsync(Token));
        disk.Fails = _ => false;

        await FailsAsync(async () => await store.Chunks.PutAsync(Workload[4].Id, Workload[4].Content, Token));
        await FailsAsync(async () => await store.Chunks.FlushAsync(Token));
        await FailsAsync(async () => await store.Records.PrepareAsync([Registers.Prepare("a", 1)], Token));
        Assert.NotNull(store.Fault);
        Assert.Equal(content.Length, await store.Chunks.GetAsync(id, new byte[content.Length], Token));
        Assert.Single(await store.Records.ReadAsync([new Dfss.Records.ReadRequest("a")], Token));
    }

    [Fact]
    public async Task A_chunk_of_the_wrong_length_is_replaced()
    {
        using var folder = new TemporaryFolder();
        await using LocalStore store = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), Token);
        (ChunkId id, byte[] content) = Workload[0];
        await File.WriteAllBytesAsync(StoreFiles.PathOf(folder.Path, id), [], Token);
        Assert.Equal<bool[]>([true], await store.Chunks.FindMissingAsync([id], Token));
        await File.WriteAllBytesAsync(StoreFiles.PathOf(folder.Path, id), content[..500], Token);
        Assert.Equal(PutResult.Stored, await store.Chunks.PutAsync(id, content, Token));
        await store.Chunks.FlushAsync(Token);
        Assert.Equal(ChunkState.Good, await store.Verifier.VerifyAsync(id, Token));
    }

    [Fact]
    public async Task A_corrupt_chunk_is_set_aside_and_can_be_put_again()
    {
        using var folder = new TemporaryFolder();
        await using LocalStore store = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), Token);
        (ChunkId id, byte[] content) = Workload[0];
        await store.Chunks.PutAsync(id, content, Token);
        await store.Chunks.FlushAsync(Token);
        StoreFiles.Corrupt(folder.Path, id);
        Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(id, Token));
        Assert.Equal(ChunkState.Missing, await store.Verifier.VerifyAsync(id, Token));
        Assert.Single(Directory.GetFiles(Path.Combine(folder.Path, "quarantine")));
        Assert.Equal(PutResult.Stored, await store.Chunks.PutAsync(id, content, Token));
        Assert.Equal(ChunkState.Good, await store.Verifier.VerifyAsync(id, Token));
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
        Assert.Empty(StoreFiles.Incoming(path));
        Assert.Empty(Directory.GetFiles(path, "*" + DurableFile.TemporarySuffix, SearchOption.AllDirectories));
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

    private static async Task FailsAsync(Func<Task> action) =>
        Assert.Equal(DfssErrorCode.StoreFailed, (await Assert.ThrowsAsync<DfssException>(action)).Code);
}
