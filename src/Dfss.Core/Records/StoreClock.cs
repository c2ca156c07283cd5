namespace Dfss.Records;

/// <summary>
/// How far a store has voted: what the others remember of it. A store that was put back from an earlier copy does not
/// know a clock that others have heard of it.
/// </summary>
/// <param name="StoreId">Whose clock.</param>
/// <param name="Generation">0, and a higher number each time the store learns that it was put back.</param>
/// <param name="Instance">16 random bytes, new each time the store is opened; all zero where nothing is known of the
/// store.</param>
/// <param name="Counter">Counts the store's durable batches of votes.</param>
public sealed record StoreClock(StoreId StoreId, long Generation, Guid Instance, long Counter)
{
    /// <summary>The greatest generation or counter that is believed of a store: it can still be raised.</summary>
    internal const long MaxClaim = 1L << 52;

    /// <summary>Names a store of which nothing is known.</summary>
    public static StoreClock Unknown(StoreId storeId) => new(storeId, 0, Guid.Empty, 0);

    /// <summary>Whether this says more than whose clock it is.</summary>
    public bool IsKnown => Instance != Guid.Empty;

    /// <summary>Whether this is a later clock of the same store.</summary>
    public bool IsAfter(StoreClock? other) => other is null || Generation > other.Generation
        || (Generation == other.Generation && Counter > other.Counter);
}
