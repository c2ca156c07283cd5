using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>The bytes of segments and indexes, and what a start makes of damaged ones.</summary>
public sealed class SegmentTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    /// <summary>By hand from docs/store-format.md.</summary>
    [Fact]
    public async Task A_segment_and_its_index_are_as_the_format_says()
    {
        byte[] content = "abc"u8.ToArray();
        ChunkId id = ChunkId.Of(content);
        await using (LocalStore store = await OpenAsync())
        {
            await store.Chunks.PutAsync(id, content, Token);
            await store.Chunks.FlushAsync(Token);
        }

        string chunks = Path.Combine(folder.Path, "chunks");
        byte[] segment = await File.ReadAllBytesAsync(Path.Combine(chunks, "00000001.segment"), Token);
        byte[] list = await File.ReadAllBytesAsync(Path.Combine(chunks, "00000001.index"), Token);
        string format = await File.ReadAllTextAsync(Path.Combine(folder.Path, "format"), Token);
        byte[] ownId = segment[8..24];
        byte[] record = [.. "CHNK"u8, .. Little(3), .. id.ToByteArray()];
        byte[] name = [.. "DFSSSEGM"u8, .. ownId];
        byte[] mark = [.. Little(4096), .. Little(4143)];
        byte[] header = [.. name, .. Little(Checksum(name)), .. mark, .. Little(Checksum([.. ownId, .. mark]))];
        header = [.. header, .. new byte[4096 - header.Length]];
        Assert.Equal([.. header, .. record, .. Little(Checksum(record)), .. content], segment);

        byte[] index = [.. "DFSSINDX"u8, .. ownId, .. Little(4143), .. Little(0), .. Little(1)];
        index = [.. index, .. id.ToByteArray(), .. Little(4096), .. Little(3)];
        Assert.Equal([.. index, .. Little(Checksum(index))], list);
        Assert.StartsWith("DFSS store 2\n", format, StringComparison.Ordinal);
    }

    [Fact]
    public void The_checksum_is_that_of_the_standard() =>
        Assert.Equal(0xE3069283, SegmentFormat.Checksum("123456789"u8));

    [Theory]
    [InlineData("missing")]
    [InlineData("damaged")]
    [InlineData("of another segment")]
    [InlineData("of more than there is")]
    public async Task Without_an_index_that_counts_the_segment_is_read(string what)
    {
        ChunkId[] ids = await PutAsync(40);
        string path = Directory.GetFiles(StoreFiles.FolderOf(folder.Path), "*.index").Single();
        byte[] index = await File.ReadAllBytesAsync(path, Token);
        SegmentIndex decoded = SegmentIndex.Decode(segment: 1, index)!;
        switch (what)
        {
            case "missing":
                File.Delete(path);
                break;
            case "damaged":
                index[100] ^= 1;
                await File.WriteAllBytesAsync(path, index, Token);
                break;
            case "of another segment":
                await File.WriteAllBytesAsync(
                    path, (decoded with { OwnId = Guid.NewGuid(), Records = [] }).Encode(), Token);
                break;
            default:
                await File.WriteAllBytesAsync(
                    path, (decoded with { Length = decoded.Length + 1 }).Encode(), Token);
                break;
        }

        await AssertWholeAsync(ids);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(30)]
    public async Task A_damaged_header_of_a_segment_costs_a_verification_and_no_chunk(int at)
    {
        ChunkId[] ids = await PutAsync(40);
        string path = StoreFiles.Segments(folder.Path).Single();
        byte[] segment = await File.ReadAllBytesAsync(path, Token);
        segment[at] ^= 1;
        await File.WriteAllBytesAsync(path, segment, Token);
        File.Delete(Path.ChangeExtension(path, ".index"));
        await AssertWholeAsync(ids);
        // And again, as the first start left it.
        await AssertWholeAsync(ids);
    }

    [Fact]
    public async Task A_bit_of_the_header_of_a_record_costs_no_chunk()
    {
        ChunkId[] ids = await PutAsync(40);
        StoredChunk bad = StoreFiles.Find(folder.Path, ids[17]).Single();
        File.Delete(Path.ChangeExtension(bad.Path, ".index"));
        byte[] last = new byte[1];
        await using (FileStream file = File.Open(bad.Path, FileMode.Open, FileAccess.ReadWrite))
        {
            file.Seek(bad.Offset - 1, SeekOrigin.Begin);
            await file.ReadExactlyAsync(last, Token);
        }

        bad.Write([(byte)(last[0] ^ 1)], at: -1);
        await using (LocalStore store = await OpenAsync())
        {
            await store.Recovery;
            Assert.Equal(0, store.GetUsage().Quarantined);
        }

        // And again, by the index that the first start has written.
        await AssertWholeAsync(ids);
    }

    [Fact]
    public async Task What_was_synced_before_a_kill_counts_and_if_it_is_corrupt_it_is_found_so()
    {
        ChunkId[] ids = await PutAsync(40);
        File.Delete(Directory.GetFiles(StoreFiles.FolderOf(folder.Path), "*.index").Single());
        StoreFiles.Corrupt(folder.Path, ids[3]);
        await using LocalStore store = await OpenAsync();
        Assert.All(ids, id => Assert.NotNull(((IDurableChunkStore)store.Chunks).GetDurableLength(id)));
        await store.Recovery;
        Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(ids[3], Token));
        Assert.Equal(1, store.GetUsage().Quarantined);
    }

    [Fact]
    public async Task A_torn_record_behind_the_last_sync_is_dropped_and_what_is_whole_there_is_kept()
    {
        ChunkId[] ids = await PutAsync(10);
        string path = StoreFiles.Segments(folder.Path).Single();
        (ChunkId whole, byte[] content) = TestChunks.Make(100);
        (ChunkId torn, byte[] tornContent) = TestChunks.Make(101);
        byte[] header = new byte[SegmentFormat.RecordHeaderBytes];
        await using (FileStream file = File.OpenWrite(path))
        {
            file.Seek(0, SeekOrigin.End);
            SegmentFormat.WriteRecordHeader(header, torn, tornContent.Length);
            tornContent[5000] ^= 1;
            await file.WriteAsync((byte[])[.. header, .. tornContent], Token);
            SegmentFormat.WriteRecordHeader(header, whole, content.Length);
            await file.WriteAsync((byte[])[.. header, .. content], Token);
            SegmentFormat.WriteRecordHeader(header, torn, content.Length);
            await file.WriteAsync((byte[])[.. header, .. content[..1000]], Token);
        }

        await using LocalStore store = await OpenAsync();
        Assert.Equal<bool[]>([false, true], await store.Chunks.FindMissingAsync([whole, torn], Token));
        await store.Recovery;
        Assert.Equal(11, store.GetUsage().Chunks);
        Assert.Equal(0, store.GetUsage().Quarantined);
        Assert.Equal(content.Length, ((IDurableChunkStore)store.Chunks).GetDurableLength(whole));
        Assert.Equal(PutResult.Stored, await store.Chunks.PutAsync(torn, TestChunks.Make(101).Content, Token));
        Assert.Equal(new bool[10], await store.Chunks.FindMissingAsync(ids, Token));
    }

    [Fact]
    public async Task The_same_chunk_put_by_many_at_once_is_stored_once()
    {
        await using LocalStore store = await OpenAsync();
        (ChunkId id, byte[] content) = TestChunks.Make(1);
        PutResult[] results = await Task.WhenAll(Enumerable.Range(0, 16).Select(
            _ => Task.Run(async () => await store.Chunks.PutAsync(id, content, Token), Token)));
        Assert.Single(results, PutResult.Stored);
        await store.Chunks.FlushAsync(Token);
        Assert.Equal((1, (long)TestChunks.Large), (store.GetUsage().Chunks, store.GetUsage().StoredBytes));
    }

    [Fact]
    public async Task A_store_of_several_segments_is_whole_after_a_start()
    {
        ChunkId[] ids = await PutAsync(5);
        StoreFiles.Fill(folder.Path);
        ids = [.. ids, .. await PutAsync(10)];
        StoreFiles.Fill(folder.Path);
        ids = [.. ids, .. await PutAsync(15)];
        Assert.Equal(3, StoreFiles.Segments(folder.Path).Length);
        await AssertWholeAsync([.. ids.Distinct()]);
    }

    private static byte[] Little(uint number) =>
        [(byte)number, (byte)(number >> 8), (byte)(number >> 16), (byte)(number >> 24)];

    /// <summary>CRC-32C, bit by bit.</summary>
    private static uint Checksum(byte[] bytes)
    {
        uint sum = uint.MaxValue;
        foreach (byte value in bytes)
        {
            sum ^= value;
            for (int i = 0; i < 8; i++)
            {
                sum = (sum >> 1) ^ ((sum & 1) * 0x82F63B78);
            }
        }

        return ~sum;
    }

    private async Task<ChunkId[]> PutAsync(int count)
    {
        await using LocalStore store = await OpenAsync();
        List<ChunkId> ids = [];
        for (int i = 0; i < count; i++)
        {
            (ChunkId id, byte[] content) = TestChunks.Make(i, i % 2 == 0 ? TestChunks.Small : TestChunks.Large);
            await store.Chunks.PutAsync(id, content, Token);
            ids.Add(id);
        }

        await store.Chunks.FlushAsync(Token);
        return [.. ids];
    }

    private async Task AssertWholeAsync(ChunkId[] ids)
    {
        await using LocalStore store = await OpenAsync();
        Assert.Equal(new bool[ids.Length], await store.Chunks.FindMissingAsync(ids, Token));
        await store.Recovery;
        Assert.Equal(ids.Order(), await store.Chunks.EnumerateAsync(after: null, Token).ToListAsync(Token));
        Assert.Equal(ids.Length, store.GetUsage().Chunks);
        foreach (ChunkId id in ids)
        {
            Assert.NotNull(((IDurableChunkStore)store.Chunks).GetDurableLength(id));
            Assert.Equal(ChunkState.Good, await store.Verifier.VerifyAsync(id, Token));
        }
    }

    private Task<LocalStore> OpenAsync() => LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), Token);
}
