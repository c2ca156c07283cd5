using Dfss.Storage;
using Polly;
using Polly.Retry;

namespace Dfss.Transfer;

/// <summary>
/// Puts the chunks of one source onto the members of a home: reads and hashes each, asks what is missing, sends that. A
/// member that is full or stays away is left out, and what it should have held goes to the next on the ring.
/// </summary>
internal sealed class ChunkUploader
{
    /// <summary>4 KiB: up to there a put, which says so itself where the chunk is there, costs no more than to ask first.</summary>
    private const int PutUnaskedBytes = 4 << 10;

    private readonly SourceFile source;
    private readonly Home home;
    private readonly SendPlan plan;
    private readonly ChunkId[] ids;
    private readonly int chunkSize;
    private readonly ChunkBuffers buffers;
    private readonly TransferOptions options;
    private readonly ResiliencePipeline retry;

    /// <summary>Whether the members have been asked to seal: from then on who decides is no matter of the chunks.</summary>
    private bool isSealing;

    public ChunkUploader(
        SourceFile source, Home home, SendPlan plan, int chunkSize, ChunkBuffers buffers, TransferOptions options)
    {
        this.source = source;
        this.home = home;
        this.plan = plan;
        this.chunkSize = chunkSize;
        this.buffers = buffers;
        this.options = options;
        ids = new ChunkId[FileManifest.CountChunks(source.Length, chunkSize)];
        retry = new ResiliencePipelineBuilder { TimeProvider = options.TimeProvider }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<DfssException>(error =>
                    error.IsTransient || error.Code == DfssErrorCode.ChunkCorrupt),
                MaxRetryAttempts = 2,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
            })
            .Build();
    }

    /// <summary>Uploads the whole source and answers its manifest.</summary>
    /// <exception cref="DfssException">
    /// NoMajority: so many members were lost that the rest cannot decide; or no member takes chunks any more: the last
    /// one's error.
    /// </exception>
    public async Task<FileManifest> UploadAsync(
        IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        long done = 0;
        await ForEachAsync(Enumerable.Range(0, ids.Length), async (index, content, token) =>
        {
            ids[index] = ChunkId.Of(content.Span);
            await PlaceAsync(index, content, token).ConfigureAwait(false);
            progress?.Report(new(TransferPhase.Transferring, Interlocked.Add(ref done, content.Length), source.Length));
        }, cancellationToken).ConfigureAwait(false);
        source.ThrowIfChanged();
        return FileManifest.Create(source.Length, chunkSize, ids);
    }

    /// <summary>
    /// Uploads again what has lost its place meanwhile, and the manifest to every member that takes chunks.
    /// </summary>
    /// <exception cref="DfssException">No member takes chunks any more: the last one's error.</exception>
    public async Task CompleteAsync(FileManifest manifest, CancellationToken cancellationToken)
    {
        do
        {
            await ForEachAsync(plan.Unplaced(), PlaceAgainAsync, cancellationToken).ConfigureAwait(false);
            await Task.WhenAll(Enumerable.Range(0, home.Count)
                .Where(plan.CanTake)
                .Select(member => TryPutAsync(member, manifest.FileId.ToChunkId(), manifest.Encoded, cancellationToken))).ConfigureAwait(false);
            plan.ThrowIfNobodyTakes();
        }
        while (plan.Unplaced().Any());
        isSealing = true;
    }

    private async Task PlaceAgainAsync(int index, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (ChunkId.Of(content.Span) != ids[index])
        {
            throw source.Changed();
        }

        await PlaceAsync(index, content, cancellationToken).ConfigureAwait(false);
    }

    private Task ForEachAsync(
        IEnumerable<int> indexes, Func<int, ReadOnlyMemory<byte>, CancellationToken, Task> body, CancellationToken cancellationToken)
    {
        ParallelOptions parallel =
            new() { MaxDegreeOfParallelism = options.ThrottleLimit, CancellationToken = cancellationToken };
        return Parallel.ForEachAsync(indexes, parallel, async (index, token) =>
        {
            long offset = (long)index * chunkSize;
            using ChunkBuffer buffer = await buffers.RentAsync(
                (int)Math.Min(chunkSize, source.Length - offset), token).ConfigureAwait(false);
            await source.ReadAsync(offset, buffer.Memory, token).ConfigureAwait(false);
            await body(index, buffer.Memory, token).ConfigureAwait(false);
        });
    }

    private async Task PlaceAsync(int index, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        for (int member = plan.NextTarget(index); member >= 0; member = plan.NextTarget(index))
        {
            ThrowIfUndecidable();
            if (await TryPutAsync(member, ids[index], content, cancellationToken).ConfigureAwait(false))
            {
                plan.MarkHeld(member, index);
            }
        }

        ThrowIfUndecidable();
    }

    /// <summary>Fails where what is uploaded could never become a file: nobody is left, or no majority.</summary>
    private void ThrowIfUndecidable()
    {
        plan.ThrowIfNobodyTakes();
        if (!isSealing && !HasMajority)
        {
            throw new DfssException(
                DfssErrorCode.NoMajority,
                $"'{source.Path}' was not sent: {home.Majority} of its {home.Count} peers must decide on it, and fewer are left. Nothing was changed. "
                + string.Join(" ", plan.Losses.Select(loss => loss.Reason).Prepend(home.Reasons).Where(reason => reason.Length > 0)));
        }
    }

    private bool HasMajority => home.ReachedCount - plan.Losses.Count() >= home.Majority;

    /// <summary>Puts one chunk at one member; where that fails, the member is left out from now on.</summary>
    private async Task<bool> TryPutAsync(
        int member, ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        IChunkStore store = home[member]!.Chunks;
        try
        {
            await retry.ExecuteAsync(
                async token =>
                {
                    if (content.Length <= PutUnaskedBytes
                        || (await store.FindMissingAsync([id], token).ConfigureAwait(false))[0])
                    {
                        await store.PutAsync(id, content, token).ConfigureAwait(false);
                    }
                },
                cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (DfssException error)
        {
            // Once for a peer, however many files it fails; and where that ends the send, its error says it.
            if (plan.Exclude(member, error) && HasMajority && home[member]!.IsFirstRefusal())
            {
                options.Warning?.Invoke($"{home[member]} takes no more chunks, first of '{source.Path}': {error.Reason}");
            }

            return false;
        }
    }
}
