using Dfss.Records;

namespace Dfss.Storage;

/// <summary>
/// The registers of a store of objects: for each name a chain, shared by all peers of the store. The number of a
/// state is its version.
/// </summary>
/// <param name="objects">The engine.</param>
/// <param name="id">The store: one for all its peers.</param>
/// <param name="instance">
/// One for all peers and all time: no state is kept by which a store that was put back could be recognised.
/// </param>
/// <param name="newOperationId">Gives 16 random bytes for each change.</param>
internal sealed class ObjectRegisterTable(
    IObjectStore objects, StoreId id, Guid instance, Func<Guid> newOperationId) : IRegisterTable
{
    private const int PageSize = 1000;

    // A state has some hundred bytes, and a kilobyte with many earlier versions.
    private const int MaxKnown = 1 << 12;

    private readonly RecentItems<string, RegisterEntry> known = new(MaxKnown);

    /// <inheritdoc/>
    public StoreVotes Votes { get; } = StoreVotes.New(id, instance);

    /// <inheritdoc/>
    public HeardTable Heard { get; } = new();

    /// <inheritdoc/>
    /// <remarks>
    /// Never: <see cref="SoleMemberRecords"/> refuses a request with a clock of this store.
    /// </remarks>
    public Task BeginAsync(StoreVotes next) => throw new NotSupportedException(
        "A store of objects has one instance.");

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<RegisterEntry>> LoadAsync(
        IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var entries = new RegisterEntry[names.Count];
        await ObjectRequests.RunAsync(names.Count, async i =>
            entries[i] = await LoadAsync(names[i], cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        return entries;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// A peer that builds on a state that it has read or written before is like a writer that was slow since then.
    /// </remarks>
    public async ValueTask<IReadOnlyList<RegisterEntry>> LoadForChangeAsync(
        IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var entries = new RegisterEntry[names.Count];
        await ObjectRequests.RunAsync(names.Count, async i =>
            entries[i] = known.TryGet(names[i], out RegisterEntry entry)
                ? entry with { MayBeOutdated = true }
                : await LoadAsync(names[i], cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        return entries;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<bool>> CompareAndSwapAsync(
        IReadOnlyList<RegisterEntry> changes, long generation, IReadOnlyCollection<StoreClock> heard,
        CancellationToken cancellationToken)
    {
        bool[] stored = new bool[changes.Count];
        await ObjectRequests.RunAsync(changes.Count, async i => stored[i] =
            await TryStoreAsync(changes[i], cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        return stored;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<RegisterEntry>> ListAsync(
        string? after, string prefix, int limit, CancellationToken cancellationToken)
    {
        List<string> names = [];
        string? from = after is null ? null : ObjectKeys.EndOf(ObjectKeys.OfNames(after));
        while (names.Count < limit)
        {
            IReadOnlyList<ObjectEntry> page = await objects.ListAsync(
                ObjectKeys.OfNames(prefix), from, PageSize, cancellationToken).ConfigureAwait(false);
            foreach (ObjectEntry entry in page)
            {
                string name = ObjectKeys.NameOf(entry.Key);
                if (names.Count < limit && (names.Count == 0 || names[^1] != name))
                {
                    names.Add(name);
                }
            }

            if (page.Count < PageSize)
            {
                break;
            }

            from = page[^1].Key;
        }

        return await LoadAsync(names, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes old states of the names that have more than <paramref name="kept"/> of them.</summary>
    public async ValueTask TrimAsync(int kept, CancellationToken cancellationToken)
    {
        string? from = null;
        (string? name, int states) = (null, 0);
        while (true)
        {
            IReadOnlyList<ObjectEntry> page = await objects.ListAsync(
                ObjectKeys.Names, from, PageSize, cancellationToken).ConfigureAwait(false);
            foreach (ObjectEntry entry in page.Where(ObjectChain.MayBeTrimmed))
            {
                string next = ObjectKeys.NameOf(entry.Key);
                states = next == name ? states + 1 : 1;
                name = next;
                if (states == kept + 2)
                {
                    await ChainOf(name).TrimAsync(kept, cancellationToken).ConfigureAwait(false);
                }
            }

            if (page.Count < PageSize)
            {
                return;
            }

            from = page[^1].Key;
        }
    }

    private async ValueTask<RegisterEntry> LoadAsync(string name, CancellationToken cancellationToken)
    {
        bool isKnown = known.TryGet(name, out RegisterEntry entry);
        ChainHead head = await ChainOf(name).ReadAsync(isKnown ? entry.Version : 0, cancellationToken)
            .ConfigureAwait(false);
        if (!isKnown || head.Number != entry.Version)
        {
            entry = new RegisterEntry(
                name, head.Number, head.Number == 0 ? RegisterState.Empty : RecordCodec.DecodeState(head.Content));
            known.Set(name, entry);
        }

        return entry;
    }

    /// <summary>Appends a state, and keeps it only if it is there for certain.</summary>
    private async ValueTask<bool> TryStoreAsync(RegisterEntry change, CancellationToken cancellationToken)
    {
        known.TryTake(change.Name, out _);
        bool isStored = await ChainOf(change.Name).TryAppendAsync(
            change.Version, RecordCodec.EncodeState(change.State), newOperationId(), cancellationToken)
            .ConfigureAwait(false);
        if (isStored)
        {
            known.Set(change.Name, change with { Version = change.Version + 1, MayBeOutdated = false });
        }

        return isStored;
    }

    private ObjectChain ChainOf(string name) => new(objects, ObjectKeys.OfName(name));
}
