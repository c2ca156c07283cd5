using System.Globalization;
using Dfss.Storage;

namespace Dfss.Peers;

/// <content>The background tasks of a peer: garbage collection, the scrub, and the states of all of them.</content>
public sealed partial class DfssPeer
{
    /// <summary>How the peer's work in the background is getting on.</summary>
    public IReadOnlyList<BackgroundTaskInfo> BackgroundTasks =>
        [.. store.Work.Append(collection).Append(identityWatch).Append(renewal).Append(tokenWatch)
            .Select(work => work.State)];

    /// <summary>Its chunks, for tests that lose some; of a store of this machine.</summary>
    internal ILocalChunkStore Chunks => (ILocalChunkStore)store.Chunks;

    /// <summary>Finishes the scrub's round at hand, or makes a whole one, now.</summary>
    internal Task RunScrubRoundAsync(CancellationToken cancellationToken) =>
        store.Scrubber?.RunRoundAsync(cancellationToken) ?? Task.CompletedTask;

    private BackgroundTask NewWork(string name, TimeSpan interval) =>
        new(name, interval, Options.TimeProvider, Options.Log);

    private async Task<TimeSpan?> CollectAsync(CancellationToken cancellationToken)
    {
        GarbageCollectionResult result = await store.CollectAsync(
            Options.GracePeriod, isDryRun: false, cancellationToken).ConfigureAwait(false);
        if (result.ChunksDeleted > 0)
        {
            Log(string.Create(
                CultureInfo.InvariantCulture,
                $"Garbage collection removed {result.ChunksDeleted} chunks, {result.BytesDeleted} bytes."));
        }

        return Options.CollectionInterval;
    }

    private async Task ScrubAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (store.Scrubber is { } scrubber)
        {
            await scrubber.RunAsync(store.Recovery, stopping.Token).ConfigureAwait(false);
        }
    }
}
