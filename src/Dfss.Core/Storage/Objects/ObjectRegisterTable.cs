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
        {
            ChainHead head = await ChainOf(names[i]).ReadAsync(cancellationToken).ConfigureAwait(false);
            entries[i] = new RegisterEntry(
                names[i],
                head.Number,
                head.Number == 0 ? RegisterState.Empty : RecordCodec.DecodeState(head.Content));
        }).ConfigureAwait(false);
        return entries;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<bool>> CompareAndSwapAsync(
        IReadOnlyList<RegisterEntry> changes, long generation, IReadOnlyCollection<StoreClock> heard,
        CancellationToken cancellationToken)
    {
        bool[] stored = new bool[changes.Count];
        await ObjectRequests.RunAsync(changes.Count, async i => stored[i] = await ChainOf(changes[i].Name)
            .TryAppendAsync(
                changes[i].Version, RecordCodec.EncodeState(changes[i].State), newOperationId(), cancellationToken)
            .ConfigureAwait(false)).ConfigureAwait(false);
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

    private ObjectChain ChainOf(string name) => new(objects, ObjectKeys.OfName(name));
}
