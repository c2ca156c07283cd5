using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>A disk that fails: what is told, what is missing again, and what stays.</summary>
public sealed class FailedSyncTests
{
    private static readonly (ChunkId Id, byte[] Content)[] Workload =
    [
        TestChunks.Make(1), TestChunks.Make(2, TestChunks.Small), TestChunks.Make(3),
        TestChunks.Make(4, TestChunks.Small), TestChunks.Make(5),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_failed_sync_is_told_once_and_the_chunk_is_missing_until_put_again()
    {
        using var folder = new TemporaryFolder();
        var disk = new FaultyDisk();
        await using LocalStore store = await LocalStore.OpenAsync(
            folder.Path, new LocalStoreOptions(), disk.Files, Token);
        (ChunkId id, byte[] content) = Workload[0];
        int syncs = 0;
        disk.Fails = step => step.Action == DurableAction.SyncFile
            && step.Path.EndsWith(".segment", StringComparison.Ordinal) && ++syncs > 0;
        await store.Chunks.PutAsync(id, content, Token);
        DfssException failed = await Assert.ThrowsAsync<DfssException>(
            async () => await store.Chunks.FlushAsync(Token));
        Assert.Equal(DfssErrorCode.StoreFailed, failed.Code);
        Assert.Equal(1, syncs);
        Assert.Null(await store.Chunks.GetLengthAsync(id, Token));
        Assert.False(StoreFiles.Has(folder.Path, id));

        disk.Fails = _ => false;
        await store.Chunks.FlushAsync(Token);
        Assert.Equal(PutResult.Stored, await store.Chunks.PutAsync(id, content, Token));
        await store.Chunks.FlushAsync(Token);
        Assert.Equal(ChunkState.Good, await store.Verifier.VerifyAsync(id, Token));
        Assert.Null(store.Fault);
    }

    [Fact]
    public async Task What_was_durable_before_a_sync_failed_stays_and_the_same_segment_takes_no_more()
    {
        using var folder = new TemporaryFolder();
        var disk = new FaultyDisk();
        await using (LocalStore store = await LocalStore.OpenAsync(
            folder.Path, new LocalStoreOptions(), disk.Files, Token))
        {
            await PutAndFlushAsync(store, Workload[..2]);
            disk.Fails = step => step.Action == DurableAction.SyncFile;
            await store.Chunks.PutAsync(Workload[2].Id, Workload[2].Content, Token);
            await FailsAsync(async () => await store.Chunks.FlushAsync(Token));
            disk.Fails = _ => false;
            Assert.Equal<bool[]>(
                [false, false, true],
                await store.Chunks.FindMissingAsync([.. Workload[..3].Select(chunk => chunk.Id)], Token));
            await PutAndFlushAsync(store, Workload[2..]);
            Assert.Equal(2, StoreFiles.Segments(folder.Path).Length);
        }

        disk.CutPower(folder.Path);
        await using LocalStore again = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), Token);
        ChunkId[] all = [.. Workload.Select(chunk => chunk.Id)];
        Assert.Equal(new bool[all.Length], await again.Chunks.FindMissingAsync(all, Token));
    }

    [Fact]
    public async Task A_folder_whose_sync_fails_stops_writes_and_votes_but_not_reads()
    {
        using var folder = new TemporaryFolder();
        var disk = new FaultyDisk();
        (ChunkId id, byte[] content) = Workload[0];
        await using (LocalStore before = await LocalStore.OpenAsync(
            folder.Path, new LocalStoreOptions(), disk.Files, Token))
        {
            await PutAndFlushAsync(before, Workload[..1]);
        }

        StoreFiles.Fill(folder.Path);
        await using LocalStore store = await LocalStore.OpenAsync(
            folder.Path, new LocalStoreOptions(), disk.Files, Token);
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
    public async Task A_chunk_that_its_segment_ends_before_is_set_aside_and_can_be_put_again()
    {
        using var folder = new TemporaryFolder();
        await using LocalStore store = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), Token);
        await PutAndFlushAsync(store, Workload[..1]);
        (ChunkId id, byte[] content) = Workload[0];
        StoreFiles.CutOff(folder.Path, length: 500);

        await FailsAsync(async () => await store.Chunks.GetAsync(id, new byte[content.Length], Token));
        Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(id, Token));
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
