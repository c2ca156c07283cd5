using Dfss.Records;

namespace Dfss.Storage;

/// <summary>One store of this machine, on disk or in memory, put together: what a peer serves.</summary>
internal sealed class LocalStore : IAsyncDisposable
{
    /// <summary>Who the store is.</summary>
    public StoreId StoreId => throw new NotSupportedException();

    /// <summary>The chunks. Reads are not verified.</summary>
    public ILocalChunkStore Chunks => throw new NotSupportedException();

    /// <summary>Re-hashes stored chunks.</summary>
    public IChunkVerifier Verifier => throw new NotSupportedException();

    /// <summary>The registers.</summary>
    public IRecordStore Records => throw new NotSupportedException();

    /// <summary>Removes what no register needs.</summary>
    public GarbageCollector Collector => throw new NotSupportedException();

    /// <summary>The store's folder; null in memory.</summary>
    public string? Path => throw new NotSupportedException();

    /// <summary>Why the store takes no more writes and votes until it is opened again; null while it does.</summary>
    public Exception? Fault => throw new NotSupportedException();

    /// <summary>Opens a store, or makes it where <paramref name="path"/> does not exist or is an empty folder.</summary>
    /// <param name="path">The folder; null for a store in memory.</param>
    /// <param name="options">How it runs.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DfssException">StoreInUse, StoreFormat, StoreNotSupported, StoreFull, StoreFailed.</exception>
    public static Task<LocalStore> OpenAsync(string? path, LocalStoreOptions options, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>What the store holds.</summary>
    public StoreUsage GetUsage() => throw new NotSupportedException();

    /// <summary>Makes durable what is pending and closes the store.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
