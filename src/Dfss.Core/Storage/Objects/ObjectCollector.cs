namespace Dfss.Storage;

/// <summary>
/// Removes the chunks of a store of objects that no register needs. Any number of peers may collect at once, and each
/// may stop for any time between two requests: the state of the collection is one for all
/// (<see cref="CollectionCell"/>), and the next one finishes what it finds. docs/decisions/0009 has the argument.
/// </summary>
/// <remarks>
/// A round: publish the keys that seem to be garbage; from then on none of them counts as present for a seal. Read the
/// registers again; publish which of these keys no register needs. Delete exactly those. When all are gone, the round
/// ends.
/// </remarks>
internal sealed class ObjectCollector(
    IObjectStore objects, IRegisterTable table, ObjectChunks chunks, CollectionCell cell, StoreRoots roots)
{
    // A list of 10,000 keys is a megabyte, which each peer reads once.
    private const int MaxKeysPerRound = 10_000;

    // The last states of the cell, so that a peer that was asked for one a moment ago need not begin again.
    private const int KeptStates = 16;

    private readonly NeededChunks needed = new(table, chunks, cell, roots);

    /// <summary>
    /// Finishes a round that is under way, then runs rounds until one has found less than it may take.
    /// </summary>
    /// <param name="gracePeriod">How long a chunk is kept after it was written, by the engine's clock.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">
    /// A register or a manifest cannot be read, or the engine gives no answer: the round is finished by a later
    /// collection.
    /// </exception>
    /// <returns>What was done. The bytes are of the chunks that this call has found itself.</returns>
    public async Task<GarbageCollectionResult> CollectAsync(
        TimeSpan gracePeriod, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(gracePeriod, TimeSpan.Zero);
        await cell.TrimAsync(KeptStates, cancellationToken).ConfigureAwait(false);
        Dictionary<string, long> lengths = new(StringComparer.Ordinal);
        GarbageCollectionResult result = default;
        bool isLast = false;
        while (true)
        {
            CollectionState state = await cell.ReadAsync(cancellationToken).ConfigureAwait(false);
            switch (state.Phase)
            {
                case CollectionPhase.Condemned:
                    await DecideAsync(state, cancellationToken).ConfigureAwait(false);
                    break;
                case CollectionPhase.Deleting:
                    await DeleteAsync(state, cancellationToken).ConfigureAwait(false);
                    result = result with
                    {
                        ChunksDeleted = result.ChunksDeleted + state.Condemned.Count,
                        BytesDeleted = result.BytesDeleted + state.Condemned.Sum(key => lengths.GetValueOrDefault(key)),
                    };
                    break;
                case CollectionPhase.Idle when isLast:
                    return result;
                default:
                    Garbage garbage = await FindGarbageAsync(
                        gracePeriod, MaxKeysPerRound, cancellationToken).ConfigureAwait(false);
                    await CondemnAsync(state, garbage, cancellationToken).ConfigureAwait(false);
                    garbage.Found.ForEach(entry => lengths[entry.Key] = entry.Length);
                    result = result with { FilesMarked = garbage.Files, ChunksKept = garbage.Kept };
                    isLast = garbage.Found.Count < MaxKeysPerRound;
                    break;
            }
        }
    }

    /// <summary>What a collection would delete now; deletes nothing.</summary>
    /// <param name="gracePeriod">How long a chunk is kept after it was written, by the engine's clock.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task<GarbageCollectionResult> LookAsync(TimeSpan gracePeriod, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(gracePeriod, TimeSpan.Zero);
        Garbage garbage = await FindGarbageAsync(gracePeriod, int.MaxValue, cancellationToken).ConfigureAwait(false);
        return new GarbageCollectionResult(
            garbage.Files, garbage.Kept, garbage.Found.Count, garbage.Found.Sum(entry => entry.Length));
    }

    /// <summary>Finds what seems to be garbage, up to a number of keys.</summary>
    private async Task<Garbage> FindGarbageAsync(
        TimeSpan gracePeriod, int limit, CancellationToken cancellationToken)
    {
        DateTimeOffset now = await ReadClockAsync(cancellationToken).ConfigureAwait(false);
        DateTimeOffset before = now - DateTimeOffset.MinValue > gracePeriod ? now - gracePeriod : default;
        (ChunkFilter filter, long files) = await MarkAsync(cancellationToken).ConfigureAwait(false);
        List<ObjectEntry> found = [];
        long keptChunks = 0;
        ChunkId? kept = null;
        await foreach (ObjectEntry entry in
            objects.ListAllAsync(ObjectKeys.Chunks, cancellationToken).ConfigureAwait(false))
        {
            // Of a chunk that is needed one incarnation is kept.
            ChunkId? id = ObjectKeys.ChunkOf(entry.Key);
            bool isNeeded = id is null || (id != kept && filter.MayContain(id.Value));
            kept = isNeeded ? id : kept;
            if (isNeeded || entry.Modified > before)
            {
                keptChunks++;
                continue;
            }

            found.Add(entry);
            if (found.Count == limit)
            {
                break;
            }
        }

        return new Garbage(found, files, keptChunks);
    }

    /// <summary>Publishes what seems to be garbage.</summary>
    private async Task CondemnAsync(CollectionState state, Garbage garbage, CancellationToken cancellationToken)
    {
        // An empty round removes the lists that collections have left that were stopped.
        bool isClean = garbage.Found.Count == 0 && (await objects.ListAsync(
            ObjectKeys.Lists, after: null, limit: 1, cancellationToken).ConfigureAwait(false)).Count == 0;
        if (!isClean)
        {
            await cell.TryAdvanceAsync(
                state, CollectionPhase.Condemned, [.. garbage.Found.Select(entry => entry.Key)],
                cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Spares what a register needs, now that no later seal relies on a condemned key.</summary>
    private async Task DecideAsync(CollectionState state, CancellationToken cancellationToken)
    {
        (ChunkFilter filter, _) = await MarkAsync(cancellationToken).ConfigureAwait(false);
        List<string> garbage = [];
        foreach (string key in state.Condemned.Order(StringComparer.Ordinal))
        {
            ChunkId id = ObjectKeys.ChunkOf(key)!.Value;
            if (!filter.MayContain(id)
                || await HasOtherAsync(id, state.Condemned, cancellationToken).ConfigureAwait(false))
            {
                garbage.Add(key);
            }
        }

        await cell.TryAdvanceAsync(state, CollectionPhase.Deleting, garbage, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes the keys, and ends the round when all are gone.</summary>
    private async Task DeleteAsync(CollectionState state, CancellationToken cancellationToken)
    {
        await DeleteAsync([.. state.Condemned.Order(StringComparer.Ordinal)], cancellationToken).ConfigureAwait(false);
        // A list that is there now is of this round or of an earlier one: a later round begins in a later state.
        List<string> lists = [];
        await foreach (ObjectEntry entry in
            objects.ListAllAsync(ObjectKeys.Lists, cancellationToken).ConfigureAwait(false))
        {
            lists.Add(entry.Key);
        }

        if (await cell.TryAdvanceAsync(state, CollectionPhase.Idle, [], cancellationToken).ConfigureAwait(false))
        {
            await DeleteAsync(lists, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Whether another incarnation that is not condemned, and is whole, is there.</summary>
    private async ValueTask<bool> HasOtherAsync(
        ChunkId id, IReadOnlySet<string> condemned, CancellationToken cancellationToken)
    {
        foreach (ObjectEntry other in await chunks.FindAsync(id, condemned, cancellationToken).ConfigureAwait(false))
        {
            if (await objects.GetAsync(other.Key, cancellationToken).ConfigureAwait(false) is { } content
                && ChunkId.Of(content.Span) == id)
            {
                return true;
            }
        }

        return false;
    }

    private ValueTask DeleteAsync(List<string> keys, CancellationToken cancellationToken) =>
        ObjectRequests.RunAsync(keys.Count, i => objects.DeleteAsync(keys[i], cancellationToken));

    private async Task<(ChunkFilter Filter, long Files)> MarkAsync(CancellationToken cancellationToken)
    {
        long count = 0;
        await foreach (ObjectEntry entry in
            objects.ListAllAsync(ObjectKeys.Chunks, cancellationToken).ConfigureAwait(false))
        {
            count++;
        }

        ChunkFilter filter = new(count);
        return (filter, await needed.MarkAsync(filter, cancellationToken).ConfigureAwait(false));
    }

    private async ValueTask<DateTimeOffset> ReadClockAsync(CancellationToken cancellationToken)
    {
        await objects.PutAsync(ObjectKeys.Clock, default, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<ObjectEntry> clock = await objects.ListAsync(
            ObjectKeys.Clock, after: null, limit: 1, cancellationToken).ConfigureAwait(false);
        return clock.Count > 0 ? clock[0].Modified : DateTimeOffset.MinValue;
    }

    private sealed record Garbage(List<ObjectEntry> Found, long Files, long Kept);
}
