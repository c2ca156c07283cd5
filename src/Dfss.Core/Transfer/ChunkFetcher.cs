using System.Globalization;
using Polly;
using Polly.Retry;

namespace Dfss.Transfer;

/// <summary>
/// Gets chunks of one file from whoever holds them: the ring's first member, then the next, and round again with
/// growing, jittered delays. What it returns is verified. A holder that gave wrong bytes is asked to look at them, so
/// that it sets them aside.
/// </summary>
internal sealed class ChunkFetcher
{
    private readonly Home home;
    private readonly FileRecord record;
    private readonly Placement placement;
    private readonly ResiliencePipeline retry;
    private readonly TransferOptions options;

    public ChunkFetcher(Home home, FileRecord record, TransferOptions options)
    {
        this.home = home;
        this.record = record;
        this.options = options;
        placement = new Placement(home.Count, record.Replicas, record.Run);
        ResiliencePipelineBuilder builder = new() { TimeProvider = options.TimeProvider };
        if (options.MaxAttempts > 1)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                // An absent chunk is worth asking for again too: its holder may be the one that is just starting.
                ShouldHandle = new PredicateBuilder().Handle<DfssException>(error =>
                    error.IsTransient || error.Code is DfssErrorCode.ChunkCorrupt or DfssErrorCode.ChunkNotFound),
                MaxRetryAttempts = options.MaxAttempts - 1,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = TimeSpan.FromSeconds(5),
                OnRetry = attempt =>
                {
                    options.Verbose?.Invoke(((DfssException)attempt.Outcome.Exception!).Reason + " Trying again.");
                    return ValueTask.CompletedTask;
                },
            });
        }

        retry = builder.Build();
    }

    /// <summary>Fetches the manifest, by its id, from any member.</summary>
    /// <exception cref="DfssException">ChunkNotFound, ChunkCorrupt, PeerUnreachable, ...</exception>
    public async Task<FileManifest> FetchManifestAsync(CancellationToken cancellationToken)
    {
        long chunks = FileManifest.CountChunks(record.Length, Math.Max(record.ChunkSize, DfssLimits.MinChunkSize));
        if (chunks > DfssLimits.MaxChunksPerFile)
        {
            throw new DfssException(
                DfssErrorCode.LimitExceeded, $"The record of '{record.Name}' names more chunks than a file can have.");
        }

        byte[] encoded = new byte[FileManifest.HeaderBytes + (chunks * ChunkId.SizeBytes)];
        await FetchAsync(record.FileId.ToChunkId(), encoded, chunkIndex: null, cancellationToken).ConfigureAwait(false);
        FileManifest manifest = FileManifest.Decode(encoded);
        return manifest.Length == record.Length && manifest.ChunkSize == record.ChunkSize
            ? manifest
            : throw new DfssException(
                DfssErrorCode.ChunkCorrupt, $"The record of '{record.Name}' does not fit its manifest {record.FileId}.",
                "Send the file again.");
    }

    /// <summary>Fetches one chunk of the file; it fills <paramref name="destination"/> exactly.</summary>
    /// <exception cref="DfssException">
    /// ChunkNotFound, ChunkCorrupt, PeerUnreachable, ...; names the chunk, the holders tried and each one's reason.
    /// </exception>
    public ValueTask FetchChunkAsync(
        FileManifest manifest, int chunkIndex, Memory<byte> destination, CancellationToken cancellationToken) =>
        FetchAsync(manifest[chunkIndex], destination, chunkIndex, cancellationToken);

    private ValueTask FetchAsync(
        ChunkId id, Memory<byte> destination, int? chunkIndex, CancellationToken cancellationToken)
    {
        HashSet<PeerHandle> spoilt = [];
        return retry.ExecuteAsync(
            token => FetchOnceAsync(id, destination, chunkIndex, spoilt, token), cancellationToken);
    }

    /// <param name="id">The chunk.</param>
    /// <param name="destination">Where it goes.</param>
    /// <param name="chunkIndex">Its place in the file; null for the manifest.</param>
    /// <param name="spoilt">
    /// Who gave wrong bytes in an earlier attempt. They have set them aside since and do not have the chunk any more;
    /// the reason is still that it was spoilt.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    private async ValueTask FetchOnceAsync(
        ChunkId id, Memory<byte> destination, int? chunkIndex, HashSet<PeerHandle> spoilt, CancellationToken cancellationToken)
    {
        List<string> reasons = [];
        DfssErrorCode code = DfssErrorCode.ChunkNotFound;
        for (int step = 0; step < home.Count; step++)
        {
            int member = placement.MemberAt(chunkIndex ?? 0, step);
            if (await home.ReachAsync(member, cancellationToken).ConfigureAwait(false) is not PeerHandle peer)
            {
                continue;
            }

            try
            {
                int? length = await peer.Chunks.GetAsync(id, destination, cancellationToken).ConfigureAwait(false);
                if (length == destination.Length)
                {
                    return;
                }

                reasons.Add(length is not null ? $"{peer} has {length} bytes of it."
                    : spoilt.Contains(peer) ? $"{peer} gave wrong bytes and has set them aside."
                    : $"{peer} does not have it.");
            }
            catch (DfssException error)
            {
                code = error.Code;
                reasons.Add(error.Code == DfssErrorCode.ChunkCorrupt ? $"{peer}: {error.Reason}" : error.Reason);
                if (error.Code == DfssErrorCode.ChunkCorrupt)
                {
                    spoilt.Add(peer);
                    await ReportAsync(peer, id, cancellationToken).ConfigureAwait(false);
                }
            }
        }

        string what =
            chunkIndex is int index ? string.Create(CultureInfo.InvariantCulture, $"Chunk {index}") : "The manifest";
        if (home.ReachedCount < home.Count)
        {
            // Who knows what those have: the chunk may be there, and the same command may succeed when they are back.
            code = code == DfssErrorCode.ChunkNotFound ? DfssErrorCode.PeerUnreachable : code;
            reasons.Add(home.Reasons);
        }

        code = spoilt.Count > 0 ? DfssErrorCode.ChunkCorrupt : code;
        throw new DfssException(
            code,
            $"{what} of '{record.Name}' ({id}) cannot be had. {string.Join(" ", reasons)}",
            code == DfssErrorCode.PeerUnreachable ? "Start that peer: no other has these chunks." : null)
        { ChunkId = id };
    }

    private async ValueTask ReportAsync(PeerHandle peer, ChunkId id, CancellationToken cancellationToken)
    {
        options.Warning?.Invoke($"{peer} gave wrong bytes for chunk {id}; they were not used.");
        try
        {
            await peer.Verifier.VerifyAsync(id, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            options.Verbose?.Invoke($"{peer} could not look at chunk {id}: {error.Reason}");
        }
    }
}
