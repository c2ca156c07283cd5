using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>The order of the steps that change segments, and what a step that fails costs.</summary>
public sealed class SegmentFaultTests : IDisposable
{
    private const int SmallBytes = 1500;
    private const int NoSpace = 28;

    private readonly TemporaryFolder folder = new();
    private readonly List<DurableStep> steps = [];
    private readonly Lock gate = new();
    private Func<DurableStep, Exception?> fails = _ => null;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Puts_go_on_while_a_segment_ends_by_a_failed_sync()
    {
        await using LocalStore store = await OpenAsync();
        await PutAsync(store, 0, 1);
        (ChunkId id, byte[] content) = TestChunks.Make(2);
        bool isTaken = false;
        fails = step =>
        {
            if (step.Action == DurableAction.Truncate && !isTaken)
            {
                // The writer that comes for the segment finds that it has ended.
                isTaken = true;
                using ManualResetEventSlim done = new();
                _ = Task.Run(
                    async () =>
                    {
                        await store.Chunks.PutAsync(id, content, Token);
                        done.Set();
                    }, Token);
                done.Wait(Token);
            }

            return step.Action == DurableAction.SyncFile && !isTaken ? new IOException("Input/output error.") : null;
        };
        await Assert.ThrowsAsync<DfssException>(() => PutAsync(store, 1, 1));
        Assert.True(isTaken);
        await store.Chunks.FlushAsync(Token);
        Assert.Null(store.Fault);
        await AssertWholeAsync(store, [TestChunks.Make(0).Id, id]);
    }

    [Fact]
    public async Task An_unexpected_exception_in_a_sync_stops_the_writes_and_not_the_process()
    {
        LocalStore store = await OpenAsync();
        ChunkId[] ids = await PutAsync(store, 0, 1);
        fails = step => step.Action == DurableAction.Truncate ? new InvalidOperationException("A fault.")
            : step.Action == DurableAction.SyncFile ? new IOException("Input/output error.") : null;
        await Assert.ThrowsAsync<DfssException>(() => PutAsync(store, 1, 1));
        fails = _ => null;
        Assert.IsType<InvalidOperationException>(store.Fault);
        await Assert.ThrowsAsync<DfssException>(() => PutAsync(store, 2, 1));
        await AssertWholeAsync(store, ids);
        await store.DisposeAsync();
    }

    [Fact]
    public async Task A_sync_that_finds_no_space_reports_a_full_disk()
    {
        await using LocalStore store = await OpenAsync();
        fails = step => step.Action == DurableAction.SyncFile ? new IOException("No space left.", NoSpace) : null;
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => PutAsync(store, 0, 1));
        Assert.Equal(DfssErrorCode.StoreFull, error.Code);
        fails = _ => null;
        await AssertWholeAsync(store, await PutAsync(store, 0, 1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_corrupt_chunk_stays_set_aside_whatever_happened_to_the_index(bool isSegmentEnded)
    {
        ChunkId[] ids;
        await using (LocalStore store = await OpenAsync())
        {
            ids = await PutAsync(store, 0, 5);
            if (isSegmentEnded)
            {
                // Without an index.
                fails = step => step.Action == DurableAction.SyncFile ? new IOException("Input/output error.") : null;
                await Assert.ThrowsAsync<DfssException>(() => PutAsync(store, 10, 1));
                fails = _ => null;
            }

            StoreFiles.Corrupt(folder.Path, ids[1]);
            Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(ids[1], Token));
            if (isSegmentEnded)
            {
                // The process is killed.
                fails = _ => new IOException("The power is off.");
            }
        }

        fails = _ => null;
        if (!isSegmentEnded)
        {
            // It is damaged: what the mark says counts.
            File.Delete(Directory.GetFiles(StoreFiles.FolderOf(folder.Path), "*.index").Single());
        }

        await using LocalStore again = await OpenAsync();
        await again.Recovery;
        Assert.Equal<bool[]>(
            [false, true, false, false, false], await again.Chunks.FindMissingAsync(ids, Token));
    }

    [Fact]
    public async Task An_index_whose_writing_failed_is_written_when_the_store_is_closed()
    {
        ChunkId[] ids;
        await using (LocalStore store = await OpenAsync())
        {
            ids = await PutAsync(store, 0, 5);
            StoreFiles.Corrupt(folder.Path, ids[1]);
            fails = step => IsOfIndex(step) ? new IOException("Input/output error.") : null;
            await Assert.ThrowsAsync<DfssException>(() => store.Verifier.VerifyAsync(ids[1], Token).AsTask());
            fails = _ => null;
        }

        Assert.Single(Directory.GetFiles(StoreFiles.FolderOf(folder.Path), "*.index"));
        await using LocalStore again = await OpenAsync();
        Assert.Equal<bool[]>(
            [false, true, false, false, false], await again.Chunks.FindMissingAsync(ids, Token));
    }

    [Fact]
    public async Task A_corrupt_chunk_is_kept_durably_before_it_is_left_out()
    {
        await using LocalStore store = await OpenAsync();
        ChunkId[] ids = await PutAsync(store, 0, 2);
        StoreFiles.Corrupt(folder.Path, ids[0]);
        steps.Clear();
        Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(ids[0], Token));
        string quarantine = Path.Combine(folder.Path, "quarantine");
        int file = steps.FindIndex(
            step => step.Action == DurableAction.SyncFile && Path.GetDirectoryName(step.Path) == quarantine);
        int name = steps.FindIndex(step => step.Action == DurableAction.SyncDirectory && step.Path == quarantine);
        int left = steps.FindIndex(IsOfIndex);
        Assert.True(file >= 0 && file < name && name < left, string.Join('\n', steps));
    }

