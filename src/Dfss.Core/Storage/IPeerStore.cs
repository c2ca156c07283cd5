using Dfss.Records;

namespace Dfss.Storage;

/// <summary>A store with all its parts, as a peer serves it: of this machine, or in an engine.</summary>
internal interface IPeerStore : IAsyncDisposable
{
    /// <summary>The id of the store.</summary>
    StoreId StoreId { get; }

    /// <summary>The store that it was a copy of until it was opened; null where it kept its store id.</summary>
    StoreId? CopyOf { get; }

    /// <summary>Whether other peers may serve the same store at the same time.</summary>
    bool IsShared { get; }

    /// <summary>What the operator must know of how it was opened: that it is another store than before.</summary>
    IReadOnlyList<string> Notices { get; }

    /// <summary>The chunks. Reads are not verified.</summary>
    IServedChunkStore Chunks { get; }

    /// <summary>The registers.</summary>
    IRecordStore Records { get; }

    /// <summary>Re-hashes all chunks when the peer starts it; null where what keeps them does that.</summary>
    Scrubber? Scrubber { get; }

    /// <summary>The store's folder, as a full path, or its address in an engine; null in memory.</summary>
    string? Path { get; }

    /// <summary>Why the store takes no more writes and votes until it is opened again; null while it does.</summary>
    Exception? Fault { get; }

    /// <summary>Ends when what a crash left has been dealt with, or that has failed for the first time; nothing has to
    /// wait for it.</summary>
    Task Recovery { get; }

    /// <summary>The store's background tasks.</summary>
    IEnumerable<BackgroundTask> Work { get; }

    /// <summary>The store's usage.</summary>
    StoreUsage GetUsage();

    /// <summary>Removes the chunks that no register needs and that no client has touched for a grace period, or reports
    /// what would be removed now; calls wait for each other.</summary>
    Task<GarbageCollectionResult> CollectAsync(
        TimeSpan gracePeriod, bool isDryRun, CancellationToken cancellationToken);

    /// <summary>The names with seals that no decision has released, a page at a time.</summary>
    /// <param name="after">The last name of the page before; null for the first page.</param>
    /// <param name="limit">The largest number of results.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<SealedPage> ListSealsAsync(string? after, int limit, CancellationToken cancellationToken);
}
