using System.Text;
using Dfss.Records;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Transfer;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Storage.Objects;

/// <summary>A store in an engine, as a peer opens it.</summary>
public sealed class BucketStoreTests
{
    private readonly MemoryObjects objects = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_peers_of_a_bucket_open_one_store_also_at_the_same_time()
    {
        BucketStore[] stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => OpenAsync()));
        await using BucketStore later = await OpenAsync();
        Assert.Single(stores.Append(later).Select(store => store.StoreId).Distinct());
        Assert.All(stores, store => Assert.True(store.IsShared));
        foreach (BucketStore store in stores)
        {
            await store.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("format", "DFSS objects 2\n0123456789abcdef0123456789abcdef\n", "has format 2")]
    [InlineData("format", "something else", "is not that of a DFSS store")]
    [InlineData("format", "DFSS objects 1\n0123\n", "has no store id")]
    [InlineData("chunks/readme.txt", "of another program", "it has the object 'chunks/readme.txt'")]
    public async Task Objects_of_something_else_are_refused_and_left_alone(string key, string content, string seen)
    {
        await objects.PutAsync(key, Encoding.ASCII.GetBytes(content), Token);
        DfssException refused = await Assert.ThrowsAsync<DfssException>(() => OpenAsync());
        Assert.Equal(DfssErrorCode.StoreFormat, refused.Code);
        Assert.Contains(seen, refused.Message, StringComparison.Ordinal);
        Assert.Equal(key, Assert.Single(await ListAsync(string.Empty)).Key);
    }

    [Fact]
    public void A_peer_gives_a_read_up_before_its_client_does() =>
        Assert.InRange(PromptReads.Limit, TimeSpan.FromSeconds(1), PeerHandle.ReadLimit - TimeSpan.FromSeconds(0.5));

    [Fact]
    public void A_peer_probes_with_20_races() =>
        Assert.Equal(20, new StoreEngine("the bucket", () => objects).ProbeRounds);

    [Fact]
    public async Task The_steps_of_the_probe_are_told_so_that_a_slow_engine_is_waited_for()
    {
        int steps = 0;
        StoreEngine engine = new StoreEngine("the bucket", () => objects) { ProbeRounds = 20 }
            .Reporting(() => Interlocked.Increment(ref steps));
        await using BucketStore store = await BucketStore.OpenAsync(engine, new LocalStoreOptions(), Token);
        // Of each race: the connections, eight creates, the looks, and those after the delete.
        Assert.Equal(1 + (20 * (1 + 8 + 2)) + 1, steps);
    }

    [Fact]
    public async Task An_engine_that_does_not_keep_its_word_is_refused_before_anything_is_written_there()
    {
        await using FakeS3 fake = new(FakeS3Quirk.IgnoresCondition);
        StoreEngine engine = new("s3://bucket/", () => ObjectEngine.Connect(fake));
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            () => BucketStore.OpenAsync(engine, new LocalStoreOptions(), Token));
        Assert.Equal(DfssErrorCode.StoreFailed, refused.Code);
        Assert.Contains("8 succeeded", refused.Message, StringComparison.Ordinal);
        using var look = ObjectEngine.Connect(fake);
        Assert.All(
            await look.ListAsync(string.Empty, after: null, limit: 1000, Token),
            entry => Assert.StartsWith(ObjectKeys.Probes, entry.Key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_collection_deletes_what_no_register_needs_and_says_before_what_that_is()
    {
        await using BucketStore store = await OpenAsync();
        await using BucketStore other = await OpenAsync();
        (ChunkId needed, byte[] content) = TestChunks.Make(1, DfssLimits.MinChunkSize);
        (ChunkId garbage, byte[] left) = TestChunks.Make(2, 3000);
        FileManifest manifest = Registers.Manifest(needed);
        await store.Chunks.PutAsync(needed, content, Token);
        await store.Chunks.PutAsync(garbage, left, Token);
        await store.Chunks.PutAsync(manifest.FileId.ToChunkId(), manifest.Encoded, Token);
        RegisterAnswer[] done = [.. await store.Records.SealAsync([Registers.Seal("a", 1, manifest)], Token)];
        Assert.Equal(RegisterStatus.Done, Assert.Single(done).Status);

        GarbageCollectionResult nothing = await other.CollectAsync(TimeSpan.FromHours(1), isDryRun: false, Token);
        Assert.Equal(new GarbageCollectionResult(1, 3, 0, 0), nothing);
        GarbageCollectionResult told = await other.CollectAsync(TimeSpan.Zero, isDryRun: true, Token);
        Assert.Equal(new GarbageCollectionResult(1, 2, 1, 3000), told);
        Assert.Equal(3000, await store.Chunks.GetLengthAsync(garbage, Token));
        GarbageCollectionResult result = await other.CollectAsync(TimeSpan.Zero, isDryRun: false, Token);
        Assert.Equal(told, result);
        Assert.Null(await store.Chunks.GetLengthAsync(garbage, Token));
        Assert.Equal(DfssLimits.MinChunkSize, await store.Chunks.GetLengthAsync(needed, Token));
        Assert.Equal((2, DfssLimits.MinChunkSize + manifest.Encoded.Length), Usage(other));
    }

    [Fact]
    public async Task A_collection_leaves_alone_what_is_not_under_a_key_of_the_store()
    {
        await using BucketStore store = await OpenAsync();
        (ChunkId id, byte[] content) = TestChunks.Make(1, 3000);
        string own = ObjectKeys.Incarnation(id, Guid.NewGuid());
        string[] foreign = [$"chunks/foo/{own}", $"{own}.txt", $"chunks/{own[ObjectKeys.Chunks.Length..][3..]}"];
        foreach (string key in foreign.Append(own))
        {
            await objects.PutAsync(key, content, Token);
        }

        GarbageCollectionResult result = await store.CollectAsync(TimeSpan.Zero, isDryRun: false, Token);
        Assert.Equal((1, 3000), (result.ChunksDeleted, result.BytesDeleted));
        Assert.Equal(
            foreign.Order(StringComparer.Ordinal), (await ListAsync(ObjectKeys.Chunks)).Select(entry => entry.Key));
    }

    [Fact]
    public async Task What_is_put_is_counted_at_once_and_what_others_do_with_the_next_count()
    {
        ObjectCount count = new(objects);
        count.Note(10);
        Assert.Equal((1, 10), (count.Usage.Chunks, count.Usage.StoredBytes));
        await objects.PutAsync(ObjectKeys.Incarnation(TestChunks.Make(1, 10).Id, Guid.NewGuid()), new byte[10], Token);
        await objects.PutAsync(ObjectKeys.Incarnation(TestChunks.Make(2, 5).Id, Guid.NewGuid()), new byte[5], Token);
        await objects.PutAsync(ObjectKeys.Quarantine + "a", new byte[5], Token);
        await count.CountAsync(Token);
        Assert.Equal(
            new StoreUsage(2, 15, 1, QuotaBytes: null, MinimumFreeBytes: null, FreeBytes: null), count.Usage);
    }

    [Fact]
    public async Task A_collection_deletes_the_old_states_of_a_register()
    {
        await using BucketStore store = await OpenAsync();
        for (int i = 1; i <= 40; i++)
        {
            await store.Records.PrepareAsync([Registers.Prepare("a", i)], Token);
        }

        await store.CollectAsync(TimeSpan.Zero, isDryRun: false, Token);
        Assert.InRange((await ListAsync(ObjectKeys.Names)).Count, 2, 20);
        Assert.Equal(40, (await store.Records.ReadAsync([new ReadRequest("a")], Token))[0].Promised.Counter);
    }

    [Fact]
    public async Task A_file_that_other_stores_keep_too_is_refused()
    {
        await using BucketStore store = await OpenAsync();
        HomeMember[] home = [new HomeMember(store.StoreId, ["a:1"]), new HomeMember(StoreId.Create(), ["b:1"])];
        SealRequest seal = Registers.Seal("a", 1, Registers.Manifest()) with { Home = home };
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            async () => await store.Records.SealAsync([seal], Token));
        Assert.Equal(DfssErrorCode.InvalidArgument, refused.Code);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public async Task A_clock_of_its_own_which_it_does_not_have_is_refused(long generation)
    {
        await using BucketStore store = await OpenAsync();
        PrepareRequest prepare = Registers.Prepare("a", 1) with
        {
            Clocks = [new StoreClock(store.StoreId, generation, Guid.NewGuid(), 3)],
            Teaches = true,
        };
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            async () => await store.Records.PrepareAsync([prepare], Token));
        Assert.Equal(DfssErrorCode.InvalidArgument, refused.Code);

        StoreClock unknown = StoreClock.Unknown(store.StoreId);
        Assert.Equal(
            RegisterStatus.Done,
            (await store.Records.PrepareAsync([prepare with { Clocks = [unknown] }], Token))[0].Status);
    }

    [Fact]
    public async Task A_create_that_an_engine_refuses_to_decide_is_tried_a_few_times_and_is_then_an_error()
    {
        FakeTimeProvider clock = new();
        await using BucketStore store = await OpenAsync(clock);
        int before = objects.Creates;
        objects.IsUndecided = true;
        Task<IReadOnlyList<RegisterAnswer>> asking =
            store.Records.PrepareAsync([Registers.Prepare("a", 1)], Token).AsTask();
        while (!asking.IsCompleted)
        {
            clock.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }

        DfssException failed = await Assert.ThrowsAsync<DfssException>(() => asking);
        Assert.Equal(DfssErrorCode.StoreFailed, failed.Code);
        Assert.Contains("names/a", failed.Message, StringComparison.Ordinal);
        Assert.InRange(objects.Creates - before, 2, 10);

        objects.IsUndecided = false;
        Assert.Equal(
            RegisterStatus.Done, (await store.Records.PrepareAsync([Registers.Prepare("a", 1)], Token))[0].Status);
    }

    [Fact]
    public async Task A_read_that_the_engine_does_not_answer_fails_before_the_client_would_blame_the_peer()
    {
        Assert.True(PromptReads.Limit < PeerHandle.ReadLimit);
        FakeTimeProvider clock = new();
        SilentObjects silent = new(objects);
        StoreEngine engine = new("the bucket", () => silent) { ProbeRounds = 1 };
        await using BucketStore store = await BucketStore.OpenAsync(
            engine, new LocalStoreOptions { TimeProvider = clock }, Token);
        silent.IsSilent = true;
        Task<IReadOnlyList<RegisterAnswer>> asking = store.Records.ReadAsync([new ReadRequest("a")], Token).AsTask();
        clock.Advance(PromptReads.Limit);
        DfssException failed = await Assert.ThrowsAsync<DfssException>(() => asking);
        Assert.Equal(DfssErrorCode.StoreFailed, failed.Code);
        Assert.Contains(
            "The engine of the store 'the bucket' took more than 4.5 s", failed.Message, StringComparison.Ordinal);

        silent.IsSilent = false;
        Assert.Single(await store.Records.ReadAsync([new ReadRequest("a")], Token));
    }

    [Fact]
    public async Task An_engine_that_says_of_an_absent_object_that_it_exists_is_an_error()
    {
        await using BucketStore store = await OpenAsync();
        objects.SaysExists = true;
        int before = objects.Creates;
        DfssException failed = await Assert.ThrowsAsync<DfssException>(
            async () => await store.Records.PrepareAsync([Registers.Prepare("a", 1)], Token));
        Assert.Equal(DfssErrorCode.StoreFailed, failed.Code);
        Assert.Contains("and then that it does not", failed.Message, StringComparison.Ordinal);
        Assert.Equal(1, objects.Creates - before);
    }

    [Fact]
    public async Task A_register_whose_newest_state_was_deleted_by_hand_is_an_error()
    {
        ObjectChain chain = new(objects, "names/a");
        for (int i = 0; i < 4; i++)
        {
            Assert.True(await chain.TryAppendAsync(i, new byte[] { (byte)i }, Guid.NewGuid(), Token));
        }

        await chain.TrimAsync(kept: 0, Token);
        await objects.DeleteAsync(ObjectKeys.State("names/a", 4), Token);
        DfssException failed =
            await Assert.ThrowsAsync<DfssException>(async () => await chain.ReadAsync(known: 0, Token));
        Assert.Equal(DfssErrorCode.StoreFailed, failed.Code);
        Assert.Contains(ObjectKeys.State("names/a", 4), failed.Message, StringComparison.Ordinal);
    }

    private static (long Chunks, long Bytes) Usage(BucketStore store) =>
        (store.GetUsage().Chunks, store.GetUsage().StoredBytes);

    private async Task<BucketStore> OpenAsync() => await OpenAsync(TimeProvider.System);

    private async Task<BucketStore> OpenAsync(TimeProvider clock)
    {
        StoreEngine engine = new("the bucket", () => objects) { ProbeRounds = 1 };
        return await BucketStore.OpenAsync(engine, new LocalStoreOptions { TimeProvider = clock }, Token);
    }

    private async Task<IReadOnlyList<ObjectEntry>> ListAsync(string prefix) =>
        await objects.ListAsync(prefix, after: null, limit: 1000, Token);
}
