using Dfss.Storage;
using Dfss.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>
/// What a start and a collection believe of the files of segments: nothing that could cost a chunk that is in use.
/// </summary>
public sealed class SegmentTrustTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_collection_does_not_ask_an_index_that_is_older_than_its_segment()
    {
        FaultyDisk disk = new();
        await using LocalStore store = await OpenAsync(disk);
        ChunkId[] ids = await PutAsync(store, 0, 5);
        await DeleteAsync(store, ids[0]);
        ids = [.. ids[1..], .. await PutAsync(store, 5, 5)];

        // The segment ends at its last good sync, and its index stays the one of the collection.
        disk.Fails = step => step.Action == DurableAction.SyncFile;
        await Assert.ThrowsAsync<DfssException>(() => PutAsync(store, 20, 1));
        disk.Fails = _ => false;
        await DeleteAsync(store, ids[0]);
        await AssertWholeAsync(store, ids[1..]);
    }

    [Fact]
    public async Task A_segment_that_a_start_finds_behind_its_index_and_does_not_continue_is_whole_after_a_collection()
    {
        ChunkId[] ids = [];
        for (int i = 3; i > 0; i--)
        {
            // The smallest segments are those that take no more.
            ids = [.. await MakeSegmentAsync((uint)i, i * 10, 8 - i), .. ids];
        }

        foreach (string path in StoreFiles.Segments(folder.Path))
        {
            string list = Path.ChangeExtension(path, ".index");
            SegmentIndex index = SegmentIndex.Decode(0, await File.ReadAllBytesAsync(list, Token))!;
            SegmentRecord first = index.Records[0];
            await File.WriteAllBytesAsync(
                list, (index with { Length = first.Location.End, Records = [first] }).Encode(), Token);
        }

        await using LocalStore store = await OpenAsync(new FaultyDisk());
        ChunkId[] deleted = [ids[0], ids[7], ids[7 + 6]];
        await DeleteAsync(store, deleted);
        await store.Recovery;
        await DeleteAsync(store, []);
        await AssertWholeAsync(store, [.. ids.Except(deleted)]);
    }

    [Fact]
    public async Task An_index_without_a_segment_goes_before_a_segment_may_have_its_name()
    {
        await MakeSegmentAsync(1, 0, 1);
        File.Delete(StoreFiles.Segments(folder.Path).Single());
        List<DurableStep> steps = [];
        await using LocalStore store = await LocalStore.OpenAsync(
            folder.Path, new LocalStoreOptions(), new DurableFile(steps.Add), Token);
        await store.Recovery;
        int last = steps.FindLastIndex(
            step => step.Action == DurableAction.SyncDirectory && step.Path == folder.Path);
        Assert.InRange(steps.FindIndex(step => step.Action == DurableAction.Delete), 0, last);
        Assert.Empty(Directory.GetFiles(StoreFiles.FolderOf(folder.Path)));
    }

    [Fact]
    public async Task A_collection_leaves_a_segment_alone_that_is_not_recovered()
    {
        await MakeSegmentAsync(1, 0, 5);
        ChunkId[] unsynced;
        FaultyDisk disk = new();
        await using (LocalStore store = await OpenAsync(disk))
        {
            unsynced = [.. Enumerable.Range(5, 5).Select(i => TestChunks.Make(i).Id)];
            foreach (int i in Enumerable.Range(5, 5))
            {
                await store.Chunks.PutAsync(TestChunks.Make(i).Id, TestChunks.Make(i).Content, Token);
            }

            disk.StopAfter(0);
        }

        disk.GoOn();
        disk.Fails = step => step.Action == DurableAction.WriteFile;
        LocalStoreOptions options = new() { TimeProvider = new FakeTimeProvider() };
        await using (LocalStore store = await LocalStore.OpenAsync(folder.Path, options, disk.Files, Token))
        {
            await Assert.ThrowsAsync<DfssException>(() => store.Recovery);
            disk.Fails = _ => false;
            await DeleteAsync(store, TestChunks.Make(0).Id);
            Assert.Equal(new bool[5], await store.Chunks.FindMissingAsync(unsynced, Token));
        }

        await using LocalStore again = await OpenAsync(new FaultyDisk());
        await again.Recovery;
        await AssertWholeAsync(again, [.. unsynced, .. Enumerable.Range(1, 4).Select(i => TestChunks.Make(i).Id)]);
    }

    [Fact]
    public async Task A_segment_whose_recovery_fails_does_not_stop_that_of_the_others()
    {
        ChunkId[] ids = [.. await MakeSegmentAsync(1, 0, 3), .. await MakeSegmentAsync(2, 10, 3)];
        StoreFiles.Distrust(folder.Path);
        string? failing = null;
        FaultyDisk disk = new()
        {
            Fails = step => step.Action == DurableAction.WriteFile && (failing ??= step.Path) == step.Path,
        };
        LocalStoreOptions options = new() { TimeProvider = new FakeTimeProvider() };
        await using LocalStore store = await LocalStore.OpenAsync(folder.Path, options, disk.Files, Token);
        await Assert.ThrowsAsync<DfssException>(() => store.Recovery);
        Assert.Equal(3, ids.Count(id => ((IDurableChunkStore)store.Chunks).GetDurableLength(id) is not null));
    }

    [Fact]
    public async Task A_header_that_cannot_be_read_costs_no_chunk()
    {
        ChunkId[] ids = await MakeSegmentAsync(1, 0, 5);
        FaultyDisk disk = new() { CannotRead = IsIn(0) };
        await using (LocalStore store = await OpenAsync(disk))
        {
            await store.Recovery.ContinueWith(_ => { }, Token, TaskContinuationOptions.None, TaskScheduler.Default);
            await DeleteAsync(store, []);
            await AssertWholeAsync(store, ids);
        }

        await using LocalStore again = await OpenAsync(new FaultyDisk());
        await again.Recovery;
        await AssertWholeAsync(again, ids);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Behind_a_sector_that_cannot_be_read_the_other_records_are_found_and_none_is_given_up(
        bool isTrusted)
    {
        ChunkId[] ids = await MakeSegmentAsync(1, 0, 10);
        string path = StoreFiles.Segments(folder.Path).Single();
        File.Delete(Path.ChangeExtension(path, ".index"));
        if (!isTrusted)
        {
            StoreFiles.Distrust(folder.Path);
        }

        // The header of the fifth, and the end of the fourth.
        long bad = StoreFiles.Find(folder.Path, ids[4]).Single().Offset / 4096 * 4096;
        ChunkId[] hurt = ids[3..5];
        FaultyDisk disk = new() { CannotRead = IsIn(bad) };
        LocalStoreOptions options = new() { TimeProvider = new FakeTimeProvider() };
        await using (LocalStore store = await LocalStore.OpenAsync(folder.Path, options, disk.Files, Token))
        {
            await Assert.ThrowsAsync<DfssException>(() => store.Recovery);
            await DeleteAsync(store, ids[0]);
            await AssertWholeAsync(store, [.. ids[1..].Except(hurt)]);
        }

        await using LocalStore again = await OpenAsync(new FaultyDisk());
        await again.Recovery;
        await AssertWholeAsync(again, ids[1..]);
    }

    [Fact]
    public async Task A_torn_copy_does_not_hide_a_whole_one()
    {
        ChunkId[] ids = await MakeSegmentAsync(1, 0, 2);
        (ChunkId id, byte[] content) = TestChunks.Make(7);
        byte[] header = new byte[SegmentFormat.RecordHeaderBytes];
        SegmentFormat.WriteRecordHeader(header, id, content.Length);
        await using (FileStream file = File.OpenWrite(StoreFiles.Segments(folder.Path).Single()))
        {
            file.Seek(0, SeekOrigin.End);
            byte[] torn = [.. content[..5000], .. new byte[content.Length - 5000]];
            await file.WriteAsync((byte[])[.. header, .. torn, .. header, .. content, .. header, .. torn], Token);
        }

        await using LocalStore store = await OpenAsync(new FaultyDisk());
        Assert.Equal<bool[]>([false], await store.Chunks.FindMissingAsync([id], Token));
        await store.Recovery;
        await AssertWholeAsync(store, [.. ids, id]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Of_two_listed_copies_the_whole_one_counts(int corrupt)
    {
        ChunkId[] ids = await MakeSegmentAsync(1, 0, 3);
        await MakeSegmentAsync(2, 0, 3);
        Array.ForEach(ids, id => StoreFiles.Find(folder.Path, id)[corrupt].Flip(0));
        await using LocalStore store = await OpenAsync(new FaultyDisk());
        Assert.Equal(new bool[3], await store.Chunks.FindMissingAsync(ids, Token));
        await store.Recovery;
        await DeleteAsync(store, []);
        await AssertWholeAsync(store, ids);
    }

    private static Func<DurableStep, bool> IsIn(long page) => step =>
        step.Path.EndsWith(".segment", StringComparison.Ordinal)
        && step.Offset < page + 4096 && step.Offset + step.Length > page;

    private static async Task DeleteAsync(LocalStore store, params ChunkId[] ids)
    {
        foreach (ChunkId id in ids)
        {
            await store.Chunks.DeleteAsync(id, Token);
        }

        // Nothing else is that old.
        await store.Collector.CollectAsync(TimeSpan.FromHours(1), Token);
    }

    private static async Task<ChunkId[]> PutAsync(LocalStore store, int first, int count)
    {
        (ChunkId Id, byte[] Content)[] chunks = [.. Enumerable.Range(first, count).Select(i => TestChunks.Make(i))];
        foreach ((ChunkId id, byte[] content) in chunks)
        {
            await store.Chunks.PutAsync(id, content, Token);
        }

        await store.Chunks.FlushAsync(Token);
        return [.. chunks.Select(chunk => chunk.Id)];
    }

    private static async Task AssertWholeAsync(LocalStore store, ChunkId[] ids)
    {
        foreach (ChunkId id in ids)
        {
            Assert.NotNull(((IDurableChunkStore)store.Chunks).GetDurableLength(id));
            Assert.Equal(ChunkState.Good, await store.Verifier.VerifyAsync(id, Token));
        }
    }

    /// <summary>A segment with its index, as a store of its own makes it.</summary>
    private async Task<ChunkId[]> MakeSegmentAsync(uint number, int first, int count)
    {
        using TemporaryFolder other = new();
        ChunkId[] ids;
        await using (LocalStore store = await LocalStore.OpenAsync(other.Path, new LocalStoreOptions(), Token))
        {
            ids = await PutAsync(store, first, count);
        }

        await (await OpenAsync(new FaultyDisk())).DisposeAsync();
        foreach (string path in Directory.GetFiles(StoreFiles.FolderOf(other.Path)))
        {
            string name = $"{number:x8}{Path.GetExtension(path)}";
            File.Copy(path, Path.Combine(StoreFiles.FolderOf(folder.Path), name));
        }

        return ids;
    }

    private Task<LocalStore> OpenAsync(FaultyDisk disk) =>
        LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), disk.Files, Token);
}
