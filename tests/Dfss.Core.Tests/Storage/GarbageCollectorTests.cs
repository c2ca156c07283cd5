using Dfss.Records;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Tests.Records;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

public abstract class GarbageCollectorContract : IAsyncDisposable
{
    private readonly FakeTimeProvider clock = new();
    private LocalStore? store;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    protected abstract string? StorePath { get; }

    [Fact]
    public async Task What_is_sealed_accepted_or_decided_is_kept_and_the_rest_goes()
    {
        await OpenAsync();
        FileManifest isSealed = await PutFileAsync(1), accepted = await PutFileAsync(2),
            decided = await PutFileAsync(3), loose = await PutFileAsync(4);
        await store!.Records.SealAsync([Registers.Seal("s", 1, isSealed)], Token);
        await store.Records.AcceptAsync([Accept("a", 1, accepted.FileId)], Token);
        await store.Records.DecideAsync([Decide("d", 1, decided.FileId)], Token);

        GarbageCollectionResult result = await store.Collector.CollectAsync(TimeSpan.Zero, Token);

        Assert.Equal(4, result.ChunksDeleted);
        Assert.Equal(12, result.ChunksKept);
        Assert.Equal(3, result.FilesMarked);
        Assert.Equal<bool[]>([false, false, false, true], await AreGoneAsync(isSealed, accepted, decided, loose));
        Assert.Equal(12, store.GetUsage().Chunks);
    }

    [Fact]
    public async Task A_dry_run_says_what_would_go_and_removes_nothing()
    {
        await OpenAsync();
        FileManifest decided = await PutFileAsync(1), loose = await PutFileAsync(2);
        await store!.Records.DecideAsync([Decide("d", 1, decided.FileId)], Token);

        GarbageCollectionResult told = await store.Collector.CollectAsync(TimeSpan.Zero, isDryRun: true, Token);
        Assert.Equal(8, store.GetUsage().Chunks);
        Assert.Equal(told, await store.Collector.CollectAsync(TimeSpan.Zero, Token));
        Assert.Equal((4, 4), (told.ChunksDeleted, told.ChunksKept));
        Assert.Equal<bool[]>([false, true], await AreGoneAsync(decided, loose));
    }

    [Fact]
    public async Task Names_with_seals_are_listed_a_page_at_a_time_until_a_decision_lets_go_of_them()
    {
        await OpenAsync();
        FileManifest manifest = await PutFileAsync(1);
        HomeMember member = new(StoreId.Create(), ["a:1", "b:2"]);
        for (int i = 0; i < 5; i++)
        {
            await store!.Records.SealAsync([Registers.Seal($"s{i}", 1, manifest) with { Home = [member] }], Token);
            await store.Records.DecideAsync([Decide($"d{i}", 1, manifest.FileId)], Token);
        }

        SealedPage first = await store!.ListSealsAsync(after: null, limit: 3, Token);
        SealedPage second = await store.ListSealsAsync(first.After, limit: 3, Token);
        Assert.Equal(["s0", "s1", "s2", "s3", "s4"], first.Names.Concat(second.Names).Select(name => name.Name));
        Assert.Null(second.After);
        RegisterSeal seal = Assert.Single(first.Names[0].Seals);
        Assert.Equal((Registers.Ballot(1), manifest.FileId), (seal.Ballot, seal.FileId));
        HomeMember kept = Assert.Single(seal.Home);
        Assert.Equal((member.StoreId, "a:1"), (kept.StoreId, Assert.Single(kept.Addresses)));

        for (int i = 0; i < 5; i++)
        {
            await store.Records.DecideAsync([Decide($"s{i}", 1, manifest.FileId)], Token);
        }

        Assert.Empty((await store.ListSealsAsync(after: null, limit: 3, Token)).Names);
    }

    [Fact]
    public async Task A_decision_ends_the_seals_below_it()
    {
        await OpenAsync();
        FileManifest lost = await PutFileAsync(1), chosen = await PutFileAsync(2);
        await store!.Records.SealAsync([Registers.Seal("a", 1, lost)], Token);
        await store.Records.SealAsync([Registers.Seal("a", 2, chosen)], Token);
        await store.Records.DecideAsync([Decide("a", 2, chosen.FileId)], Token);
        await store.Collector.CollectAsync(TimeSpan.Zero, Token);
        Assert.Equal<bool[]>([true, false], await AreGoneAsync(lost, chosen));
    }

    [Fact]
    public async Task The_grace_period_counts_from_the_last_put_or_question()
    {
        await OpenAsync();
        FileManifest asked = await PutFileAsync(1), forgotten = await PutFileAsync(2);
        clock.Advance(TimeSpan.FromHours(23));
        await store!.Chunks.FindMissingAsync([asked.FileId.ToChunkId(), asked[0], asked[1], asked[2]], Token);
        clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(0, (await store.Collector.CollectAsync(GarbageCollector.DefaultGracePeriod, Token)).ChunksDeleted);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(4, (await store.Collector.CollectAsync(GarbageCollector.DefaultGracePeriod, Token)).ChunksDeleted);
        Assert.Equal<bool[]>([false, true], await AreGoneAsync(asked, forgotten));
    }

    [Fact]
    public async Task A_file_sealed_while_a_collection_runs_is_kept()
    {
        await OpenAsync();
        int kept = 0;
        for (int round = 0; round < 20; round++)
        {
            FileManifest manifest = await PutFileAsync(100 + round);
            Task<GarbageCollectionResult> collection = store!.Collector.CollectAsync(TimeSpan.Zero, Token);
            RegisterAnswer answer =
                (await store.Records.SealAsync([Registers.Seal($"f{round}", 1, manifest)], Token))[0];
            await collection;

            // A seal that is refused may have come between two deletions: then some of the chunks are gone.
            if (answer.Status != RegisterStatus.ChunksMissing)
            {
                Assert.Equal(RegisterStatus.Done, answer.Status);
                Assert.False((await AreGoneAsync(manifest))[0]);
                kept++;
            }
        }

        await store!.Collector.CollectAsync(TimeSpan.Zero, Token);
        Assert.Equal(kept * 4, store.GetUsage().Chunks);
    }

