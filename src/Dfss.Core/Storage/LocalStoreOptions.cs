namespace Dfss.Storage;

/// <summary>How a store on this machine runs.</summary>
internal sealed record LocalStoreOptions
{
    /// <summary>The clock of the grace period.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Called, from any thread, with a line for the operator's log.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>Bytes a second that the scrub reads; 0: there is none.</summary>
    public long ScrubBytesPerSecond { get; init; }

    /// <summary>The most bytes of chunks that may be stored; null: no limit.</summary>
    public long? QuotaBytes { get; init; }

    /// <summary>
    /// Bytes that are to stay free on the disk; null for <see cref="StoreSpace.DefaultMinimumFree"/>.
    /// </summary>
    public long? MinimumFreeBytes { get; init; }

    /// <summary>Returns the free bytes of a folder's disk, and its total bytes.</summary>
    public Func<string, (long Free, long Total)> FindSpace { get; init; } = StoreFileSystem.FindSpace;

    /// <summary>Returns the drive and file system of a folder.</summary>
    public Func<string, (DriveType Type, string Format)> FindFileSystem { get; init; } = StoreFileSystem.Find;

    /// <summary>A seam: wraps the chunk store, for all that uses it.</summary>
    public Func<IDurableChunkStore, IDurableChunkStore> ServeChunks { get; init; } = chunks => chunks;

    /// <summary>The id of a store in memory; null for a new one.</summary>
    public StoreId? MemoryStoreId { get; init; }

    /// <summary>The operator's decision about a store that is not where it last ran.</summary>
    public StoreRelocation Relocation { get; init; }

    /// <summary>Returns where a store is; gets the name of its file system.</summary>
    public Func<StoreLayout, string, StorePlace> FindPlace { get; init; } = StorePlaceFinder.Find;
}
