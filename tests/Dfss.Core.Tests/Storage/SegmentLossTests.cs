using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>
/// What a segment has lost is noted in quarantine/, and what is noted stands in the way of nothing else.
/// </summary>
public sealed class SegmentLossTests : SegmentFaultRig
{
    [Fact]
    public async Task A_durable_chunk_that_is_not_whole_after_a_start_goes_to_quarantine()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 3, TestChunks.Large);
        RemoveIndexes();

        // The first header is damaged beyond repair, so that the others are read; the second chunk is, too.
        StoreFiles.Corrupt(Store, ids[1]);
        StoreFiles.Find(Store, ids[0]).Single().Write(
            new byte[SegmentFormat.RecordHeaderBytes], at: -SegmentFormat.RecordHeaderBytes);
        await using LocalStore store = await OpenAsync();
        await store.Recovery;
        Assert.Single(Directory.GetFiles(Path.Combine(Store, "quarantine"), $"{ids[1]}.*"));
        await AssertWholeAsync(store, ids[2..]);
    }

    [Fact]
    public async Task A_segment_that_is_shorter_than_its_mark_says_has_lost_a_chunk()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 3, TestChunks.Large);
        RemoveIndexes();
        StoreFiles.CutOff(Store, new FileInfo(StoreFiles.Segments(Store).Single()).Length - 10);
        await using LocalStore store = await OpenAsync();
        await store.Recovery;
        await AssertWholeAsync(store, ids[..2]);
        Assert.Single(Directory.GetFiles(Path.Combine(Store, "quarantine"), "lost.*"));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(TestChunks.Large + 100)]
    public async Task A_segment_that_is_shorter_than_its_index_says_notes_which_chunks_are_lost(int cut)
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 4, TestChunks.Large);
        await using (LocalStore store = await OpenAsync())
        {
            // The mark moves behind all.
            await DeleteAsync(store, ids[0]);
        }

        StoreFiles.CutOff(Store, new FileInfo(StoreFiles.Segments(Store).Single()).Length - cut);
        ChunkId[] lost = ids[(cut > TestChunks.Large ? 2 : 3)..];
        await using (LocalStore store = await OpenAsync())
        {
            await store.Recovery;
            string[] kept = Directory.GetFiles(Path.Combine(Store, "quarantine"));
            Assert.Equal(
                lost.Order(), kept.Select(path => ChunkId.Parse(Path.GetFileName(path).Split('.')[0])).Order());
            Assert.All(kept, path => Assert.Contains(Log, line => line.Contains(path, StringComparison.Ordinal)));
            await AssertWholeAsync(store, [.. ids[1..].Except(lost)]);
            await PutAsync(store, 0, 4);
            Kill();
        }

        Fails = _ => null;
        await using LocalStore again = await OpenAsync();
        await again.Recovery;
        await AssertWholeAsync(again, ids);
    }

    [Fact]
    public async Task A_chunk_that_cannot_be_read_and_is_noted_does_not_keep_its_segment_from_being_recovered()
    {
        ChunkId[] ids = await PutAndCloseAsync(0, 3, TestChunks.Large);
        StoredChunk hurt = StoreFiles.Find(Store, ids[1]).Single();
        ReadFails = step => step.Offset < hurt.Offset + hurt.Length && step.Offset + step.Length > hurt.Offset + 1
            ? new IOException("Input/output error.", 5)
            : null;
        await using (LocalStore store = await OpenAsync())
        {
            Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(ids[1], Token));
            Kill();
        }

        Fails = _ => null;
        await using (LocalStore store = await OpenAsync())
        {
            await store.Recovery;
            await DeleteAsync(store);
        }

        File.Delete(Directory.GetFiles(Path.Combine(Store, "quarantine")).Single());
        await using LocalStore again = await OpenAsync();
        Assert.Equal<bool[]>([false, true, false], await again.Chunks.FindMissingAsync(ids, Token));
    }
}
