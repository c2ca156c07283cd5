using Dfss.Records;
using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage.Objects;

/// <summary>Objects whose bytes have changed in the engine, with the engine's tags as they were.</summary>
public sealed class RottenObjectTests : IAsyncDisposable
{
    private readonly FakeS3 fake = new();
    private readonly ObjectEngine engine;

    public RottenObjectTests() => engine = ObjectEngine.OnFake(fake);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => engine.DisposeAsync();

    [Fact]
    public async Task A_chunk_that_has_rotted_is_set_aside_and_can_be_put_again()
    {
        (_, ObjectChunkStore chunks) = engine.OpenPeer();
        (ChunkId id, byte[] content) = TestChunks.Make(1, 3000);
        await chunks.PutAsync(id, content, Token);
        await fake.RotAsync($"{id}");
        byte[] read = new byte[3000];
        Assert.Equal(3000, await chunks.GetAsync(id, read, Token));
        Assert.NotEqual(content, read);

        Assert.Equal(ChunkState.Corrupt, await chunks.VerifyAsync(id, Token));
        Assert.Equal(ChunkState.Missing, await chunks.VerifyAsync(id, Token));
        Assert.True(Assert.Single(await chunks.FindMissingAsync([id], Token)));
        Assert.Single(await engine.Connect().ListAsync(ObjectKeys.Quarantine, after: null, limit: 10, Token));
        Assert.Equal(PutResult.Stored, await chunks.PutAsync(id, content, Token));
        Assert.Equal(3000, await chunks.GetAsync(id, read, Token));
        Assert.Equal(content, read);
    }

    [Fact]
    public async Task One_answer_that_was_damaged_on_its_way_deletes_nothing()
    {
        (_, ObjectChunkStore chunks) = engine.OpenPeer();
        (ChunkId id, byte[] content) = TestChunks.Make(1, 3000);
        await chunks.PutAsync(id, content, Token);
        List<int> connections = [];
        fake.Fault = request =>
        {
            if (!IsRead(request, id))
            {
                return FakeS3Fault.None;
            }

            connections.Add(request.Connection);
            return connections.Count == 1 ? FakeS3Fault.FlipsByte : FakeS3Fault.None;
        };
        Assert.Equal(ChunkState.Good, await chunks.VerifyAsync(id, Token));
        Assert.Equal(2, connections.Distinct().Count());
    }

    [Fact]
    public async Task Two_answers_that_were_damaged_in_different_ways_delete_nothing_and_are_an_error()
    {
        (_, ObjectChunkStore chunks) = engine.OpenPeer();
        (ChunkId id, byte[] content) = TestChunks.Make(1, 3000);
        await chunks.PutAsync(id, content, Token);
        fake.Fault = request => IsRead(request, id) ? FakeS3Fault.FlipsByte : FakeS3Fault.None;
        DfssException failed = await Assert.ThrowsAsync<DfssException>(
            async () => await chunks.VerifyAsync(id, Token));
        Assert.Equal(DfssErrorCode.StoreFailed, failed.Code);
        Assert.Contains("gave different bytes", failed.Message, StringComparison.Ordinal);

        fake.Fault = _ => FakeS3Fault.None;
        Assert.Equal(ChunkState.Good, await chunks.VerifyAsync(id, Token));
        Assert.Empty(await engine.Connect().ListAsync(ObjectKeys.Quarantine, after: null, limit: 10, Token));
    }

    [Fact]
    public async Task What_is_set_aside_are_the_bytes_of_the_engine_and_not_those_that_were_read()
    {
        (_, ObjectChunkStore chunks) = engine.OpenPeer();
        (ChunkId id, byte[] content) = TestChunks.Make(1, 3000);
        await chunks.PutAsync(id, content, Token);
        // Each answer in the same way, as by a memory that is broken: that cannot be told from an object that is.
        fake.Fault = request => IsRead(request, id) ? FakeS3Fault.FlipsFirstByte : FakeS3Fault.None;
        Assert.Equal(ChunkState.Corrupt, await chunks.VerifyAsync(id, Token));

        fake.Fault = _ => FakeS3Fault.None;
        IObjectStore objects = engine.Connect();
        ObjectEntry kept = Assert.Single(
            await objects.ListAsync(ObjectKeys.Quarantine, after: null, limit: 10, Token));
        Assert.Equal(content, (await objects.GetAsync(kept.Key, Token))!.Value.ToArray());
    }

