using Dfss.Records;

namespace Dfss.Storage;

/// <summary>
/// What a seal finds in the chunks of this machine. The lock between seals and the sweep of garbage keeps what was
/// found there until the seal protects it.
/// </summary>
#pragma warning disable CA1001 // A semaphore whose wait handle is never used has nothing to dispose.
internal sealed class LocalSealCheck(IDurableChunkStore chunks, SealLock sealLock)
    : ISealCheck
#pragma warning restore CA1001
{
    // 64 KiB: some 2,000 chunks. Above it manifests, of up to 16 MiB, are read two at a time.
    private const int FreeManifestBytes = 64 << 10;

    private readonly SemaphoreSlim largeManifests = new(2);

    /// <inheritdoc/>
    public async ValueTask<ISealLook> BeginAsync(CancellationToken cancellationToken) =>
        new Look(this, await sealLock.EnterSealAsync(cancellationToken).ConfigureAwait(false));

    private ValueTask FlushAsync(CancellationToken cancellationToken) => chunks.FlushAsync(cancellationToken);

    /// <summary>Null where the manifest and every expected chunk are there.</summary>
    private async ValueTask<MissingChunks?> FindMissingAsync(
        SealRequest request, CancellationToken cancellationToken)
    {
        ChunkId id = request.FileId.ToChunkId();
        if (await chunks.GetLengthAsync(id, cancellationToken).ConfigureAwait(false) is not > FreeManifestBytes)
        {
            return await LookAsync(request, cancellationToken).ConfigureAwait(false);
        }

        await largeManifests.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await LookAsync(request, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            largeManifests.Release();
        }
    }

    private async ValueTask<MissingChunks?> LookAsync(SealRequest request, CancellationToken cancellationToken)
    {
        (ManifestState found, FileManifest? manifest) =
            await ManifestReader.ReadAsync(chunks, request.FileId, cancellationToken).ConfigureAwait(false);
        if (found == ManifestState.NotAManifest)
        {
            throw SealErrors.NotAManifest(request);
        }

        if (found == ManifestState.Corrupt)
        {
            // Sets it aside, so that the sender can put it again.
            await chunks.VerifyAsync(request.FileId.ToChunkId(), cancellationToken).ConfigureAwait(false);
        }

        if (manifest is null || chunks.GetDurableLength(request.FileId.ToChunkId()) is null)
        {
            return MissingChunks.Manifest;
        }

        SealErrors.ThrowIfOtherCount(request, manifest);

        // Only what is on stable storage counts: a chunk may have been put after the flush began, or put again after
        // its sync failed and another caller's flush reported that.
        HashSet<int> lost = [];
        for (int i = 0; i < manifest.ChunkCount; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!request.Expected[i])
            {
                continue;
            }

            int? length = chunks.GetDurableLength(manifest[i]);
            if (length != manifest.LengthOf(i))
            {
                lost.Add(i);
                await SetAsideAsync(request, manifest, i, length, cancellationToken).ConfigureAwait(false);
            }
        }

        return lost.Count == 0
            ? null
            : MissingChunks.Of(manifest, lost.Contains);
    }

    /// <summary>Where a chunk of the wrong length is stored: makes it missing for the sender's next question
    /// too.</summary>
    private async ValueTask SetAsideAsync(
        SealRequest request, FileManifest manifest, int index, int? length, CancellationToken cancellationToken)
    {
        if (length is not null
            && await chunks.VerifyAsync(manifest[index], cancellationToken).ConfigureAwait(false) == ChunkState.Good
            && chunks.GetDurableLength(manifest[index]) == length)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"In the manifest of '{request.Name}' chunk {index} has {manifest.LengthOf(index)} bytes; it "
                    + $"has {length}.",
                "Send the file again.");
        }
    }

    private sealed class Look(LocalSealCheck check, IDisposable entered) : ISealLook
    {
        /// <inheritdoc/>
        public ValueTask FlushAsync(CancellationToken cancellationToken) => check.FlushAsync(cancellationToken);

        /// <inheritdoc/>
        public ValueTask<MissingChunks?> FindMissingAsync(SealRequest request, CancellationToken cancellationToken) =>
            check.FindMissingAsync(request, cancellationToken);

        /// <inheritdoc/>
        public ValueTask<bool> HoldsAsync(CancellationToken cancellationToken) => ValueTask.FromResult(true);

        /// <inheritdoc/>
        public void Dispose() => entered.Dispose();
    }
}
