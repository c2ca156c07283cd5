using Dfss.Records;
using IOPath = System.IO.Path;

namespace Dfss.Storage;

/// <summary>One store of this machine, on disk or in memory, with all its parts: what a peer serves.</summary>
internal sealed class LocalStore : IPeerStore
{
    private readonly FailStopLatch fault;
    private readonly Func<(long Chunks, long Bytes)> count;
    private readonly Func<long> countQuarantined;
    private readonly IRegisterTable table;
    private readonly StoreSpace space;
    private readonly BackgroundTask? recoveryWork;
    private readonly IReadOnlyList<object> parts;
    private bool isDisposed;

    private LocalStore(
        string? path, StoreId id, FailStopLatch fault, StoreParts storeParts, LocalStoreOptions options,
        IReadOnlyList<object> parts)
    {
        IDurableChunkStore served = options.ServeChunks(storeParts.Chunks);
        Path = path;
        StoreId = id;
        this.fault = fault;
        this.parts = parts;
        count = storeParts.Count;
        countQuarantined = storeParts.CountQuarantined;
        table = storeParts.Table;
        space = storeParts.Space;
        Chunks = served;
        Recovery = storeParts.Recovery;
        recoveryWork = storeParts.RecoveryWork;
        var roots = new StoreRoots(id);
        Records = new RecordStore(
            storeParts.Table, new LocalSealCheck(served, roots.SealLock), roots, fault,
            new VoteHistory(storeParts.Table, options));
        Collector = new GarbageCollector(
            storeParts.Table, served, roots, storeParts.Touched, storeParts.IsLost,
            () => count().Chunks, storeParts.ReclaimAsync);
        Scrubber = new Scrubber(served, storeParts.ScrubTable, options);
    }

    /// <inheritdoc/>
    public StoreId StoreId { get; }

    /// <inheritdoc/>
    public StoreId? CopyOf { get; private init; }

    /// <inheritdoc/>
    public bool IsShared => false;

    /// <inheritdoc/>
    public IReadOnlyList<string> Notices { get; private init; } = [];

    /// <summary>The chunks. Reads are not verified.</summary>
    public ILocalChunkStore Chunks { get; }

    /// <inheritdoc/>
    IServedChunkStore IPeerStore.Chunks => Chunks;

    /// <summary>Re-hashes stored chunks.</summary>
    public IChunkVerifier Verifier => Chunks;

    /// <inheritdoc/>
    public IRecordStore Records { get; }

    /// <summary>Removes chunks that no register needs.</summary>
    public GarbageCollector Collector { get; }

    /// <inheritdoc/>
    public Scrubber Scrubber { get; }

    /// <inheritdoc/>
    public string? Path { get; }

    /// <inheritdoc/>
    public Exception? Fault => fault.Cause;

    /// <inheritdoc/>
    public Task Recovery { get; }

    /// <inheritdoc/>
    public IEnumerable<BackgroundTask> Work => recoveryWork is null ? [Scrubber.Work] : [recoveryWork, Scrubber.Work];

    /// <summary>Opens a store, or makes it where <paramref name="path"/> does not exist or is an empty
    /// folder.</summary>
    /// <param name="path">The folder; null for a store in memory.</param>
    /// <param name="options">How it runs.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">StoreInUse, StoreFormat, StoreRelocated, StoreNotSupported, StoreFull,
    /// StoreFailed.</exception>
    public static Task<LocalStore> OpenAsync(
        string? path, LocalStoreOptions options, CancellationToken cancellationToken) =>
        OpenAsync(path, options, new DurableFile(beforeStep: null), cancellationToken);

    /// <summary>The same over a <see cref="DurableFile"/> with a seam.</summary>
    internal static async Task<LocalStore> OpenAsync(
        string? path, LocalStoreOptions options, DurableFile files, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var touched = new TouchedChunks(options.TimeProvider);
        if (path is null)
        {
            StoreId id = options.MemoryStoreId ?? StoreId.Create();
            var chunks = new MemoryChunkStore(touched, options.QuotaBytes);
            var parts = new StoreParts(
                new MemoryRegisterTable(id), chunks, touched, chunks.Count, CountQuarantined: () => 0,
                IsLost: _ => false, ScrubTable: null, chunks.Space, Task.CompletedTask, RecoveryWork: null,
                ReclaimAsync: _ => Task.CompletedTask);
            return new LocalStore(path: null, id, new FailStopLatch("memory", options.Log), parts, options, parts: []);
        }

        string root = IOPath.TrimEndingDirectorySeparator(IOPath.GetFullPath(path));
        try
        {
            return await OpenOnDiskAsync(new StoreLayout(root), options, files, touched).ConfigureAwait(false);
        }
        catch (IOException exception) when (DurableFile.IsOutOfSpace(exception))
        {
            throw StoreErrors.Full(root, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(
                DfssErrorCode.StoreFailed,
                $"The store at '{root}' cannot be opened: {exception.Message}",
                $"Check that '{root}' is a folder that this user may read and write, and that its disk works; or give "
                    + "another folder with -StorePath.",
                exception);
        }
    }

    /// <inheritdoc/>
    public StoreUsage GetUsage()
    {
        (long chunks, long bytes) = count();
        long? minimumFree = Path is null ? null : space.MinimumFreeBytes;
        long? free = Path is null ? null : StoreFileSystem.FindSpace(Path).Free;
        return new StoreUsage(chunks, bytes, countQuarantined(), space.QuotaBytes, minimumFree, free);
    }

    /// <inheritdoc/>
    public Task<GarbageCollectionResult> CollectAsync(
        TimeSpan gracePeriod, bool isDryRun, CancellationToken cancellationToken) =>
        Collector.CollectAsync(gracePeriod, isDryRun, cancellationToken);

    /// <inheritdoc/>
    public Task<SealedPage> ListSealsAsync(string? after, int limit, CancellationToken cancellationToken) =>
        SealedPage.ReadAsync(table, after, limit, cancellationToken);

    /// <summary>
    /// Closes the store. Chunks that were put and not flushed may or may not be there when it is opened again.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (!isDisposed)
        {
            isDisposed = true;
            await Collector.DisposeAsync().ConfigureAwait(false);
            Scrubber.Dispose();
            await CloseAsync(parts).ConfigureAwait(false);
        }
    }