    [Fact]
    public async Task A_chunk_is_read_from_an_incarnation_that_is_whole()
    {
        (_, ObjectChunkStore chunks) = engine.OpenPeer();
        (ChunkId id, byte[] content) = TestChunks.Make(1, 3000);
        await chunks.PutAsync(id, content, Token);
        await fake.RotAsync($"{id}");
        // The last one of a listing.
        await engine.Connect().PutAsync(ObjectKeys.Incarnation(id, Guid.AllBitsSet), content, Token);
        byte[] read = new byte[3000];
        Assert.Equal(3000, await chunks.GetAsync(id, read, Token));
        Assert.Equal(content, read);

        await fake.RotAsync($"{id}.{Guid.AllBitsSet:N}");
        Assert.Equal(3000, await chunks.GetAsync(id, read, Token));
        Assert.NotEqual(content, read);
    }

    [Fact]
    public async Task A_manifest_that_has_rotted_is_missing_for_a_seal_and_can_be_put_again()
    {
        (IRecordStore records, ObjectChunkStore chunks) = engine.OpenPeer();
        FileManifest manifest = await PutFileAsync(chunks);
        await fake.RotAsync($"{manifest.FileId}");
        RegisterAnswer refused = (await records.SealAsync([Registers.Seal("a", 1, manifest)], Token))[0];
        Assert.Equal((RegisterStatus.ChunksMissing, true), (refused.Status, refused.IsManifestMissing));

        Assert.Equal(
            PutResult.Stored, await chunks.PutAsync(manifest.FileId.ToChunkId(), manifest.Encoded, Token));
        RegisterAnswer done = (await records.SealAsync([Registers.Seal("a", 1, manifest)], Token))[0];
        Assert.Equal(RegisterStatus.Done, done.Status);
    }

    [Fact]
    public async Task A_collection_goes_on_beside_what_has_rotted_and_keeps_a_whole_incarnation()
    {
        StoreEngine bucket = new("the bucket", engine.Connect) { ProbeRounds = 1 };
        await using BucketStore store = await BucketStore.OpenAsync(bucket, new LocalStoreOptions(), Token);
        FileManifest manifest = await PutFileAsync(store.Chunks);
        await store.Records.SealAsync([Registers.Seal("a", 1, manifest)], Token);
        ChunkId id = manifest[0];
        await fake.RotAsync($"{id}");
        // It is the one that a collection does not keep without a look at the other.
        string whole = ObjectKeys.Incarnation(id, Guid.AllBitsSet);
        IObjectStore objects = engine.Connect();
        await objects.PutAsync(whole, TestChunks.Make(1, DfssLimits.MinChunkSize).Content, Token);
        await store.CollectAsync(TimeSpan.Zero, isDryRun: false, Token);
        Assert.Contains(
            whole,
            (await objects.ListAsync(ObjectKeys.IncarnationsOf(id), after: null, limit: 10, Token))
                .Select(entry => entry.Key));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_seal_does_not_rely_on_a_chunk_that_another_peer_has_set_aside(bool isFound)
    {
        (IRecordStore records, ObjectChunkStore chunks) = engine.OpenPeer();
        (_, ObjectChunkStore other) = engine.OpenPeer();
        FileManifest manifest = await PutFileAsync(isFound ? other : chunks);
        Assert.False(Assert.Single(await chunks.FindMissingAsync([manifest[0]], Token)));
        await fake.RotAsync($"{manifest[0]}");
        Assert.Equal(ChunkState.Corrupt, await other.VerifyAsync(manifest[0], Token));
        RegisterAnswer refused = (await records.SealAsync([Registers.Seal("a", 1, manifest)], Token))[0];
        Assert.Equal(RegisterStatus.ChunksMissing, refused.Status);
        Assert.True(refused.Missing[0]);
    }

    [Fact]
    public async Task A_look_that_finds_nothing_ends_the_trust_in_what_was_put()
    {
        (IRecordStore records, ObjectChunkStore chunks) = engine.OpenPeer();
        FileManifest manifest = await PutFileAsync(chunks);
        IObjectStore objects = engine.Connect();
        foreach (ObjectEntry entry in await objects.ListAsync(
            ObjectKeys.IncarnationsOf(manifest[0]), after: null, limit: 10, Token))
        {
            await objects.DeleteAsync(entry.Key, Token);
        }

        Assert.True(Assert.Single(await chunks.FindMissingAsync([manifest[0]], Token)));
        RegisterAnswer refused = (await records.SealAsync([Registers.Seal("a", 1, manifest)], Token))[0];
        Assert.Equal(RegisterStatus.ChunksMissing, refused.Status);
    }

    private static bool IsRead(FakeS3Request request, ChunkId id) =>
        request.Method == "GET" && request.Key.Contains($"{id}.", StringComparison.Ordinal);

    private static async Task<FileManifest> PutFileAsync(IChunkStore chunks)
    {
        (ChunkId id, byte[] content) = TestChunks.Make(1, DfssLimits.MinChunkSize);
        FileManifest manifest = Registers.Manifest(id);
        await chunks.PutAsync(id, content, Token);
        await chunks.PutAsync(manifest.FileId.ToChunkId(), manifest.Encoded, Token);
        return manifest;
    }
}
