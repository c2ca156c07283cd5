using Dfss.Records;

namespace Dfss.Storage;

/// <summary>Registers in memory. Stable storage is the process's life.</summary>
internal sealed class MemoryRegisterTable(StoreId id) : IRegisterTable
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, RegisterEntry> entries = new(NameOrder.Instance);
    private StoreVotes votes = StoreVotes.New(id, Guid.NewGuid());

    /// <inheritdoc/>
    public StoreVotes Votes
    {
        get
        {
            lock (gate)
            {
                return votes;
            }
        }
    }

    /// <inheritdoc/>
    public HeardTable Heard { get; } = new();

    /// <inheritdoc/>
    public Task BeginAsync(StoreVotes next)
    {
        lock (gate)
        {
            votes = next with { Counter = Math.Max(next.Counter, votes.Counter) };
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RegisterEntry>> LoadAsync(
        IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            return ValueTask.FromResult<IReadOnlyList<RegisterEntry>>([.. names.Select(Load)]);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<bool>> CompareAndSwapAsync(
        IReadOnlyList<RegisterEntry> changes, long generation, IReadOnlyCollection<StoreClock> heard,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            if (votes.Generation != generation)
            {
                return ValueTask.FromResult<IReadOnlyList<bool>>(new bool[changes.Count]);
            }

            votes = votes with { Counter = votes.Counter + 1 };
            return ValueTask.FromResult<IReadOnlyList<bool>>([.. changes.Select(CompareAndSwap)]);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RegisterEntry>> ListAsync(
        string? after, string prefix, int limit, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            return ValueTask.FromResult<IReadOnlyList<RegisterEntry>>([.. entries.Values
                .Where(entry => entry.Name.StartsWith(prefix, StringComparison.Ordinal))
                .SkipWhile(entry => after is not null && NameOrder.Instance.Compare(entry.Name, after) <= 0)
                .Take(limit)]);
        }
    }

    private RegisterEntry Load(string name) =>
        entries.TryGetValue(name, out RegisterEntry entry)
            ? entry
            : new RegisterEntry(name, Version: 0, RegisterState.Empty);

    private bool CompareAndSwap(RegisterEntry change)
    {
        if (Load(change.Name).Version != change.Version)
        {
            return false;
        }

        entries[change.Name] = change with { Version = change.Version + 1 };
        return true;
    }
}
