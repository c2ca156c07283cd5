using System.Collections.Concurrent;
using Dfss.Storage;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

public sealed class ScrubberTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly FakeTimeProvider clock = new();
    private readonly ConcurrentQueue<string> log = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_round_finds_every_bad_chunk_file_or_row_and_sets_it_aside()
    {
        await using LocalStore store = await OpenAsync();
        List<ChunkId> ids = await PutAsync(store, 20);
        ChunkId file = TestChunks.Make(3).Id, row = TestChunks.Make(4, TestChunks.Small).Id;
        StoreFiles.Corrupt(folder.Path, file);
        await StoreFiles.CorruptRowAsync(folder.Path, row);

        await store.Scrubber.RunRoundAsync(Token);

        Assert.Equal((20, 2), (store.Scrubber.Progress.Chunks, store.Scrubber.Progress.Corrupt));
        Assert.Equal(2, store.GetUsage().Quarantined);
        Assert.Equal(ids.Select(id => id == file || id == row), await store.Chunks.FindMissingAsync(ids, Token));
        foreach (ChunkId id in new[] { file, row })
        {
            Assert.Single(log, line => line.Contains($"Chunk {id} is corrupt", StringComparison.Ordinal));
            Assert.Single(Directory.GetFiles(Path.Combine(folder.Path, "quarantine"), $"{id}.*"));
        }

        // What was brought back is good for the next round; what was found counts on.
        await PutAsync(store, 20);
        await store.Chunks.FlushAsync(Token);
        await store.Scrubber.RunRoundAsync(Token);
        Assert.Equal((20, 2), (store.Scrubber.Progress.Chunks, store.Scrubber.Progress.Corrupt));
    }

    [Fact]
    public async Task A_row_that_cannot_be_read_counts_as_missing_and_is_replaced_by_a_file_for_good()
    {
        (ChunkId id, byte[] content) = MakeLongRow();
        await using (LocalStore before = await OpenAsync())
        {
            await before.Chunks.PutAsync(id, content, Token);
            await PutAsync(before, 4);
            await before.Chunks.FlushAsync(Token);
        }

        await StoreFiles.BreakRowAsync(folder.Path, content);
        await using (LocalStore store = await OpenAsync())
        {
            DfssException unreadable = await Assert.ThrowsAsync<DfssException>(
                () => store.Chunks.GetAsync(id, new byte[content.Length], Token).AsTask());
            Assert.Equal(DfssErrorCode.StoreFailed, unreadable.Code);
            await store.Scrubber.RunRoundAsync(Token);
            Assert.Equal(1, store.Scrubber.Progress.Corrupt);
            Assert.Equal(1, store.GetUsage().Quarantined);
            Assert.Single(log, line => line.Contains($"Chunk {id} cannot be read", StringComparison.Ordinal));
            Assert.Equal<bool[]>([true], await store.Chunks.FindMissingAsync([id], Token));
            Assert.Null(await store.Chunks.GetAsync(id, new byte[content.Length], Token));

            Assert.Equal(PutResult.Stored, await store.Chunks.PutAsync(id, content, Token));
            await store.Chunks.FlushAsync(Token);
            Assert.Equal(content.Length, await store.Chunks.GetAsync(id, new byte[content.Length], Token));
            // The store writes on: nothing touched what SQLite cannot read.
            Assert.Null(store.Fault);
        }

        await using LocalStore after = await OpenAsync();
        Assert.Equal(ChunkState.Good, await after.Verifier.VerifyAsync(id, Token));
    }

    [Fact]
    public async Task Deleting_a_row_that_cannot_be_read_leaves_the_store_whole()
    {
        (ChunkId id, byte[] content) = MakeLongRow();
        await using (LocalStore before = await OpenAsync())
        {
            await before.Chunks.PutAsync(id, content, Token);
        }

        await StoreFiles.BreakRowAsync(folder.Path, content);
        await using LocalStore store = await OpenAsync();
        await store.Chunks.DeleteAsync(id, Token);
        Assert.Null(store.Fault);
        Assert.Equal<bool[]>([true], await store.Chunks.FindMissingAsync([id], Token));
    }

    [Fact]
    public async Task A_round_that_is_stopped_goes_on_after_a_restart_where_it_was()
    {
        List<ChunkId> ids;
        long half;
        await using (LocalStore store = await OpenAsync(bytesPerSecond: TestChunks.Large))
        {
            ids = await PutAsync(store, 20);
            await store.Chunks.FlushAsync(Token);
            using CancellationTokenSource stop = new();
            Task round = store.Scrubber.RunRoundAsync(stop.Token);
            await AdvanceUntilAsync(() => store.Scrubber.Progress.Chunks >= 10);
            Assert.True(store.Scrubber.IsRunning);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => round);
            half = store.Scrubber.Progress.Chunks;
            Assert.InRange(half, 10, 19);
        }

        // What is before the position is not read again in this round: it may go bad unnoticed until the next.
        await using LocalStore again = await OpenAsync();
        Assert.Equal(ids[(int)half - 1], again.Scrubber.Progress.Position);
        await CorruptAsync(ids[0]);
        await again.Scrubber.RunRoundAsync(Token);
        Assert.Equal((20, 0), (again.Scrubber.Progress.Chunks, again.Scrubber.Progress.Corrupt));
        Assert.Null(again.Scrubber.Progress.Position);
        await again.Scrubber.RunRoundAsync(Token);
        Assert.Equal((20, 1), (again.Scrubber.Progress.Chunks, again.Scrubber.Progress.Corrupt));
    }

    [Fact]
    public async Task It_reads_no_faster_than_it_may_and_rests_a_week_between_rounds_over_restarts_too()
    {
        long started = clock.GetTimestamp();
        await using (LocalStore store = await OpenAsync(bytesPerSecond: TestChunks.Large))
        {
            List<ChunkId> ids = [];
            for (int i = 0; i < 20; i++)
            {
                (ChunkId id, byte[] content) = TestChunks.Make(i);
                await store.Chunks.PutAsync(id, content, Token);
                ids.Add(id);
            }

            await using Running running = new(store);
            await AdvanceUntilAsync(() => store.Scrubber.Progress.Completed is not null);
            Assert.InRange(clock.GetElapsedTime(started).TotalSeconds, 18, 20);
            clock.Advance(Scrubber.RestTime - TimeSpan.FromMinutes(1));
        }

        long completed = (await ProgressAsync()).Completed!.Value;
        await using LocalStore again = await OpenAsync(bytesPerSecond: TestChunks.Large);
        await using Running runningAgain = new(again);
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.False(again.Scrubber.IsRunning);
        await AdvanceUntilAsync(() => again.Scrubber.Progress.Completed > completed);
        Assert.Equal(20, again.Scrubber.Progress.Chunks);
    }

    [Fact]
    public async Task A_clock_that_was_set_back_does_not_make_it_rest_for_longer()
    {
        clock.SetUtcNow(clock.GetUtcNow().AddYears(5));
        await using (LocalStore store = await OpenAsync())
        {
            await store.Scrubber.RunRoundAsync(Token);
        }

        FakeTimeProvider earlier = new();
        await using LocalStore again = await LocalStore.OpenAsync(
            folder.Path, new LocalStoreOptions { TimeProvider = earlier, ScrubBytesPerSecond = 1 << 20 }, Token);
        long before = again.Scrubber.Progress.Completed!.Value;
        await using Running running = new(again);
        Assert.True(SpinWait.SpinUntil(() => again.Scrubber.Progress.Completed < before, TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task Turned_off_it_ends_at_once()
    {
        await using LocalStore store = await OpenAsync(bytesPerSecond: 0);
        await store.Scrubber.RunAsync(store.Recovery, Token);
        Assert.Null(store.Scrubber.Progress.Completed);
    }

    [Fact]
    public async Task What_cannot_be_listed_is_reported_and_tried_again()
    {
        await using LocalStore store = await OpenAsync();
        await store.Recovery;
        Directory.Delete(Path.Combine(folder.Path, "chunks", "ab"));
        await using Running running = new(store);
        Assert.True(SpinWait.SpinUntil(() => log.Any(IsRefusal), TimeSpan.FromSeconds(60)));
        Directory.CreateDirectory(Path.Combine(folder.Path, "chunks", "ab"));
        await AdvanceUntilAsync(() => store.Scrubber.Progress.Completed is not null, TimeSpan.FromMinutes(1));
    }

    /// <summary>A row of several pages, whose bytes stand nowhere else in the file.</summary>
    private static (ChunkId Id, byte[] Content) MakeLongRow()
    {
        byte[] content = new byte[60_000];
        new Random(7).NextBytes(content);
        return (ChunkId.Of(content), content);
    }

    private static bool IsRefusal(string line) =>
        line.Contains("Scrub failed and will be tried again", StringComparison.Ordinal);

    private static async Task<List<ChunkId>> PutAsync(LocalStore store, int count)
    {
        List<ChunkId> ids = [];
        for (int i = 0; i < count; i++)
        {
            (ChunkId id, byte[] content) = TestChunks.Make(i, i % 2 == 0 ? TestChunks.Small : TestChunks.Large);
            await store.Chunks.PutAsync(id, content, Token);
            ids.Add(id);
        }

        await store.Chunks.FlushAsync(Token);
        ids.Sort();
        return ids;
    }

    private async Task AdvanceUntilAsync(Func<bool> isMet, TimeSpan? step = null)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
        while (!isMet())
        {
            clock.Advance(step ?? TimeSpan.FromMilliseconds(50));
            await Task.Delay(1, limit.Token);
        }
    }

    private async Task CorruptAsync(ChunkId id)
    {
        if (File.Exists(StoreFiles.PathOf(folder.Path, id)))
        {
            StoreFiles.Corrupt(folder.Path, id);
        }
        else
        {
            await StoreFiles.CorruptRowAsync(folder.Path, id);
        }
    }

    private async Task<ScrubProgress> ProgressAsync()
    {
        await using LocalStore store = await OpenAsync();
        return store.Scrubber.Progress;
    }

    private Task<LocalStore> OpenAsync(long bytesPerSecond = 1L << 40) => LocalStore.OpenAsync(
        folder.Path,
        new LocalStoreOptions { TimeProvider = clock, ScrubBytesPerSecond = bytesPerSecond, Log = log.Enqueue },
        Token);

    /// <summary>A scrubber at work until disposed.</summary>
    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = new();
        private readonly Task running;

        public Running(LocalStore store) => running = store.Scrubber.RunAsync(store.Recovery, stop.Token);

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await running;
            stop.Dispose();
        }
    }
}