    [Fact]
    public async Task A_record_of_a_chunk_that_is_no_manifest_keeps_that_chunk_and_stops_nothing()
    {
        await OpenAsync();
        (ChunkId id, byte[] content) = TestChunks.Make(1);
        await store!.Chunks.PutAsync(id, content, Token);
        await PutFileAsync(2);
        await store.Records.DecideAsync([Decide("a", 1, new FileId(id.ToByteArray()))], Token);
        GarbageCollectionResult result = await store.Collector.CollectAsync(TimeSpan.Zero, Token);
        Assert.Equal((4, 1), (result.ChunksDeleted, result.ChunksKept));
    }

    [Fact]
    public async Task Kept_earlier_versions_keep_their_chunks()
    {
        await OpenAsync();
        FileManifest now = await PutFileAsync(1), first = await PutFileAsync(2), second = await PutFileAsync(3),
            dropped = await PutFileAsync(4);
        await store!.Records.DecideAsync([Decide("a", 1, dropped.FileId)], Token);
        FileRecord record = Record("a", now.FileId) with
        {
            Previous = [Sample.Previous(2, second.FileId), Sample.Previous(1, first.FileId)]
        };
        await store.Records.DecideAsync([new DecideRequest("a", Registers.Ballot(2), record)], Token);

        await store.Collector.CollectAsync(TimeSpan.Zero, Token);

        Assert.Equal<bool[]>([false, false, false, true], await AreGoneAsync(now, first, second, dropped));
    }

    [Fact]
    public async Task A_record_keeps_nothing_at_a_store_that_is_not_in_its_home()
    {
        await OpenAsync();
        FileManifest stays = await PutFileAsync(1), moved = await PutFileAsync(2), told = await PutFileAsync(3),
            leaving = await PutFileAsync(4);
        HomeMember[] here = [new(store!.StoreId, [])], elsewhere = [new(StoreId.Create(), [])];
        await store.Records.DecideAsync(
            [Decide("stays", 1, stays.FileId), Decide("leaving", 1, leaving.FileId)], Token);
        FileRecord away = Record("moved", moved.FileId) with
        {
            State = FileRecordState.Moved,
            Epoch = 1,
            Home = elsewhere,
            FormerHome = here
        };
        await store.Records.DecideAsync([new DecideRequest("moved", Registers.Ballot(1), away)], Token);
        await store.Records.DecideAsync(
            [new DecideRequest("told", Registers.Ballot(1), Registers.Record("told", told.FileId))], Token);
        await store.Records.AcceptAsync(
            [new AcceptRequest(
                "leaving", Registers.Ballot(2), away with { Name = "leaving", FileId = leaving.FileId })], Token);

        await store.Collector.CollectAsync(TimeSpan.Zero, Token);

        Assert.Equal<bool[]>([false, true, true, false], await AreGoneAsync(stays, moved, told, leaving));
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await store!.DisposeAsync();
        Clean();
    }

    protected abstract void Clean();

    private AcceptRequest Accept(string name, long counter, FileId fileId) =>
        new(name, Registers.Ballot(counter), Record(name, fileId));

    private DecideRequest Decide(string name, long counter, FileId fileId) =>
        new(name, Registers.Ballot(counter), Record(name, fileId));

    /// <summary>A record of which this store is a member.</summary>
    private FileRecord Record(string name, FileId fileId) =>
        Registers.Record(name, fileId) with { Home = [new HomeMember(store!.StoreId, ["localhost:9000"])] };

    private async Task OpenAsync()
    {
        store = await LocalStore.OpenAsync(StorePath, new LocalStoreOptions { TimeProvider = clock }, Token);
        await store.Recovery;
    }

    private async Task<FileManifest> PutFileAsync(int seed)
    {
        (ChunkId Id, byte[] Content)[] content = [.. Enumerable.Range(0, 3)
            .Select(i => TestChunks.Make((seed * 10) + i, i < 2 ? TestChunks.Large : TestChunks.Small))];
        FileManifest manifest = FileManifest.Create(
            (2 * TestChunks.Large) + TestChunks.Small, TestChunks.Large, [.. content.Select(chunk => chunk.Id)]);
        foreach ((ChunkId id, byte[] bytes) in content)
        {
            await store!.Chunks.PutAsync(id, bytes, Token);
        }

        await store!.Chunks.PutAsync(manifest.FileId.ToChunkId(), manifest.Encoded, Token);
        return manifest;
    }

    private async Task<bool[]> AreGoneAsync(params FileManifest[] manifests)
    {
        List<bool> gone = [];
        foreach (FileManifest manifest in manifests)
        {
            bool[] missing = await store!.Chunks.FindMissingAsync(
                [manifest.FileId.ToChunkId(), manifest[0], manifest[1], manifest[2]], Token);
            Assert.Single(missing.Distinct());
            gone.Add(missing[0]);
        }

        return [.. gone];
    }
}

public sealed class MemoryGarbageCollectorTests : GarbageCollectorContract
{
    protected override string? StorePath => null;

    protected override void Clean()
    {
        // Nothing is left of a store in memory.
    }
}

public sealed class DiskGarbageCollectorTests : GarbageCollectorContract
{
    private readonly TemporaryFolder folder = new();

    protected override string? StorePath => folder.Path;

    protected override void Clean() => folder.Dispose();
}
