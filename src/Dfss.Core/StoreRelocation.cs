namespace Dfss;

/// <summary>What an operator says of a store that is not where it last ran.</summary>
public enum StoreRelocation
{
    /// <summary>Nothing: such a store is refused with <see cref="DfssErrorCode.StoreRelocated"/>.</summary>
    None = 0,

    /// <summary>It was moved, or put back in the place of one that never runs again: it keeps its store id.</summary>
    Moved = 1,

    /// <summary>
    /// It is a copy of a store that runs elsewhere: it takes a new store id and keeps its chunks. Its registers, which are
    /// votes of the other store, are set aside.
    /// </summary>
    Copied = 2,
}
