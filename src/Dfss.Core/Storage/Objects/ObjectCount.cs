namespace Dfss.Storage;

/// <summary>
/// How much a store of objects has: counted by listing now and then, and what this peer has put since. What other peers
/// put or delete shows after the next count.
/// </summary>
internal sealed class ObjectCount(IObjectStore objects)
{
    private readonly Lock gate = new();
    private (long Chunks, long Bytes) put;
    private StoreUsage counted;

    /// <summary>The incarnations, and the objects in quarantine.</summary>
    public StoreUsage Usage
    {
        get
        {
            lock (gate)
            {
                return counted with
                {
                    Chunks = counted.Chunks + put.Chunks,
                    StoredBytes = counted.StoredBytes + put.Bytes,
                };
            }
        }
    }

    /// <summary>This peer has put a chunk.</summary>
    public void Note(int lengthBytes)
    {
        lock (gate)
        {
            put = (put.Chunks + 1, put.Bytes + lengthBytes);
        }
    }

    /// <summary>Lists the store and counts. One call at a time.</summary>
    public async Task CountAsync(CancellationToken cancellationToken)
    {
        (long Chunks, long Bytes) before;
        lock (gate)
        {
            before = put;
        }

        (long chunks, long bytes, long quarantined) = (0, 0, 0);
        await foreach (ObjectEntry entry in
            objects.ListAllAsync(ObjectKeys.Chunks, cancellationToken).ConfigureAwait(false))
        {
            (chunks, bytes) = (chunks + 1, bytes + entry.Length);
        }

        await foreach (ObjectEntry entry in
            objects.ListAllAsync(ObjectKeys.Quarantine, cancellationToken).ConfigureAwait(false))
        {
            quarantined++;
        }

        lock (gate)
        {
            counted = new StoreUsage(
                chunks, bytes, quarantined, QuotaBytes: null, MinimumFreeBytes: null, FreeBytes: null);
            // What was put meanwhile may be in the listing, and is counted once more until the next count.
            put = (put.Chunks - before.Chunks, put.Bytes - before.Bytes);
        }
    }
}
