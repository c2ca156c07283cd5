using Dfss.Records;

namespace Dfss.Storage;

/// <summary>One name's register as stored.</summary>
/// <param name="Name">The name.</param>
/// <param name="Version">Counts the changes; 0 where the name was never written.</param>
/// <param name="State">The state of the register; <see cref="RegisterState.Empty"/> where it was never written.</param>
internal readonly record struct RegisterEntry(string Name, long Version, RegisterState State)
{
    /// <summary>
    /// Whether the entry was the newest one when the table read or stored it, and by now may not be: a compare-and-swap
    /// fails then. An answer that changes nothing must not rest on it.
    /// </summary>
    public bool MayBeOutdated { get; init; }
}

/// <summary>
/// The table of registers. A storage engine must offer one operation for names: a compare-and-swap of one name's state.
/// May be called by many callers at once. Failures of the medium are <see cref="DfssException"/>s.
/// </summary>
internal interface IRegisterTable
{
    /// <summary>The store's own votes, as they are on stable storage.</summary>
    StoreVotes Votes { get; }

    /// <summary>The latest clocks of other stores.</summary>
    HeardTable Heard { get; }

    /// <summary>Puts the store's own votes on stable storage, as a new instance of the store.</summary>
    Task BeginAsync(StoreVotes next);

    /// <summary>The states of these names, in their order.</summary>
    ValueTask<IReadOnlyList<RegisterEntry>> LoadAsync(IReadOnlyList<string> names, CancellationToken cancellationToken);

    /// <summary>
    /// The states of these names, to build changes on: where a load takes requests to an engine, those that the table
    /// knows are given without one, as <see cref="RegisterEntry.MayBeOutdated"/>.
    /// </summary>
    ValueTask<IReadOnlyList<RegisterEntry>> LoadForChangeAsync(
        IReadOnlyList<string> names, CancellationToken cancellationToken) => LoadAsync(names, cancellationToken);

    /// <summary>
    /// Stores each state whose name is still at the version given (the one loaded); each atomic for itself. What is
    /// stored is on stable storage and visible to every load on return, and so are the counter of the votes, one
    /// higher, and the recorded clocks. After a failure it is unknown which of them are stored.
    /// </summary>
    /// <param name="changes">The states.</param>
    /// <param name="generation">
    /// The generation in which they were loaded; nothing is stored if the store is in another one by now.
    /// </param>
    /// <param name="heard">Clocks of other stores to remember.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>For each, in order, whether it was stored; false: load it again.</returns>
    ValueTask<IReadOnlyList<bool>> CompareAndSwapAsync(
        IReadOnlyList<RegisterEntry> changes, long generation, IReadOnlyCollection<StoreClock> heard,
        CancellationToken cancellationToken);

    /// <summary>
    /// The names that begin with <paramref name="prefix"/> and are greater than <paramref name="after"/>, with their
    /// states, ordered by their bytes of UTF-8.
    /// </summary>
    /// <param name="after">The last name of the page before; null for the first page.</param>
    /// <param name="prefix">Empty for all.</param>
    /// <param name="limit">The largest number of results. There are fewer only at the end.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    ValueTask<IReadOnlyList<RegisterEntry>> ListAsync(
        string? after, string prefix, int limit, CancellationToken cancellationToken);
}
