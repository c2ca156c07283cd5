namespace Dfss;

/// <summary>The operator's decision about a store that is not where it last ran.</summary>
public enum StoreRelocation
{
    /// <summary>Nothing: the peer refuses such a store with <see cref="DfssErrorCode.StoreRelocated"/>.</summary>
    None = 0,

    /// <summary>The store was moved, or replaces a store that never runs again: it keeps its store id.</summary>
    Moved = 1,

    /// <summary>
    /// The store is a copy of a store that runs elsewhere: it takes a new store id and keeps its chunks. Its registers,
    /// which are votes of the other store, are set aside.
    /// </summary>
    Copied = 2,
}
