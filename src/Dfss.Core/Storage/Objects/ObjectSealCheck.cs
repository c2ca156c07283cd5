using Dfss.Records;

namespace Dfss.Storage;

/// <summary>
/// What a seal finds in the chunks of a store of objects, which other peers collect at any moment. What is condemned
/// counts as missing. The findings hold if the state of garbage collection has not changed until the seal is stored:
/// every later collection reads the registers after it has published its list, and so sees the seal. So the first look
/// may be at a state that the peer has read before, and at what it has put or found in that state.
/// </summary>
/// <param name="cell">The state of garbage collection.</param>
/// <param name="chunks">The chunks.</param>
/// <param name="largeManifests">How many large manifests are looked through at once, of all seals.</param>
/// <param name="chunkLooks">How many chunks are listed at once, of all seals.</param>
#pragma warning disable CA1001 // A semaphore whose wait handle is never used has nothing to dispose.
internal sealed class ObjectSealCheck(
    CollectionCell cell, ObjectChunks chunks, int largeManifests = 2, int chunkLooks = ObjectRequests.AtOnce)
    : ISealCheck
#pragma warning restore CA1001
{
    // 64 KiB: some 2,000 chunks. Above it manifests, of up to 16 MiB, are read a few at a time.
    private const int FreeManifestBytes = 64 << 10;

    private readonly SemaphoreSlim largeManifests = new(largeManifests);
    private readonly SemaphoreSlim chunkLooks = new(chunkLooks);

    /// <inheritdoc/>
    public async ValueTask<ISealLook> BeginAsync(CancellationToken cancellationToken) =>
        new Look(this, cell, chunks, await cell.ReadEarlierAsync(cancellationToken).ConfigureAwait(false));

    private sealed class Look(
        ObjectSealCheck check, CollectionCell cell, ObjectChunks chunks, CollectionState state) : ISealLook
    {
        private CollectionState state = state;

        /// <inheritdoc/>
        /// <remarks>A put that was answered is on the engine's stable storage.</remarks>
        public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        /// <inheritdoc/>
        public async ValueTask<MissingChunks?> FindMissingAsync(
            SealRequest request, CancellationToken cancellationToken)
        {
            if (chunks.Seen.FindLast(request.FileId.ToChunkId())?.Length <= FreeManifestBytes)
            {
                return await LookAsync(request, cancellationToken).ConfigureAwait(false);
            }

            await check.largeManifests.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                return await LookAsync(request, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                check.largeManifests.Release();
            }
        }

        /// <inheritdoc/>
        public async ValueTask<bool> HoldsAsync(CancellationToken cancellationToken)
        {
            if (await cell.ReadNumberAsync(cancellationToken).ConfigureAwait(false) == state.Number)
            {
                return true;
            }

            state = await cell.ReadAsync(cancellationToken).ConfigureAwait(false);
            return false;
        }

        /// <inheritdoc/>
        public void Dispose()
        {
        }

        private async ValueTask<MissingChunks?> LookAsync(SealRequest request, CancellationToken cancellationToken)
        {
            (ManifestState found, FileManifest? manifest) = await chunks.ReadManifestAsync(
                request.FileId, state, cancellationToken).ConfigureAwait(false);
            if (found == ManifestState.NotAManifest)
            {
                throw SealErrors.NotAManifest(request);
            }

            if (found == ManifestState.Corrupt)
            {
                // Sets it aside, so that the sender can put it again.
                await chunks.VerifyAsync(request.FileId.ToChunkId(), state.Condemned, cancellationToken)
                    .ConfigureAwait(false);
            }

            if (manifest is null)
            {
                return MissingChunks.Manifest;
            }

            SealErrors.ThrowIfOtherCount(request, manifest);
            int[] expected = [.. Enumerable.Range(0, manifest.ChunkCount).Where(i => request.Expected[i])];
            HashSet<int> missing = [];
            await ObjectRequests.RunAsync(expected.Length, async i =>
            {
                int index = expected[i];
                if (!await IsThereAsync(manifest[index], manifest.LengthOf(index), cancellationToken)
                    .ConfigureAwait(false))
                {
                    lock (missing)
                    {
                        missing.Add(index);
                    }
                }
            }).ConfigureAwait(false);
            return missing.Count == 0 ? null : MissingChunks.Of(manifest, missing.Contains);
        }

        private async ValueTask<bool> IsThereAsync(ChunkId id, long length, CancellationToken cancellationToken)
        {
            if (chunks.Seen.Find(id, state.Number)?.Length == length)
            {
                return true;
            }

            await check.chunkLooks.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                return (await chunks.FindAsync(id, state.Condemned, cancellationToken).ConfigureAwait(false))
                    .Any(entry => entry.Length == length);
            }
            finally
            {
                check.chunkLooks.Release();
            }
        }
    }
}
