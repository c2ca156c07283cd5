namespace Dfss.Storage;

/// <summary>The content of a store at this moment.</summary>
/// <param name="Chunks">Chunks stored. After a start on disk it grows while the folders are counted in the
/// background.</param>
/// <param name="StoredBytes">Their lengths in bytes, added up.</param>
/// <param name="Quarantined">Bad chunks set aside and still kept.</param>
/// <param name="QuotaBytes">The most that may be stored; null: no limit.</param>
/// <param name="MinimumFreeBytes">
/// The bytes that are to stay free on its file system; null for a store in memory.
/// </param>
/// <param name="FreeBytes">Bytes left on the store's file system; null for a store in memory.</param>
internal readonly record struct StoreUsage(
    long Chunks, long StoredBytes, long Quarantined, long? QuotaBytes, long? MinimumFreeBytes, long? FreeBytes);
