using System.Collections.Concurrent;
using Dfss.Records;

namespace Dfss.Storage;

/// <summary>
/// The latest clocks heard of other stores, in memory. A clock is noted here before it is stored: what is refused for
/// it is refused rather too early than too late.
/// </summary>
internal sealed class HeardTable
{
    private readonly ConcurrentDictionary<StoreId, StoreClock> clocks = new();

    /// <summary>All of them.</summary>
    public IEnumerable<StoreClock> All => clocks.Values;

    /// <summary>The latest clock of a store; null: none was heard.</summary>
    public StoreClock? Find(StoreId storeId) => clocks.GetValueOrDefault(storeId);

    /// <summary>Takes note of the clocks.</summary>
    public void Note(IEnumerable<StoreClock> heard)
    {
        foreach (StoreClock clock in heard)
        {
            clocks.AddOrUpdate(clock.StoreId, clock, (_, known) => clock.IsAfter(known) ? clock : known);
        }
    }
}
