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

    private const int MaxKnown = 1 << 12;

    // 4 KiB, so 32 MiB of all in their encoded form. A state has some hundred bytes; of many earlier versions or seals
    // it has more, and is read again.
    private const int MaxKnownBytes = 4 << 10;

    private readonly RecentItems<string, KnownState> known = new(MaxKnown);

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
            entries[i] = known.TryGet(names[i], out KnownState state)
                ? new RegisterEntry(names[i], state.Number, state.State) { MayBeOutdated = true }
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
        string? from = after is null ? null : ObjectKeys.EndOf(ObjectKeys.OfNames(after));
        List<(string Name, long Number)> found =
            await ListHighestAsync(from, prefix, limit, cancellationToken).ConfigureAwait(false);
        var states = new KnownState?[found.Count];
        await ObjectRequests.RunAsync(found.Count, async i => states[i] =
            await ReadStateAsync(found[i].Name, found[i].Number, cancellationToken).ConfigureAwait(false))
            .ConfigureAwait(false);

        // As of a chain that is read alone: the highest numbers, their contents, and then the markers.
        Dictionary<string, long> markers = found.Count == 0
            ? []
            : await ListMarkersAsync(from, prefix, found[^1].Name, cancellationToken).ConfigureAwait(false);
        var entries = new RegisterEntry[found.Count];
        await ObjectRequests.RunAsync(found.Count, async i => entries[i] =
            states[i] is { } state && found[i].Number >= markers.GetValueOrDefault(found[i].Name)
                ? Keep(found[i].Name, state)
                : await LoadAsync(found[i].Name, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        return entries;
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

    /// <summary>The names of a listing, and of each the highest state that it shows. It shows each name that there was
    /// when it began, as the first state stays.</summary>
    private async ValueTask<List<(string Name, long Number)>> ListHighestAsync(
        string? from, string prefix, int limit, CancellationToken cancellationToken)
    {
        List<(string Name, long Number)> found = [];
        while (true)
        {
            IReadOnlyList<ObjectEntry> page = await objects.ListAsync(
                ObjectKeys.OfNames(prefix), from, PageSize, cancellationToken).ConfigureAwait(false);
            foreach (ObjectEntry entry in page.Where(entry => ObjectKeys.IsState(entry.Key)))
            {
                string name = ObjectKeys.NameOf(entry.Key);
                if (found.Count > 0 && found[^1].Name == name)
                {
                    continue;
                }

                if (found.Count == limit)
                {
                    return found;
                }

                found.Add((name, ObjectKeys.NumberOf(entry.Key)));
            }

            if (page.Count < PageSize)
            {
                return found;
            }

            from = page[^1].Key;
        }
    }

    /// <summary>The highest trim marker of each name that has one, up to a last name.</summary>
    private async ValueTask<Dictionary<string, long>> ListMarkersAsync(
        string? from, string prefix, string last, CancellationToken cancellationToken)
    {
        Dictionary<string, long> markers = new(StringComparer.Ordinal);
        string end = ObjectKeys.EndOf(ObjectKeys.OfName(last));
        while (true)
        {
            IReadOnlyList<ObjectEntry> page = await objects.ListAsync(
                ObjectKeys.OfNames(prefix), from, PageSize, cancellationToken).ConfigureAwait(false);
            foreach (ObjectEntry entry in page.Where(entry => !ObjectKeys.IsState(entry.Key)))
            {
                markers.TryAdd(ObjectKeys.NameOf(entry.Key), ObjectKeys.NumberOf(entry.Key));
            }

            if (page.Count < PageSize || NameOrder.Instance.Compare(page[^1].Key, end) >= 0)
            {
                return markers;
            }

            from = page[^1].Key;
        }
    }

    /// <summary>A state; null if it is gone.</summary>
    private async ValueTask<KnownState?> ReadStateAsync(
        string name, long number, CancellationToken cancellationToken) =>
        known.TryGet(name, out KnownState entry) && entry.Number == number
            ? entry
            : await ChainOf(name).ReadStateAsync(number, cancellationToken).ConfigureAwait(false) is { } content
                ? Decode(number, content)
                : null;

    private async ValueTask<RegisterEntry> LoadAsync(string name, CancellationToken cancellationToken)
    {
        bool isKnown = known.TryGet(name, out KnownState state);
        ChainHead head = await ChainOf(name).ReadAsync(isKnown ? state.Number : 0, cancellationToken)
            .ConfigureAwait(false);
        return Keep(name, isKnown && head.Number == state.Number ? state : Decode(head.Number, head.Content));
    }

    /// <summary>Appends a state, and keeps it only if it is there for certain.</summary>
    private async ValueTask<bool> TryStoreAsync(RegisterEntry change, CancellationToken cancellationToken)
    {
        known.TryTake(change.Name, out _);
        byte[] content = RecordCodec.EncodeState(change.State);
        bool isStored = await ChainOf(change.Name).TryAppendAsync(
            change.Version, content, newOperationId(), cancellationToken).ConfigureAwait(false);
        if (isStored)
        {
            Keep(change.Name, new KnownState(change.Version + 1, change.State, content.Length));
        }

        return isStored;
    }

    private RegisterEntry Keep(string name, KnownState state)
    {
        if (state.Bytes <= MaxKnownBytes)
        {
            known.Set(name, state);
        }

        return new RegisterEntry(name, state.Number, state.State);
    }

    private static KnownState Decode(long number, ReadOnlyMemory<byte> content) => new(
        number, number == 0 ? RegisterState.Empty : RecordCodec.DecodeState(content), content.Length);

    private ObjectChain ChainOf(string name) => new(objects, ObjectKeys.OfName(name));

    /// <summary>A state that was the newest one when it was read or stored.</summary>
    private readonly record struct KnownState(long Number, RegisterState State, int Bytes);
}
