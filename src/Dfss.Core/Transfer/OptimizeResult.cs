namespace Dfss.Transfer;

/// <summary>What optimizing a peer's store did; with <see cref="OptimizeOptions.WhatIf"/> what it would do.</summary>
public sealed record OptimizeResult
{
    /// <summary>The store.</summary>
    public required StoreId StoreId { get; init; }

    /// <summary>Chunks deleted.</summary>
    public required long ChunksDeleted { get; init; }

    /// <summary>Their bytes.</summary>
    public required long BytesDeleted { get; init; }

    /// <summary>Chunks kept: those that some file needs, and those within their grace period.</summary>
    public required long ChunksKept { get; init; }

    /// <summary>Files whose chunks are kept, earlier versions included.</summary>
    public required long Files { get; init; }

    /// <summary>
    /// Names that sends had left undecided and that were decided, so that their sealed chunks could be deleted.
    /// </summary>
    public required int SettledNames { get; init; }

    /// <summary>
    /// Names that are still undecided; their sealed chunks are kept. With WhatIf, the names that would be tried.
    /// </summary>
    public required int UndecidedNames { get; init; }
}
