namespace Dfss.Storage;

/// <summary>
/// The chunks of a store of objects as a peer serves them. A chunk of which each incarnation is condemned counts as
/// missing, so that it is put again before a seal looks for it.
/// </summary>
/// <remarks>
/// Nothing is noted of chunks that a client has asked for: what a collection takes after the answer is missing when the
/// file is sealed, and is put again.
/// </remarks>
/// <param name="objects">The engine.</param>
/// <param name="chunks">The incarnations there.</param>
/// <param name="cell">The state of garbage collection.</param>
/// <param name="count">Counts what is put; null where that is not needed.</param>
internal sealed class ObjectChunkStore(
    IObjectStore objects, ObjectChunks chunks, CollectionCell cell, ObjectCount? count = null)
    : IServedChunkStore
{
    // Each time a collection has deleted every incarnation that was found.
    private const int MaxLooks = 3;

    private static readonly IReadOnlySet<string> None = new HashSet<string>();

    /// <inheritdoc/>
    public async ValueTask<PutResult> PutAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await ChunkVerification.ThrowIfNotAsync(id, content).ConfigureAwait(false);
        CollectionState state = await cell.ReadAsync(cancellationToken).ConfigureAwait(false);
        IReadOnlyList<ObjectEntry> found =
            await chunks.FindAsync(id, state.Condemned, cancellationToken).ConfigureAwait(false);
        if (found.Any(entry => entry.Length == content.Length))
        {
            return PutResult.AlreadyPresent;
        }

        await chunks.PutAsync(id, content, cancellationToken).ConfigureAwait(false);
        count?.Note(content.Length);
        return PutResult.Stored;
    }

    /// <inheritdoc/>
    /// <remarks>A put that was answered is on the engine's stable storage.</remarks>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask<int?> GetAsync(ChunkId id, Memory<byte> destination, CancellationToken cancellationToken)
    {
        for (int look = 0; look < MaxLooks; look++)
        {
            // A condemned one too: it has the same bytes.
            IReadOnlyList<ObjectEntry> found =
                await chunks.FindAsync(id, None, cancellationToken).ConfigureAwait(false);
            if (await ReadBestAsync(id, found, cancellationToken).ConfigureAwait(false) is { } content)
            {
                StoreErrors.ThrowIfTooShort(content.Length, destination);
                content.CopyTo(destination);
                return content.Length;
            }

            if (found.Count == 0)
            {
                return null;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async ValueTask<int?> GetLengthAsync(ChunkId id, CancellationToken cancellationToken)
    {
        IReadOnlyList<ObjectEntry> found = await chunks.FindAsync(id, None, cancellationToken).ConfigureAwait(false);
        return found.Count == 0 ? null : (int)found[0].Length;
    }

    /// <inheritdoc/>
    public async ValueTask<bool[]> FindMissingAsync(
        IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.Count == 0)
        {
            return [];
        }

        CollectionState state = await cell.ReadAsync(cancellationToken).ConfigureAwait(false);
        return await chunks.FindMissingAsync(ids, state.Condemned, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<ChunkState> VerifyAsync(ChunkId id, CancellationToken cancellationToken) =>
        chunks.VerifyAsync(id, None, cancellationToken);

    /// <summary>The bytes of the first incarnation that is whole, or else of the first that is there. The reader
    /// verifies them; here the hash is made only where there are others to choose.</summary>
    private async ValueTask<ReadOnlyMemory<byte>?> ReadBestAsync(
        ChunkId id, IReadOnlyList<ObjectEntry> found, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte>? corrupt = null;
        foreach (ObjectEntry entry in found)
        {
            if (await objects.GetAsync(entry.Key, cancellationToken).ConfigureAwait(false) is { } content)
            {
                if (found.Count == 1 || ChunkId.Of(content.Span) == id)
                {
                    return content;
                }

                corrupt ??= content;
            }
        }

        return corrupt;
    }
}