    private static async Task<LocalStore> OpenOnDiskAsync(
        StoreLayout layout, LocalStoreOptions options, DurableFile files, TouchedChunks touched)
    {
        // Read before anything is made there; read again under the lock.
        StoreFormat.Read(layout);
        files.CreateDirectory(layout.Root);
        (DriveType type, string format) = options.FindFileSystem(layout.Root);
        StoreFileSystem.ThrowIfNotSupported(layout.Root, type, format);
        List<object> parts = [StoreLock.Take(layout)];
        bool isOpen = false;
        try
        {
            layout.Restrict(files, options.Log);
            var fault = new FailStopLatch(layout.Root, options.Log);
            StoreId? former = StoreFormat.Read(layout);
            List<string> notices = [];
            Action<string> notify = notices.Add;
            notify += options.Log;
            StoreArrival arrival = new(layout, former, format, options, notify);
            if (former is null)
            {
                // Also if the folder was there: the process that made it may have been killed before this.
                files.SyncNameOf(layout.Root);
            }

            StoreId id = former ?? CreateStore(layout, files);
            layout.CreateFolders(files);
            await arrival.SetAsideCatalogAsync(files).ConfigureAwait(false);
            var catalog = new Catalog(layout.CatalogFile, fault);
            parts.Add(catalog);
            id = await ClaimAsync(layout, files, catalog, id, former is null, arrival.CopyOf is null ? notify : null)
                .ConfigureAwait(false);
            await catalog.OpenVotesAsync(id).ConfigureAwait(false);
            var chunks = new DiskChunkStore(layout, files, fault, touched, options);
            parts.Add(chunks);
            // The name of the catalog.
            files.SyncDirectory(layout.Root);
            chunks.Recovery.Start();
            var storeParts = new StoreParts(
                catalog, chunks, touched, chunks.Count, () => chunks.QuarantinedCount, chunks.IsLost,
                catalog.ScrubTable, chunks.Space, chunks.Recovery.Completion, chunks.Recovery.Work,
                chunks.ReclaimAsync);
            arrival.Note(files);
            var store = new LocalStore(layout.Root, id, fault, storeParts, options, parts)
            {
                CopyOf = arrival.CopyOf,
                Notices = notices,
            };
            isOpen = true;
            return store;
        }
        finally
        {
            if (!isOpen)
            {
                await CloseAsync(parts).ConfigureAwait(false);
            }
        }
    }

    private static StoreId CreateStore(StoreLayout layout, DurableFile files)
    {
        var id = StoreId.Create();
        StoreFormat.Write(layout, files, id);
        return id;
    }

    /// <summary>
    /// Matches the catalog with the store. A store without its catalog has lost its votes: it becomes a new store, with
    /// the old one's chunks.
    /// </summary>
    private static async Task<StoreId> ClaimAsync(
        StoreLayout layout, DurableFile files, Catalog catalog, StoreId id, bool isNew, Action<string>? notify)
    {
        StoreId? owner = catalog.StoreId;
        if (owner is not null)
        {
            return owner == id ? id : throw StoreFormat.Refuse(
                $"'{layout.CatalogFile}' belongs to store {owner}, the folder to store {id}.",
                "Restore the catalog that belongs here.");
        }

        if (!isNew)
        {
            id = CreateStore(layout, files);
            notify?.Invoke(
                $"The store at '{layout.Root}' has lost its catalog and its votes: it continues as a new store, {id}, "
                    + "which lists no file. Repair-DfssFile -Move and new sends bring it files.");
        }

        await catalog.SetStoreIdAsync(id).ConfigureAwait(false);
        return id;
    }

    private static async Task CloseAsync(IEnumerable<object> parts)
    {
        // The lock was acquired first and is released last.
        foreach (object part in parts.Reverse())
        {
            if (part is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                ((IDisposable)part).Dispose();
            }
        }
    }

    private sealed record StoreParts(
        IRegisterTable Table,
        IDurableChunkStore Chunks,
        TouchedChunks Touched,
        Func<(long Chunks, long Bytes)> Count,
        Func<long> CountQuarantined,
        Func<ChunkId, bool> IsLost,
        ScrubTable? ScrubTable,
        StoreSpace Space,
        Task Recovery,
        BackgroundTask? RecoveryWork,
        Func<CancellationToken, Task> ReclaimAsync);
}
