namespace Dfss.Storage;

/// <summary>Removes the chunks that no register needs and that no client has touched for a grace period. It first marks
/// what registers need, by reading their manifests; the rest is swept in small batches under the seal lock. Memory: a
/// few bytes a stored chunk, and one manifest.</summary>
/// <remarks>
/// A put may find a chunk just before the sweep removes it; the seal that must follow checks again, and answers that
/// the chunk is missing. So a grace period that is too short costs a re-send, never a file.
/// </remarks>
internal sealed class GarbageCollector(
    IRegisterTable table,
    ILocalChunkStore chunks,
    StoreRoots roots,
    TouchedChunks touched,
    Func<ChunkId, bool> isLost,
    Func<long> countChunks,
    Func<CancellationToken, Task> reclaimAsync) : IAsyncDisposable
{
    /// <summary>24 hours: longer than any send is expected to take between a chunk's put and its file's seal.</summary>
    public static readonly TimeSpan DefaultGracePeriod = TimeSpan.FromHours(24);

    private const int RegistersPerPage = 256;

    // Seals wait while a batch is removed: some milliseconds.
    private const int ChunksPerBatch = 128;

    private readonly SemaphoreSlim one = new(1);

    /// <summary>Marks and sweeps once; calls wait for each other.</summary>
    public Task<GarbageCollectionResult> CollectAsync(TimeSpan gracePeriod, CancellationToken cancellationToken) =>
        CollectAsync(gracePeriod, isDryRun: false, cancellationToken);

    /// <summary>Marks and sweeps once, or reports what a sweep would remove now; calls wait for each other.</summary>
    /// <exception cref="DfssException">
    /// <see cref="DfssErrorCode.ChunkCorrupt"/>: a file's manifest is corrupt, so the chunks that it needs are unknown;
    /// nothing was removed.
    /// </exception>
    public async Task<GarbageCollectionResult> CollectAsync(
        TimeSpan gracePeriod, bool isDryRun, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(gracePeriod, TimeSpan.Zero);
        await one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // From here on every seal is either found by the walk or recorded.
            using (await roots.SealLock.EnterSweepAsync(cancellationToken).ConfigureAwait(false))
            {
                roots.StartNotes();
            }

            var filter = new ChunkFilter(countChunks());
            long marked = await MarkAsync(filter, cancellationToken).ConfigureAwait(false);
            Sweep sweep = new(filter, gracePeriod, isDryRun);
            GarbageCollectionResult result = await SweepAsync(sweep, cancellationToken).ConfigureAwait(false);
            if (!isDryRun)
            {
                touched.Forget(gracePeriod);
                await reclaimAsync(cancellationToken).ConfigureAwait(false);
            }

            return result with { FilesMarked = marked };
        }
        finally
        {
            roots.StopNotes();
            one.Release();
        }
    }

    /// <summary>Waits for a collection that is under way: it changes files that the store is about to let go.</summary>
    public async ValueTask DisposeAsync()
    {
        await one.WaitAsync().ConfigureAwait(false);
        one.Dispose();
    }

    private async Task<long> MarkAsync(ChunkFilter filter, CancellationToken cancellationToken)
    {
        long marked = 0;
        string? after = null;
        while (true)
        {
            IReadOnlyList<RegisterEntry> page =
                await table.ListAsync(
                    after, prefix: string.Empty, RegistersPerPage, cancellationToken).ConfigureAwait(false);
            foreach (RegisterEntry entry in page)
            {
                foreach (FileId fileId in roots.Of(entry.State).Distinct())
                {
                    bool isSealed = entry.State.Seals.Any(seal => seal.FileId == fileId);
                    marked += await MarkAsync(filter, fileId, isSealed, cancellationToken).ConfigureAwait(false)
                        ? 1
                        : 0;
                }
            }

            if (page.Count < RegistersPerPage)
            {
                return marked;
            }

            after = page[^1].Name;
        }
    }

    private async Task<bool> MarkAsync(
        ChunkFilter filter, FileId fileId, bool isSealed, CancellationToken cancellationToken)
    {
        filter.Add(fileId.ToChunkId());
        (ManifestState state, FileManifest? manifest) =
            await ManifestReader.ReadAsync(chunks, fileId, cancellationToken).ConfigureAwait(false);
        if (state == ManifestState.NotAManifest)
        {
            // A record may name any chunk as its file's manifest. It keeps that chunk, and no others depend on it.
            return false;
        }

        if (state == ManifestState.Corrupt)
        {
            await chunks.VerifyAsync(fileId.ToChunkId(), cancellationToken).ConfigureAwait(false);
            throw CorruptManifest(fileId);
        }

        if (manifest is null)
        {
            // A member that voted but sealed nothing has no manifest and no chunks to keep. If it has sealed the file,
            // or the manifest became corrupt or cannot be read, it has some.
            return isSealed || isLost(fileId.ToChunkId()) ? throw CorruptManifest(fileId) : false;
        }

        for (int i = 0; i < manifest.ChunkCount; i++)
        {
            filter.Add(manifest[i]);
        }

        return true;
    }

    private async Task<GarbageCollectionResult> SweepAsync(Sweep sweep, CancellationToken cancellationToken)
    {
        var result = default(GarbageCollectionResult);
        List<ChunkId> batch = [];
        await foreach (ChunkId id in chunks.EnumerateAsync(after: null, cancellationToken).ConfigureAwait(false))
        {
            if (IsKept(sweep, id))
            {
                result = result with { ChunksKept = result.ChunksKept + 1 };
                continue;
            }

            batch.Add(id);
            if (batch.Count == ChunksPerBatch)
            {
                result = await SweepAsync(sweep, batch, result, cancellationToken).ConfigureAwait(false);
                batch.Clear();
            }
        }

        return await SweepAsync(sweep, batch, result, cancellationToken).ConfigureAwait(false);
    }

    private async Task<GarbageCollectionResult> SweepAsync(
        Sweep sweep, List<ChunkId> batch, GarbageCollectionResult result, CancellationToken cancellationToken)
    {
        using IDisposable entered = await roots.SealLock.EnterSweepAsync(cancellationToken).ConfigureAwait(false);
        foreach (FileId fileId in roots.TakeNotes())
        {
            // Whether it is sealed does not matter: a seal that is being stored has just looked for its manifest.
            await MarkAsync(sweep.Filter, fileId, isSealed: false, cancellationToken).ConfigureAwait(false);
        }

        foreach (ChunkId id in batch)
        {
            int? length = await chunks.GetLengthAsync(id, cancellationToken).ConfigureAwait(false);
            if (IsKept(sweep, id) || length is null)
            {
                result = result with { ChunksKept = result.ChunksKept + 1 };
                continue;
            }

            if (!sweep.IsDryRun)
            {
                await chunks.DeleteAsync(id, cancellationToken).ConfigureAwait(false);
            }

            result = result with
            {
                ChunksDeleted = result.ChunksDeleted + 1,
                BytesDeleted = result.BytesDeleted + length.Value
            };
        }

        return result;
    }

    private bool IsKept(Sweep sweep, ChunkId id) =>
        sweep.Filter.MayContain(id) || !touched.IsUntouchedFor(sweep.GracePeriod, id);

    private static DfssException CorruptManifest(FileId fileId) => new(
        DfssErrorCode.ChunkCorrupt,
        $"The manifest of file {fileId} is corrupt or missing in this store, so the chunks that it needs "
            + "are not known.",
        "Send or repair the file; if the store's folder quarantine has files named lost.*, delete them "
            + "after that. Then "
            + "collect again.")
    { ChunkId = fileId.ToChunkId() };

    private readonly record struct Sweep(ChunkFilter Filter, TimeSpan GracePeriod, bool IsDryRun);
}
