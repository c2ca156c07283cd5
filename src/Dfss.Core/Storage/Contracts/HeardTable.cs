using System.Collections.Concurrent;
using Dfss.Records;

namespace Dfss.Storage;

/// <summary>
/// The latest clocks of other stores, in memory. A clock is recorded here before it is stored, so a request that
/// contradicts it is refused too early rather than too late.
/// </summary>
internal sealed class HeardTable
{
    private readonly ConcurrentDictionary<StoreId, StoreClock> clocks = new();

    /// <summary>All of them.</summary>
    public IEnumerable<StoreClock> All => clocks.Values;

    /// <summary>The latest clock of a store; null if none is recorded.</summary>
    public StoreClock? Find(StoreId storeId) => clocks.GetValueOrDefault(storeId);

    /// <summary>Records the clocks.</summary>
    public void Note(IEnumerable<StoreClock> heard)
    {
        foreach (StoreClock clock in heard)
        {
            clocks.AddOrUpdate(clock.StoreId, clock, (_, known) => clock.IsAfter(known) ? clock : known);
        }
    }
}
