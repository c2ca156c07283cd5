using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Dfss.Storage;
using Dfss.Testing;
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
    public async Task A_round_finds_every_bad_chunk_large_or_small_and_sets_it_aside()
    {
        await using LocalStore store = await OpenAsync();
        List<ChunkId> ids = await PutAsync(store, 20);
        ChunkId large = TestChunks.Make(3).Id, small = TestChunks.Make(4, TestChunks.Small).Id;
        StoreFiles.Corrupt(folder.Path, large);
        StoreFiles.Corrupt(folder.Path, small);

        await store.Scrubber.RunRoundAsync(Token);

        Assert.Equal((20, 2), (store.Scrubber.Progress.Chunks, store.Scrubber.Progress.Corrupt));
        Assert.Equal(2, store.GetUsage().Quarantined);
        Assert.Equal(ids.Select(id => id == large || id == small), await store.Chunks.FindMissingAsync(ids, Token));
        foreach (ChunkId id in new[] { large, small })
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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_set_aside_does_not_come_back_after_a_start(bool isSegmentFull)
    {
        ChunkId id = TestChunks.Make(3).Id;
        await using (LocalStore before = await OpenAsync())
        {
            await PutAsync(before, 4);
        }

        if (isSegmentFull)
        {
            StoreFiles.Fill(folder.Path);
        }

        await using (LocalStore store = await OpenAsync())
        {
            StoreFiles.Corrupt(folder.Path, id);
            Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(id, Token));
        }

        await using LocalStore again = await OpenAsync();
        Assert.Equal<bool[]>([true], await again.Chunks.FindMissingAsync([id], Token));
        Assert.Equal((3, 1), (again.GetUsage().Chunks, again.GetUsage().Quarantined));
        await PutAsync(again, 4);
        Assert.Equal(ChunkState.Good, await again.Verifier.VerifyAsync(id, Token));
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
        StoreFiles.Corrupt(folder.Path, ids[0]);
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
        UnlistedChunkStore chunks = new(new MemoryChunkStore(new TouchedChunks(clock)));
        using Scrubber scrubber = new(
            chunks, table: null,
            new LocalStoreOptions { TimeProvider = clock, ScrubBytesPerSecond = 1, Log = log.Enqueue });
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = scrubber.RunAsync(Task.CompletedTask, stop.Token);
        Assert.True(SpinWait.SpinUntil(() => log.Any(IsRefusal), TimeSpan.FromSeconds(60)));
        chunks.IsListed = true;
        await AdvanceUntilAsync(() => scrubber.Progress.Completed is not null, TimeSpan.FromMinutes(1));
        await stop.CancelAsync();
        await running;
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

    /// <summary>A store that cannot say what it has.</summary>
    private sealed class UnlistedChunkStore(MemoryChunkStore chunks) : ILocalChunkStore
    {
        public bool IsListed { get; set; }

        public ValueTask<PutResult> PutAsync(
            ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
            chunks.PutAsync(id, content, cancellationToken);

        public ValueTask FlushAsync(CancellationToken cancellationToken) => chunks.FlushAsync(cancellationToken);

        public ValueTask<int?> GetAsync(ChunkId id, Memory<byte> destination, CancellationToken cancellationToken) =>
            chunks.GetAsync(id, destination, cancellationToken);

        public ValueTask<bool[]> FindMissingAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken) =>
            chunks.FindMissingAsync(ids, cancellationToken);

        public ValueTask<ChunkState> VerifyAsync(ChunkId id, CancellationToken cancellationToken) =>
            chunks.VerifyAsync(id, cancellationToken);

        public ValueTask<int?> GetLengthAsync(ChunkId id, CancellationToken cancellationToken) =>
            chunks.GetLengthAsync(id, cancellationToken);

        public async IAsyncEnumerable<ChunkId> EnumerateAsync(
            ChunkId? after, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            if (!IsListed)
            {
                throw StoreErrors.Failed("store", new IOException("Input/output error."));
            }

            await foreach (ChunkId id in chunks.EnumerateAsync(after, cancellationToken))
            {
                yield return id;
            }
        }

        public ValueTask DeleteAsync(ChunkId id, CancellationToken cancellationToken) =>
            chunks.DeleteAsync(id, cancellationToken);
    }
}
