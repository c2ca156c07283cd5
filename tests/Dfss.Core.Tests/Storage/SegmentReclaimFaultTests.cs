using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>A collection whose steps fail, and the order of them.</summary>
public sealed class SegmentReclaimFaultTests : SegmentFaultRig
{
    private const int SmallBytes = 1500;

    [Fact]
    public async Task The_names_of_indexes_are_durable_before_a_hole_is_made()
    {
        await PutAndCloseAsync(0, 3, TestChunks.Large);
        string path = StoreFiles.Segments(Store).Single();
        await using (FileStream file = File.OpenWrite(path))
        {
            byte[] torn = new byte[SegmentFormat.RecordHeaderBytes + TestChunks.Large];
            SegmentFormat.WriteRecordHeader(torn, TestChunks.Make(9).Id, TestChunks.Large);
            file.Seek(0, SeekOrigin.End);
            await file.WriteAsync(torn, Token);

            // Whole, so that the torn one is not cut off.
            (ChunkId id, byte[] content) = TestChunks.Make(10);
            await file.WriteAsync((byte[])[.. RecordHeader(id, content.Length), .. content], Token);
        }

        await using LocalStore store = await OpenAsync();
        await store.Recovery;
        await DeleteAsync(store);
        int hole = Steps.FindIndex(step => step.Action == DurableAction.PunchHole);
        int rename = Steps.FindLastIndex(Math.Max(0, hole), step => step.Action == DurableAction.Rename);
        Assert.True(hole > 0 && rename > 0);
        Assert.Contains(
            Steps[rename..hole],
            step => step.Action == DurableAction.SyncDirectory && step.Path == StoreFiles.FolderOf(Store));
    }

    [Fact]
    public async Task Holes_that_a_collection_could_not_make_are_made_after_the_next_start()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 6, TestChunks.Large);
        await using (LocalStore store = await OpenAsync())
        {
            Fails = step => step.Action == DurableAction.PunchHole ? new IOException("Input/output error.") : null;
            await Assert.ThrowsAsync<DfssException>(() => DeleteAsync(store, ids[1]));
            Fails = _ => null;
        }

        await using LocalStore again = await OpenAsync();
        Steps.Clear();
        await DeleteAsync(again);
        Assert.Contains(Steps, step => step.Action == DurableAction.PunchHole);
        await AssertWholeAsync(again, [.. ids.Except([ids[1]])]);
    }

    [Fact]
    public async Task Copies_of_a_move_that_ended_early_are_in_no_index()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 30, SmallBytes);
        StoreFiles.Fill(Store);
        ChunkId[] kept = [.. ids.Where((_, i) => i % 3 == 0)];
        await using (LocalStore store = await OpenAsync())
        {
            int writes = 0;
            Fails = step => step.Action == DurableAction.WriteFile
                && step.Path.EndsWith("2.segment", StringComparison.Ordinal) && ++writes == 5
                ? new IOException("Input/output error.")
                : null;
            await Assert.ThrowsAsync<DfssException>(() => DeleteAsync(store, [.. ids.Except(kept)]));
            Fails = _ => null;
            await DeleteAsync(store);
            await DeleteAsync(store);
            await AssertWholeAsync(store, kept);
        }

        string list = Directory.GetFiles(StoreFiles.FolderOf(Store), "*.index").Single();
        IReadOnlyList<SegmentRecord> records =
            SegmentIndex.Decode(segment: 2, await File.ReadAllBytesAsync(list, Token))!.Records;
        Assert.Equal(kept.Order(), records.Select(record => record.Id).Order());
    }

    [Fact]
    public async Task A_segment_that_fails_in_a_collection_does_not_keep_the_others_from_theirs()
    {
        ChunkId[] first = await PutAndCloseAsync(0, 3, TestChunks.Large);
        StoreFiles.Fill(Store);
        ChunkId[] second = await PutAndCloseAsync(10, 3, TestChunks.Large);
        StoreFiles.Fill(Store);
        await using LocalStore store = await OpenAsync();
        string? failing = null;
        Fails = step => IsOfIndex(step) && (failing ??= step.Path) == step.Path
            ? new IOException("Input/output error.")
            : null;
        await Assert.ThrowsAsync<DfssException>(() => DeleteAsync(store, first[0], second[0]));
        Assert.Contains(Steps, step => step.Action == DurableAction.PunchHole);
        Fails = _ => null;
        await AssertWholeAsync(store, [.. first[1..], .. second[1..]]);
    }

    [Fact]
    public async Task A_collection_that_is_cancelled_begins_with_no_other_segment()
    {
        ChunkId[] first = await PutAndCloseAsync(0, 3, TestChunks.Large);
        StoreFiles.Fill(Store);
        ChunkId[] second = await PutAndCloseAsync(10, 3, TestChunks.Large);
        StoreFiles.Fill(Store);
        await using LocalStore store = await OpenAsync();
        using CancellationTokenSource cancel = new();
        Fails = step =>
        {
            if (step.Action == DurableAction.PunchHole)
            {
                cancel.Cancel();
            }

            return null;
        };
        await store.Chunks.DeleteAsync(first[0], Token);
        await store.Chunks.DeleteAsync(second[0], Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => store.Collector.CollectAsync(TimeSpan.FromHours(1), cancel.Token));
        Assert.Single(Steps.Where(step => step.Action == DurableAction.PunchHole).Select(step => step.Path).Distinct());
        Fails = _ => null;
        await DeleteAsync(store);
        Assert.Equal(
            2,
            Steps.Where(step => step.Action == DurableAction.PunchHole).Select(step => step.Path).Distinct().Count());
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
        StoreFiles.Find(Store, manifest.FileId.ToChunkId()).Single().Flip(manifest.Encoded.Length - 1);
        StoreFiles.Distrust(Store);
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
}
