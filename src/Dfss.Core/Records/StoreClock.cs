namespace Dfss.Records;

/// <summary>
/// The clock of a store's votes, which other stores remember. A store that was restored from an earlier copy has lost a
/// clock that others have recorded of it.
/// </summary>
/// <param name="StoreId">The store.</param>
/// <param name="Generation">0, and a higher number each time the store detects that it was restored.</param>
/// <param name="Instance">
/// 16 random bytes, new each time the store is opened; all zero if the store's clock is unknown.
/// </param>
/// <param name="Counter">Counts the store's durable batches of votes.</param>
public sealed record StoreClock(StoreId StoreId, long Generation, Guid Instance, long Counter)
{
    /// <summary>The greatest generation or counter that is believed of a store: it can still be raised.</summary>
    internal const long MaxClaim = 1L << 52;

    /// <summary>The unknown clock of a store.</summary>
    public static StoreClock Unknown(StoreId storeId) => new(storeId, 0, Guid.Empty, 0);

    /// <summary>Whether the clock is known.</summary>
    public bool IsKnown => Instance != Guid.Empty;

    /// <summary>Whether this is a later clock of the same store.</summary>
    public bool IsAfter(StoreClock? other) => other is null || Generation > other.Generation
        || (Generation == other.Generation && Counter > other.Counter);
}