    [Fact]
    public async Task The_names_of_indexes_are_durable_before_a_hole_is_made()
    {
        await PutAndCloseAsync(0, 3, TestChunks.Large);
        string path = StoreFiles.Segments(folder.Path).Single();
        await using (FileStream file = File.OpenWrite(path))
        {
            byte[] torn = new byte[SegmentFormat.RecordHeaderBytes + TestChunks.Large];
            SegmentFormat.WriteRecordHeader(torn, TestChunks.Make(9).Id, TestChunks.Large);
            file.Seek(0, SeekOrigin.End);
            await file.WriteAsync(torn, Token);
        }

        await using LocalStore store = await OpenAsync();
        await store.Recovery;
        await DeleteAsync(store);
        int hole = steps.FindIndex(step => step.Action == DurableAction.PunchHole);
        int rename = steps.FindLastIndex(Math.Max(0, hole), step => step.Action == DurableAction.Rename);
        Assert.True(hole > 0 && rename > 0);
        Assert.Contains(
            steps[rename..hole],
            step => step.Action == DurableAction.SyncDirectory && step.Path == StoreFiles.FolderOf(folder.Path));
    }

    [Fact]
    public async Task Holes_that_a_collection_could_not_make_are_made_after_the_next_start()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 6, TestChunks.Large);
        await using (LocalStore store = await OpenAsync())
        {
            fails = step => step.Action == DurableAction.PunchHole ? new IOException("Input/output error.") : null;
            await Assert.ThrowsAsync<DfssException>(() => DeleteAsync(store, ids[1]));
            fails = _ => null;
        }

        await using LocalStore again = await OpenAsync();
        steps.Clear();
        await DeleteAsync(again);
        Assert.Contains(steps, step => step.Action == DurableAction.PunchHole);
        await AssertWholeAsync(again, [.. ids.Except([ids[1]])]);
    }

    [Fact]
    public async Task Copies_of_a_move_that_ended_early_are_in_no_index()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 30, SmallBytes);
        StoreFiles.Fill(folder.Path);
        ChunkId[] kept = [.. ids.Where((_, i) => i % 3 == 0)];
        await using (LocalStore store = await OpenAsync())
        {
            int writes = 0;
            fails = step => step.Action == DurableAction.WriteFile
                && step.Path.EndsWith("2.segment", StringComparison.Ordinal) && ++writes == 5
                ? new IOException("Input/output error.")
                : null;
            await Assert.ThrowsAsync<DfssException>(() => DeleteAsync(store, [.. ids.Except(kept)]));
            fails = _ => null;
            await DeleteAsync(store);
            await DeleteAsync(store);
            await AssertWholeAsync(store, kept);
        }

        string list = Directory.GetFiles(StoreFiles.FolderOf(folder.Path), "*.index").Single();
        IReadOnlyList<SegmentRecord> records =
            SegmentIndex.Decode(segment: 2, await File.ReadAllBytesAsync(list, Token))!.Records;
        Assert.Equal(kept.Order(), records.Select(record => record.Id).Order());
    }

    [Fact]
    public async Task A_segment_that_fails_in_a_collection_does_not_keep_the_others_from_theirs()
    {
        ChunkId[] first = await PutAndCloseAsync(0, 3, TestChunks.Large);
        StoreFiles.Fill(folder.Path);
        ChunkId[] second = await PutAndCloseAsync(10, 3, TestChunks.Large);
        StoreFiles.Fill(folder.Path);
        await using LocalStore store = await OpenAsync();
        string? failing = null;
        fails = step => IsOfIndex(step) && (failing ??= step.Path) == step.Path
            ? new IOException("Input/output error.")
            : null;
        await Assert.ThrowsAsync<DfssException>(() => DeleteAsync(store, first[0], second[0]));
        Assert.Contains(steps, step => step.Action == DurableAction.PunchHole);
        fails = _ => null;
        await AssertWholeAsync(store, [.. first[1..], .. second[1..]]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_collection_deletes_nothing_while_the_manifest_of_a_file_is_lost(bool isCorrupt)
    {
        FileManifest manifest;
        (ChunkId id, byte[] content) = TestChunks.Make(1, DfssLimits.MinChunkSize);
        await using (LocalStore store = await OpenAsync())
        {
            manifest = Registers.Manifest(id);
            await store.Chunks.PutAsync(id, content, Token);
            await store.Chunks.PutAsync(manifest.FileId.ToChunkId(), manifest.Encoded, Token);
            await store.Chunks.FlushAsync(Token);
            await store.Records.SealAsync([Registers.Seal("a", 1, manifest)], Token);
            if (!isCorrupt)
            {
                await store.Chunks.DeleteAsync(manifest.FileId.ToChunkId(), Token);
                await AssertRefusedAsync(store);
                return;
            }
        }

        // As a power cut may leave it: no index, and the mark of its making.
        StoreFiles.Find(folder.Path, manifest.FileId.ToChunkId()).Single().Flip(manifest.Encoded.Length - 1);
        StoreFiles.Distrust(folder.Path);
        await using LocalStore again = await OpenAsync();
        await again.Recovery;
        Assert.Equal(1, again.GetUsage().Quarantined);
        await AssertRefusedAsync(again);

        async Task AssertRefusedAsync(LocalStore store)
        {
            DfssException error = await Assert.ThrowsAsync<DfssException>(
                () => store.Collector.CollectAsync(TimeSpan.Zero, Token));
            Assert.Equal(DfssErrorCode.ChunkCorrupt, error.Code);
            Assert.Equal<bool[]>([false], await store.Chunks.FindMissingAsync([id], Token));
        }
    }

    private static bool IsOfIndex(DurableStep step) => step.Action == DurableAction.CreateFile
        && step.Path.EndsWith(".index.tmp", StringComparison.Ordinal);

    private static async Task DeleteAsync(LocalStore store, params ChunkId[] ids)
    {
        foreach (ChunkId id in ids)
        {
            await store.Chunks.DeleteAsync(id, Token);
        }

        // Nothing else is that old.
        await store.Collector.CollectAsync(TimeSpan.FromHours(1), Token);
    }

    private static async Task<ChunkId[]> PutAsync(
        LocalStore store, int first, int count, int length = TestChunks.Large)
    {
        (ChunkId Id, byte[] Content)[] chunks = [
            .. Enumerable.Range(first, count).Select(i => TestChunks.Make(i, length))];
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

    private async Task<ChunkId[]> PutAndCloseAsync(int first, int count, int length)
    {
        await using LocalStore store = await OpenAsync();
        return await PutAsync(store, first, count, length);
    }

    private Task<LocalStore> OpenAsync() => LocalStore.OpenAsync(
        folder.Path, new LocalStoreOptions(), new DurableFile(BeforeStep), Token);

    private void BeforeStep(DurableStep step)
    {
        if (step.Action == DurableAction.ReadFile)
        {
            return;
        }

        lock (gate)
        {
            steps.Add(step);
        }

        if (fails(step) is { } failure)
        {
            throw failure;
        }
    }
}
