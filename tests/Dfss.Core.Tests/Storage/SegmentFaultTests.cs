using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>What a step that fails costs a segment, and in which order a chunk is set aside.</summary>
public sealed class SegmentFaultTests : SegmentFaultRig
{
    private const int NoSpace = 28;

    [Fact]
    public async Task Puts_go_on_while_a_segment_ends_by_a_failed_sync()
    {
        await using LocalStore store = await OpenAsync();
        await PutAsync(store, 0, 1);
        (ChunkId id, byte[] content) = TestChunks.Make(2);
        bool isTaken = false;
        Fails = step =>
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
        Fails = step => step.Action == DurableAction.Truncate ? new InvalidOperationException("A fault.")
            : step.Action == DurableAction.SyncFile ? new IOException("Input/output error.") : null;
        await Assert.ThrowsAsync<DfssException>(() => PutAsync(store, 1, 1));
        Fails = _ => null;
        Assert.IsType<InvalidOperationException>(store.Fault);
        await Assert.ThrowsAsync<DfssException>(() => PutAsync(store, 2, 1));
        await AssertWholeAsync(store, ids);
        await store.DisposeAsync();
    }

    [Fact]
    public async Task A_sync_that_finds_no_space_reports_a_full_disk()
    {
        await using LocalStore store = await OpenAsync();
        Fails = step => step.Action == DurableAction.SyncFile ? new IOException("No space left.", NoSpace) : null;
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => PutAsync(store, 0, 1));
        Assert.Equal(DfssErrorCode.StoreFull, error.Code);
        Fails = _ => null;
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
                Fails = step => step.Action == DurableAction.SyncFile ? new IOException("Input/output error.") : null;
                await Assert.ThrowsAsync<DfssException>(() => PutAsync(store, 10, 1));
                Fails = _ => null;
            }

            StoreFiles.Corrupt(Store, ids[1]);
            Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(ids[1], Token));
            if (isSegmentEnded)
            {
                // The process is killed.
                Fails = _ => new IOException("The power is off.");
            }
        }

        Fails = _ => null;
        if (!isSegmentEnded)
        {
            // It is damaged: what the mark says counts.
            File.Delete(Directory.GetFiles(StoreFiles.FolderOf(Store), "*.index").Single());
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
            StoreFiles.Corrupt(Store, ids[1]);
            Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(ids[1], Token));
            Fails = step => IsOfIndex(step) ? new IOException("Input/output error.") : null;
            await Assert.ThrowsAsync<DfssException>(() => DeleteAsync(store));
            Fails = _ => null;
        }

        string list = Directory.GetFiles(StoreFiles.FolderOf(Store), "*.index").Single();
        Assert.Equal(4, SegmentIndex.Decode(segment: 1, await File.ReadAllBytesAsync(list, Token))!.Records.Count);
        await using LocalStore again = await OpenAsync();
        Assert.Equal<bool[]>(
            [false, true, false, false, false], await again.Chunks.FindMissingAsync(ids, Token));
    }

    [Fact]
    public async Task A_corrupt_chunk_is_kept_durably_before_it_is_left_out()
    {
        await using LocalStore store = await OpenAsync();
        ChunkId[] ids = await PutAsync(store, 0, 2);
        StoreFiles.Corrupt(Store, ids[0]);
        Steps.Clear();
        Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(ids[0], Token));
        await DeleteAsync(store);
        string quarantine = Path.Combine(Store, "quarantine");
        int file = Steps.FindIndex(
            step => step.Action == DurableAction.SyncFile && Path.GetDirectoryName(step.Path) == quarantine);
        int name = Steps.FindIndex(step => step.Action == DurableAction.SyncDirectory && step.Path == quarantine);
        int left = Steps.FindIndex(IsOfIndex);
        Assert.True(file >= 0 && file < name && name < left, string.Join('\n', Steps));
    }
}
