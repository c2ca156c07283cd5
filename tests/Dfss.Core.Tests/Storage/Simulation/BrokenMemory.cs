using Dfss.Records;
using Dfss.Storage;

namespace Dfss.Tests.Storage.Simulation;

/// <summary>What was put or found once counts as there for good, and not as long as the collection's state is the
/// same.</summary>
internal sealed class SeenForGood : SeenChunks
{
    public override ObjectEntry? Find(ChunkId id, long state) => FindLast(id);
}

/// <summary>A table that answers a read with a state that it knows, and does not ask the engine.</summary>
internal sealed class KnownStates(IRegisterTable inner) : IRegisterTable
{
    public StoreVotes Votes => inner.Votes;

    public HeardTable Heard => inner.Heard;

    public Task BeginAsync(StoreVotes next) => inner.BeginAsync(next);

    public async ValueTask<IReadOnlyList<RegisterEntry>> LoadAsync(
        IReadOnlyList<string> names, CancellationToken cancellationToken) =>
        [.. (await inner.LoadForChangeAsync(names, cancellationToken).ConfigureAwait(false))
            .Select(entry => entry with { MayBeOutdated = false })];

    public ValueTask<IReadOnlyList<bool>> CompareAndSwapAsync(
        IReadOnlyList<RegisterEntry> changes, long generation, IReadOnlyCollection<StoreClock> heard,
        CancellationToken cancellationToken) =>
        inner.CompareAndSwapAsync(changes, generation, heard, cancellationToken);

    public ValueTask<IReadOnlyList<RegisterEntry>> ListAsync(
        string? after, string prefix, int limit, CancellationToken cancellationToken) =>
        inner.ListAsync(after, prefix, limit, cancellationToken);
}
