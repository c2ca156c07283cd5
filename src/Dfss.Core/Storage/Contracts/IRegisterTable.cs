using Dfss.Records;

namespace Dfss.Storage;

/// <summary>One name's register as stored.</summary>
/// <param name="Name">The name.</param>
/// <param name="Version">Counts the changes; 0 where the name was never written.</param>
/// <param name="State">What the register holds; <see cref="RegisterState.Empty"/> where it was never written.</param>
internal readonly record struct RegisterEntry(string Name, long Version, RegisterState State);

/// <summary>
/// Where registers are kept: the one thing a storage engine must offer for names, a compare-and-swap of one name's
/// state. May be called by many callers at once. Failures of the medium are <see cref="DfssException"/>s.
/// </summary>
internal interface IRegisterTable
{
    /// <summary>What is on stable storage of the store's own votes.</summary>
    StoreVotes Votes { get; }

    /// <summary>The latest clocks heard of other stores.</summary>
    HeardTable Heard { get; }

    /// <summary>Puts what the store knows of its own votes on stable storage: a new instance of it.</summary>
    Task BeginAsync(StoreVotes next);

    /// <summary>The states of these names, in their order.</summary>
    ValueTask<IReadOnlyList<RegisterEntry>> LoadAsync(IReadOnlyList<string> names, CancellationToken cancellationToken);

    /// <summary>
    /// Stores each state whose name is still at the version given (the one loaded); each atomic for itself. What is
    /// stored is on stable storage and visible to every load on return, and so are the counter of the votes, one
    /// higher, and the clocks heard. A failure means that none may be counted on, though some may show up later.
    /// </summary>
    /// <param name="changes">The states.</param>
    /// <param name="generation">
    /// What they rest on; nothing is stored where the store is in another generation by now.
    /// </param>
    /// <param name="heard">Clocks of other stores to remember.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>For each, in order, whether it was stored; false: load it again.</returns>
    ValueTask<IReadOnlyList<bool>> CompareAndSwapAsync(
        IReadOnlyList<RegisterEntry> changes, long generation, IReadOnlyCollection<StoreClock> heard,
        CancellationToken cancellationToken);

    /// <summary>The names written so far that begin with <paramref name="prefix"/> and are greater than <paramref
    /// name="after"/>, with their states, ordered by their bytes of UTF-8.</summary>
    /// <param name="after">Null from the start.</param>
    /// <param name="prefix">Empty for all.</param>
    /// <param name="limit">How many at the most. Fewer come only where there are no more.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<IReadOnlyList<RegisterEntry>> ListAsync(
        string? after, string prefix, int limit, CancellationToken cancellationToken);
}
