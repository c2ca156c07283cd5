using Dfss.Records;

namespace Dfss.Storage;

/// <summary>A store in an engine that stores objects. Any number of peers serve it at the same time, and none of them
/// keeps anything of it.</summary>
internal sealed class BucketStore : IPeerStore
{
    private const int Racers = 8;

    // A reader that was slow by so many changes of a name need not begin again.
    private const int KeptStates = 16;

    /// <summary>Hourly, as garbage is collected: a request for 1,000 chunks.</summary>
    private static readonly TimeSpan CountInterval = TimeSpan.FromHours(1);

    private readonly IObjectStore objects;
    private readonly FailStopLatch fault;
    private readonly ObjectRegisterTable table;
    private readonly ObjectCollector collector;
    private readonly ObjectCount count;
    private readonly BackgroundTask counting;
    private readonly Task counted;
    private readonly CancellationTokenSource closing = new();
    private readonly SemaphoreSlim one = new(1);
    private bool isDisposed;

    private BucketStore(IObjectStore objects, string address, StoreId id, LocalStoreOptions options)
    {
        this.objects = objects;
        Path = address;
        StoreId = id;
        RepeatedCreates patient = new(objects, address, options.TimeProvider);
        fault = new FailStopLatch(address, options.Log);
        table = new ObjectRegisterTable(patient, id, Guid.Empty, Guid.NewGuid);
        count = new ObjectCount(patient);
        CollectionCell cell = new(patient, Guid.NewGuid);
        ObjectChunks chunks = new(patient, cell, Guid.NewGuid, new SeenChunks(), options.TimeProvider);
        StoreRoots roots = new(id);
        Chunks = new ObjectChunkStore(patient, chunks, cell, count);
        collector = new ObjectCollector(patient, table, chunks, cell, roots);
        RecordStore records = new(
            table, new ObjectSealCheck(cell, chunks), roots, fault, new VoteHistory(table, options));
        Records = new SoleMemberRecords(new PromptReads(records, address, options.TimeProvider), id);
        counting = new BackgroundTask("Chunk count", CountInterval, options.TimeProvider, options.Log);
        counted = counting.RunAsync(CountAsync, firstWait: TimeSpan.Zero, closing.Token);
    }

    /// <inheritdoc/>
    public StoreId StoreId { get; }

    /// <inheritdoc/>
    public StoreId? CopyOf => null;

    /// <inheritdoc/>
    public bool IsShared => true;

    /// <inheritdoc/>
    public IReadOnlyList<string> Notices => [];

    /// <inheritdoc/>
    public IServedChunkStore Chunks { get; }

    /// <inheritdoc/>
    public IRecordStore Records { get; }

    /// <inheritdoc/>
    public Scrubber? Scrubber => null;

    /// <inheritdoc/>
    public string? Path { get; }

    /// <inheritdoc/>
    public Exception? Fault => fault.Cause;

    /// <inheritdoc/>
    public Task Recovery => Task.CompletedTask;

    /// <inheritdoc/>
    public IEnumerable<BackgroundTask> Work => [counting];

    /// <summary>Probes the engine, and opens the store there, or makes it where there is nothing yet.</summary>
    /// <exception cref="DfssException">StoreFailed: the engine gives no answer, or cannot hold a store. StoreFormat: it
    /// has something else there.</exception>
    public static async Task<BucketStore> OpenAsync(
        StoreEngine engine, LocalStoreOptions options, CancellationToken cancellationToken)
    {
        await ProbeAsync(engine, options.TimeProvider, cancellationToken).ConfigureAwait(false);
        IObjectStore objects = engine.Connect();
        try
        {
            StoreId id = await ObjectFormat.FindOrCreateAsync(
                new RepeatedCreates(objects, engine.Address, options.TimeProvider), engine.Address,
                cancellationToken).ConfigureAwait(false);
            return new BucketStore(objects, engine.Address, id, options);
        }
        catch
        {
            (objects as IDisposable)?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public StoreUsage GetUsage() => count.Usage;

    /// <inheritdoc/>
    public async Task<GarbageCollectionResult> CollectAsync(
        TimeSpan gracePeriod, bool isDryRun, CancellationToken cancellationToken)
    {
        if (isDryRun)
        {
            return await collector.LookAsync(gracePeriod, cancellationToken).ConfigureAwait(false);
        }

        await one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            GarbageCollectionResult result = await collector.CollectAsync(
                gracePeriod, cancellationToken).ConfigureAwait(false);
            await table.TrimAsync(KeptStates, cancellationToken).ConfigureAwait(false);
            await count.CountAsync(cancellationToken).ConfigureAwait(false);
            return result;
        }
        finally
        {
            one.Release();
        }
    }

    /// <inheritdoc/>
    public Task<SealedPage> ListSealsAsync(string? after, int limit, CancellationToken cancellationToken) =>
        SealedPage.ReadAsync(table, after, limit, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        await closing.CancelAsync().ConfigureAwait(false);
        await counted.ConfigureAwait(false);
        await one.WaitAsync().ConfigureAwait(false);
        one.Dispose();
        closing.Dispose();
        (objects as IDisposable)?.Dispose();
    }

    private static async Task ProbeAsync(
        StoreEngine engine, TimeProvider clock, CancellationToken cancellationToken)
    {
        List<IObjectStore> racers = [];
        try
        {
            for (int i = 0; i < Racers; i++)
            {
                racers.Add(engine.Connect());
            }

            await new EngineProbe(racers, Guid.NewGuid, clock) { Progressed = engine.Progressed }
                .RunAsync(engine.ProbeRounds, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            racers.ForEach(racer => (racer as IDisposable)?.Dispose());
        }
    }

    private async Task<TimeSpan?> CountAsync(CancellationToken cancellationToken)
    {
        await one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await count.CountAsync(cancellationToken).ConfigureAwait(false);
            return CountInterval;
        }
        finally
        {
            one.Release();
        }
    }
}
