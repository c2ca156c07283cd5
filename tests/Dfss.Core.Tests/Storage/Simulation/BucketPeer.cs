using Dfss.Records;
using Dfss.Storage;

namespace Dfss.Tests.Storage.Simulation;

/// <summary>A peer, or what collects in it: the real code over the engine.</summary>
internal sealed class BucketPeer
{
    private static readonly CancellationToken Token = CancellationToken.None;

    private readonly ObjectRegisterTable registers;
    private readonly CollectionCell cell;

    public BucketPeer(SimulatedEngine engine, BucketMutation mutation, Func<Guid> newGuid)
    {
        IObjectStore objects = engine.For(Actor);
        objects = mutation == BucketMutation.None ? objects : new MutatedObjects(objects, mutation);
        cell = new CollectionCell(objects, newGuid);
        ObjectChunks chunks = new(
            objects, cell, mutation == BucketMutation.SameIncarnation ? () => default : newGuid,
            mutation == BucketMutation.SeenForGood ? new SeenForGood() : new SeenChunks());
        Chunks = new ObjectChunkStore(objects, chunks, cell);
        registers = new ObjectRegisterTable(objects, Store, Guid.Empty, newGuid);
        IRegisterTable table = mutation == BucketMutation.ReadsKnownStates ? new KnownStates(registers) : registers;

        // Without limits: what waits for its turn goes on in another thread than that of the schedule.
        ISealCheck seals = new ObjectSealCheck(
            cell, chunks, largeManifests: int.MaxValue, chunkLooks: int.MaxValue);
        var roots = new StoreRoots(Store);
        Records = new RecordStore(
            table, mutation == BucketMutation.ListBeforeSeal ? new EarlySealCheck(seals) : seals, roots,
            new FailStopLatch("the bucket", log: null), new VoteHistory(table, new LocalStoreOptions()));
        Collector = new ObjectCollector(objects, table, chunks, cell, roots);
    }

    /// <summary>One for all peers of the bucket.</summary>
    public static StoreId Store { get; } = StoreId.Parse("0123456789abcdef0123456789abcdef");

    public EngineActor Actor { get; } = new();

    public IRecordStore Records { get; }

    public ObjectChunkStore Chunks { get; }

    public ObjectCollector Collector { get; }

    public async Task<RegisterAnswer> HandleAsync(RegisterRequest request) =>
        (await Records.AskAsync([request], Token).ConfigureAwait(false))[0];

    public async Task<bool> IsMissingAsync(ChunkId id) =>
        (await Chunks.FindMissingAsync([id], Token).ConfigureAwait(false))[0];

    public async Task PutAsync(ChunkId id, ReadOnlyMemory<byte> content) =>
        await Chunks.PutVerifiedAsync(id, content, Token).ConfigureAwait(false);

    /// <summary>Deletes old states, or garbage with no grace; ends without an answer of the engine.</summary>
    public async Task CollectAsync(bool trims)
    {
        try
        {
            if (trims)
            {
                await registers.TrimAsync(kept: 0, Token).ConfigureAwait(false);
                await cell.TrimAsync(kept: 0, Token).ConfigureAwait(false);
            }
            else
            {
                await Collector.CollectAsync(TimeSpan.Zero, Token).ConfigureAwait(false);
            }
        }
        catch (DfssException exception) when (exception.Code == DfssErrorCode.StoreFailed)
        {
            // Another collection finishes the round.
        }
    }
}
