namespace Dfss.Storage;

/// <summary>Removes the chunks that no register needs and that nobody has touched for a grace period.</summary>
internal sealed class GarbageCollector
{
    /// <summary>24 hours: longer than any send is expected to take between a chunk's put and its file's seal.</summary>
    public static readonly TimeSpan DefaultGracePeriod = TimeSpan.FromHours(24);

    /// <summary>Marks and sweeps once; calls wait for each other.</summary>
    public Task<GarbageCollectionResult> CollectAsync(TimeSpan gracePeriod, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
