namespace Dfss.Storage;

/// <summary>
/// The chunks of a store of objects as a peer serves them. A chunk of which each incarnation is condemned counts as
/// missing, so that it is put again before a seal looks for it.
/// </summary>
/// <remarks>
/// What a collection takes after an answer about a chunk is missing when the file is sealed, and is put again.
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

    // Of the requests under way: each asks for the length and then for the bytes.
    private const int MaxLocated = 1 << 10;

    private static readonly IReadOnlySet<string> None = new HashSet<string>();

    private readonly RecentItems<ChunkId, IReadOnlyList<ObjectEntry>> located = new(MaxLocated);

    /// <inheritdoc/>
    public async ValueTask<PutResult> PutAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await ChunkVerification.ThrowIfNotAsync(id, content).ConfigureAwait(false);
        return await PutVerifiedAsync(id, content, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Keeps a chunk whose bytes were verified.</summary>
    public async ValueTask<PutResult> PutVerifiedAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        CollectionState state = await cell.ReadEarlierAsync(cancellationToken).ConfigureAwait(false);

        // Where others have put it meanwhile there are two incarnations, of which a collection leaves one.
        if (!chunks.Seen.TakeMissing(id))
        {
            (state, IReadOnlyList<ObjectEntry>[] found) =
                await FindAsync([id], cancellationToken).ConfigureAwait(false);
            if (found[0].Any(entry => entry.Length == content.Length))
            {
                return PutResult.AlreadyPresent;
            }
        }

        await chunks.PutAsync(id, content, state.Number, cancellationToken).ConfigureAwait(false);
        count?.Note(content.Length);
        return PutResult.Stored;
    }

    /// <inheritdoc/>
    /// <remarks>A put that was answered is on the engine's stable storage.</remarks>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask<int?> GetAsync(ChunkId id, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (await ReadSeenAsync(id, cancellationToken).ConfigureAwait(false) is { } seen)
        {
            StoreErrors.ThrowIfTooShort(seen.Length, destination);
            seen.CopyTo(destination);
            return seen.Length;
        }

        for (int look = 0; look < MaxLooks; look++)
        {
            // A condemned one too: it has the same bytes. What the question for its length has found may be gone.
            if (!located.TryTake(id, out IReadOnlyList<ObjectEntry>? found))
            {
                found = await chunks.FindAsync(id, None, cancellationToken).ConfigureAwait(false);
            }

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
        if (found.Count == 0)
        {
            chunks.Seen.Forget(id);
            return null;
        }

        return (int)found[0].Length;
    }

    /// <inheritdoc/>
    public ValueTask<int?> FindToReadAsync(ChunkId id, CancellationToken cancellationToken) =>
        chunks.Seen.FindLast(id) is { } seen
            ? new ValueTask<int?>((int)seen.Length)
            : LocateAsync(id, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<bool[]> FindMissingAsync(
        IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.Count == 0)
        {
            return [];
        }

        (_, IReadOnlyList<ObjectEntry>[] found) = await FindAsync(ids, cancellationToken).ConfigureAwait(false);
        bool[] missing = [.. found.Select(entries => entries.Count == 0)];
        for (int i = 0; i < missing.Length; i++)
        {
            if (missing[i])
            {
                chunks.Seen.NoteMissing(ids[i]);
            }
        }

        return missing;
    }

    /// <inheritdoc/>
    public ValueTask<ChunkState> VerifyAsync(ChunkId id, CancellationToken cancellationToken) =>
        chunks.VerifyAsync(id, None, cancellationToken);

    /// <summary>Lists a chunk's incarnations for the read that follows.</summary>
    /// <returns>Its length, or null where it is absent.</returns>
    private async ValueTask<int?> LocateAsync(ChunkId id, CancellationToken cancellationToken)
    {
        IReadOnlyList<ObjectEntry> found = await chunks.FindAsync(id, None, cancellationToken).ConfigureAwait(false);
        if (found.Count == 0)
        {
            return null;
        }

        located.Set(id, found);
        return (int)found[0].Length;
    }

    /// <summary>
    /// Looks for the incarnations of each chunk that are not condemned, and notes one of each. The state of garbage
    /// collection is asked for only where something is there; if it has changed, the look is repeated, a few times.
    /// </summary>
    private async ValueTask<(CollectionState State, IReadOnlyList<ObjectEntry>[] Found)> FindAsync(
        IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken)
    {
        CollectionState state = await cell.ReadEarlierAsync(cancellationToken).ConfigureAwait(false);
        var found = new IReadOnlyList<ObjectEntry>[ids.Count];
        for (int look = 1; ; look++)
        {
            await ObjectRequests.RunAsync(ids.Count, async i => found[i] =
                await chunks.FindAsync(ids[i], None, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            CollectionState now = Array.TrueForAll(found, entries => entries.Count == 0)
                ? state
                : await cell.ReadAsync(cancellationToken).ConfigureAwait(false);
            bool isSame = now.Number == state.Number;
            state = now;
            if (isSame || look == MaxLooks)
            {
                Keep(ids, found, state, isSame);
                return (state, found);
            }
        }
    }

    /// <summary>Leaves out what is condemned, and notes one incarnation of each chunk if they were listed in this
    /// state.</summary>
    private void Keep(
        IReadOnlyList<ChunkId> ids, IReadOnlyList<ObjectEntry>[] found, CollectionState state, bool isListedInIt)
    {
        for (int i = 0; i < found.Length; i++)
        {
            found[i] = [.. found[i].Where(entry => !state.Condemned.Contains(entry.Key))];
            if (isListedInIt && found[i].Count > 0)
            {
                chunks.Seen.Note(ids[i], found[i][0], state.Number);
            }
        }
    }

    /// <summary>The bytes of the incarnation that this peer has put or seen last, if they are those of the chunk:
    /// another incarnation may be whole.</summary>
    private async ValueTask<ReadOnlyMemory<byte>?> ReadSeenAsync(ChunkId id, CancellationToken cancellationToken)
    {
        if (chunks.Seen.FindLast(id) is not { } seen)
        {
            return null;
        }

        if (await objects.GetAsync(seen.Key, cancellationToken).ConfigureAwait(false) is { } content
            && ChunkId.Of(content.Span) == id)
        {
            return content;
        }

        chunks.Seen.Forget(id);
        return null;
    }

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
