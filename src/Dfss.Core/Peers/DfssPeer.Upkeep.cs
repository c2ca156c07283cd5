using System.Globalization;
using Dfss.Storage;

namespace Dfss.Peers;

/// <content>What a peer does by itself: garbage collection and the scrub.</content>
public sealed partial class DfssPeer
{
    /// <summary>Finishes the scrub's round at hand, or makes a whole one, now.</summary>
    internal Task RunScrubRoundAsync(CancellationToken cancellationToken) => store.Scrubber.RunRoundAsync(cancellationToken);

    private async Task CollectAsync()
    {
        using PeriodicTimer timer = new(Options.CollectionInterval, Options.TimeProvider);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping.Token).ConfigureAwait(false))
            {
                await CollectOnceAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The peer stops.
        }
    }

    private async Task CollectOnceAsync()
    {
        try
        {
            GarbageCollectionResult result =
                await store.Collector.CollectAsync(Options.GracePeriod, stopping.Token).ConfigureAwait(false);
            if (result.ChunksDeleted > 0)
            {
                Log(string.Create(
                    CultureInfo.InvariantCulture, $"Garbage collection removed {result.ChunksDeleted} chunks, {result.BytesDeleted} bytes."));
            }
        }
        catch (Exception error) when (error is DfssException or IOException or UnauthorizedAccessException)
        {
            Log($"Garbage collection failed and will be tried again: {error.Message}");
        }
    }

    private async Task ScrubAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await store.Scrubber.RunAsync(store.Recovery, stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The peer stops.
        }
    }
}
