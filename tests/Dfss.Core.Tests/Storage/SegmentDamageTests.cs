using Dfss.Records;
using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>
/// Torn writes and damaged bytes of segments: no other chunk is lost, and what is lost is not forgotten.
/// </summary>
public sealed class SegmentDamageTests : SegmentFaultRig
{
    private const int Large = 1 << 20;

    [Fact]
    public async Task Nothing_is_lost_behind_a_torn_record_over_three_starts()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 2, TestChunks.Large);
        (ChunkId torn, byte[] content) = TestChunks.Make(9, Large);
        await AppendAsync([.. RecordHeader(torn, Large), .. content[..(Large / 2)]]);

        // The first start is killed before it has written the index.
        Fails = step => IsOfIndex(step) ? new IOException("Input/output error.") : null;
        await using (LocalStore first = await OpenRecoveredAsync())
        {
            Kill();
        }

        Fails = _ => null;
        await using (LocalStore second = await OpenRecoveredAsync())
        {
            ids = [.. ids, .. await PutAsync(second, 20, 2, Large)];
            Kill();
        }

        Fails = _ => null;
        await using LocalStore third = await OpenAsync();
        await third.Recovery;
        await DeleteAsync(third);
        await AssertWholeAsync(third, ids);
    }

    [Fact]
    public async Task A_torn_record_is_cut_off_before_the_segment_is_known()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 2, TestChunks.Large);
        long length = new FileInfo(StoreFiles.Segments(Store).Single()).Length;
        (ChunkId torn, byte[] content) = TestChunks.Make(9, Large);
        await AppendAsync([.. RecordHeader(torn, Large), .. content[..(Large / 2)]]);
        Steps.Clear();
        await using LocalStore store = await OpenAsync();
        await store.Recovery;
        Assert.Equal(length, new FileInfo(StoreFiles.Segments(Store).Single()).Length);
        await AssertWholeAsync(store, ids);

        // Durably before the mark, and that before the index.
        int cut = Steps.FindIndex(step => step.Action == DurableAction.Truncate);
        int mark = Steps.FindIndex(step => step is { Action: DurableAction.WriteFile, Offset: SegmentFormat.MarkAt });
        int list = Steps.FindIndex(IsOfIndex);
        Assert.True(cut >= 0 && cut < mark && mark < list, string.Join('\n', Steps));
        Assert.Contains(Steps[cut..mark], step => step.Action == DurableAction.SyncFile);
        Assert.Contains(Steps[mark..list], step => step.Action == DurableAction.SyncFile);
    }

    [Fact]
    public async Task A_header_in_the_content_of_a_damaged_chunk_hides_no_chunk_behind_it()
    {
        byte[] content = [
            .. TestChunks.Make(1).Content, .. RecordHeader(TestChunks.Make(50).Id, TestChunks.Large), .. new byte[9]];
        var hurt = ChunkId.Of(content);
        ChunkId[] ids;
        await using (LocalStore store = await OpenAsync())
        {
            await store.Chunks.PutAsync(hurt, content, Token);
            ids = await PutAsync(store, 10, 3);
        }

        RemoveIndexes();
        StoreFiles.List(Store)[0].Write(
            new byte[SegmentFormat.RecordHeaderBytes], at: -SegmentFormat.RecordHeaderBytes);
        await using LocalStore again = await OpenAsync();
        await again.Recovery;
        await AssertWholeAsync(again, ids);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(SegmentFormat.RecordHeaderBytes)]
    public async Task A_damaged_header_of_a_manifest_does_not_cost_the_chunks_of_its_file(int damaged)
    {
        (ChunkId id, byte[] content) = TestChunks.Make(1, DfssLimits.MinChunkSize);
        FileManifest manifest = Registers.Manifest(id);
        ChunkId manifestId = manifest.FileId.ToChunkId();
        await using (LocalStore store = await OpenAsync())
        {
            await store.Chunks.PutAsync(id, content, Token);
            await store.Chunks.PutAsync(manifestId, manifest.Encoded, Token);
            await store.Chunks.FlushAsync(Token);
            FileRecord record = Registers.Record("d", manifest.FileId) with
            {
                Home = [new HomeMember(store.StoreId, ["localhost:9000"])],
            };
            await store.Records.DecideAsync([new DecideRequest("d", Registers.Ballot(1), record)], Token);
            Kill();
        }

        Fails = _ => null;
        StoreFiles.Find(Store, manifestId).Single().Write(
            new byte[damaged], at: -SegmentFormat.RecordHeaderBytes);
        await using LocalStore again = await OpenAsync();
        await again.Recovery;
        if (damaged == 1)
        {
            // What is left of the header says which chunk it was.
            await again.Collector.CollectAsync(TimeSpan.Zero, Token);
            await AssertWholeAsync(again, [id, manifestId]);
            return;
        }

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => again.Collector.CollectAsync(TimeSpan.Zero, Token));
        Assert.Equal(DfssErrorCode.ChunkCorrupt, error.Code);
        Assert.Contains("lost.*", error.Advice, StringComparison.Ordinal);
        await AssertWholeAsync(again, [id]);
        string kept = Directory.GetFiles(Path.Combine(Store, "quarantine"), "lost.*").Single();
        Assert.Contains(Log, line => line.Contains(kept, StringComparison.Ordinal));
        File.Delete(kept);
        await again.Collector.CollectAsync(TimeSpan.Zero, Token);
    }

    [Fact]
    public async Task Records_that_are_durable_are_not_written_again()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 4, TestChunks.Large);
        await using (LocalStore store = await OpenAsync())
        {
            // The mark moves behind all.
            await DeleteAsync(store, ids[0]);
        }

        RemoveIndexes();
        Steps.Clear();
        await using LocalStore again = await OpenAsync();
        await again.Recovery;
        await AssertWholeAsync(again, ids[1..]);
        Assert.DoesNotContain(
            Steps, step => step.Action == DurableAction.WriteFile && step.Offset >= SegmentFormat.HeaderBytes);
    }

    [Fact]
    public async Task A_segment_that_cannot_be_opened_does_not_stop_the_others_and_is_not_given_up()
    {
        ChunkId[] first = await PutAndCloseAsync(0, 3, TestChunks.Large);
        StoreFiles.Fill(Store);
        ChunkId[] second = await PutAndCloseAsync(10, 3, TestChunks.Large);
        string path = StoreFiles.Segments(Store).Order().First();
        ReadFails = step => step.Path == path ? new IOException("Input/output error.", 5) : null;
        await using (LocalStore store = await OpenRecoveredAsync())
        {
            await AssertWholeAsync(store, second);
            await DeleteAsync(store);
            Assert.True(File.Exists(path));
        }

        ReadFails = _ => null;
        await using LocalStore again = await OpenAsync();
        await again.Recovery;
        await AssertWholeAsync(again, [.. first, .. second]);
    }

    [Fact]
    public async Task A_chunk_that_is_found_in_a_corrupt_one_is_listed_in_its_place()
    {
        ChunkId[] ids;
        (ChunkId inner, byte[] innerContent) = TestChunks.Make(50);
        byte[] content = [
            .. TestChunks.Make(1).Content, .. RecordHeader(inner, innerContent.Length), .. innerContent];
        var hurt = ChunkId.Of(content);
        await using (LocalStore store = await OpenAsync())
        {
            ids = await PutAsync(store, 10, 1);
            await store.Chunks.PutAsync(hurt, content, Token);
            ids = [.. ids, .. await PutAsync(store, 20, 1)];
        }

        StoreFiles.List(Store).Single(chunk => chunk.Id == hurt).Flip(at: 9);
        await using (LocalStore store = await OpenAsync())
        {
            Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(hurt, Token));
            Kill();
        }

        Fails = _ => null;
        await using (LocalStore store = await OpenAsync())
        {
            await store.Recovery;
            await DeleteAsync(store);
            await AssertWholeAsync(store, [.. ids, inner]);
        }

        Array.ForEach(Directory.GetFiles(Path.Combine(Store, "quarantine")), File.Delete);
        await using LocalStore again = await OpenAsync();
        await again.Recovery;
        Assert.Equal<bool[]>([true], await again.Chunks.FindMissingAsync([hurt], Token));
        await AssertWholeAsync(again, [.. ids, inner]);
    }

    [Fact]
    public async Task A_start_deletes_only_what_the_store_has_made()
    {
        await PutAndCloseAsync(0, 1, TestChunks.Large);
        string folder = StoreFiles.FolderOf(Store);
        string[] foreign =
            ["0000000A.segment", "00000001.segment.bak", "00000007.segment.bak", "notes.txt", "copy.index"];
        string[] left = ["00000009.index", "00000001.index.tmp"];
        foreach (string name in (string[])[.. foreign, .. left])
        {
            await File.WriteAllTextAsync(Path.Combine(folder, name), name, Token);
        }

        await using LocalStore store = await OpenAsync();
        await store.Recovery;
        Assert.All(foreign, name => Assert.True(File.Exists(Path.Combine(folder, name)), name));
        Assert.All(left, name => Assert.False(File.Exists(Path.Combine(folder, name)), name));
    }
}
