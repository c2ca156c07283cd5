using Dfss.Records;

namespace Dfss.Storage;

/// <summary>
/// What a seal finds in the chunks of a store of objects, which other peers collect at any moment. What is condemned
/// counts as missing. The findings hold if the state of garbage collection has not changed until the seal is stored:
/// every later collection reads the registers after it has published its list, and so sees the seal. So the first look
/// may be at a state that the peer has read before, and at what it has put or found in that state.
/// </summary>
internal sealed class ObjectSealCheck(CollectionCell cell, ObjectChunks chunks) : ISealCheck
{
    /// <inheritdoc/>
    public async ValueTask<ISealLook> BeginAsync(CancellationToken cancellationToken) =>
        new Look(cell, chunks, await cell.ReadEarlierAsync(cancellationToken).ConfigureAwait(false));

    private sealed class Look(CollectionCell cell, ObjectChunks chunks, CollectionState state) : ISealLook
    {
        private CollectionState state = state;

        /// <inheritdoc/>
        public int AtOnce => ObjectRequests.AtOnce;

        /// <inheritdoc/>
        /// <remarks>A put that was answered is on the engine's stable storage.</remarks>
        public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        /// <inheritdoc/>
        public async ValueTask<MissingChunks?> FindMissingAsync(
            SealRequest request, CancellationToken cancellationToken)
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
                bool isThere = await chunks.IsThereAsync(
                    manifest[index], manifest.LengthOf(index), state, cancellationToken).ConfigureAwait(false);
                if (!isThere)
                {
                    lock (missing)
                    {
                        missing.Add(index);
                    }
                }
            }).ConfigureAwait(false);
            return missing.Count == 0 ? null : MissingChunks.Of(manifest, missing.Contains);
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
    }
}
