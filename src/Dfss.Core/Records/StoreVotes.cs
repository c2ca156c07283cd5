using System.Collections.Immutable;

namespace Dfss.Records;

/// <summary>One opening of a store.</summary>
/// <param name="Id">16 random bytes.</param>
/// <param name="Generation">The store's generation then.</param>
/// <param name="Began">The counter then: the last one of the instance before.</param>
internal sealed record StoreInstance(Guid Id, long Generation, long Began);

/// <summary>
/// A store's durable state of its own votes: its instances, the last of which is the current one, and the counter. A
/// clock that is not found here comes from a later state of the store, or from another copy of it: the store has lost
/// votes.
/// </summary>
internal sealed record StoreVotes(StoreId StoreId, ImmutableList<StoreInstance> Instances, long Counter)
{
    /// <summary>The generation: a register has a vote only if it was written, or brought up, in it.</summary>
    public long Generation => Instances[^1].Generation;

    /// <summary>The current clock of the store.</summary>
    public StoreClock Clock => new(StoreId, Generation, Instances[^1].Id, Counter);

    /// <summary>A store as it is made.</summary>
    public static StoreVotes New(StoreId storeId, Guid instance) =>
        new(storeId, [new StoreInstance(instance, 0, 0)], 0);

    /// <summary>
    /// Whether a clock that others have recorded of this store shows that it has lost votes. One of an earlier
    /// generation does not: its lost votes were taken into account when the current generation began.
    /// </summary>
    public bool IsContradictedBy(StoreClock clock)
    {
        if (clock.StoreId != StoreId || !clock.IsKnown || clock.Generation < Generation)
        {
            return false;
        }

        int index = clock.Generation == Generation ? Instances.FindLastIndex(one => one.Id == clock.Instance) : -1;
        return index < 0 || clock.Counter > (index == Instances.Count - 1 ? Counter : Instances[index + 1].Began);
    }

    /// <summary>The store is opened again.</summary>
    public StoreVotes Begin(Guid instance) =>
        this with { Instances = Instances.Add(new StoreInstance(instance, Generation, Counter)) };

    /// <summary>Begins a later generation, after the store has detected that it was restored.</summary>
    /// <param name="heard">The clock that shows it.</param>
    /// <param name="milliseconds">Since 1970.</param>
    /// <param name="instance">
    /// 16 random bytes; 10 bits of them keep two copies from choosing the same generation.
    /// </param>
    public StoreVotes Break(StoreClock heard, long milliseconds, Guid instance)
    {
        const int RandomBits = 10;
        int random = (instance.ToByteArray()[0] | (instance.ToByteArray()[1] << 8)) & ((1 << RandomBits) - 1);
        long generation = Math.Max(
            (milliseconds << RandomBits) | (uint)random, Math.Max(Generation, heard.Generation) + 1);
        long counter = Math.Max(Counter, heard.Counter) + 1;
        return this with
        {
            Instances = Instances.Add(new StoreInstance(instance, generation, counter)),
            Counter = counter
        };
    }
}
