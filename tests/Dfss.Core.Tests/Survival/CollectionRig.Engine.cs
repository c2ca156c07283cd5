using Dfss.Storage;
using Dfss.Testing;
using Dfss.Transfer;

namespace Dfss.Tests.Survival;

/// <content>
/// Two peers of one store in an engine, which collect over and over. One of them is stopped now and then in the middle
/// of its collection.
/// </content>
internal sealed partial class CollectionRig
{
    private const int PeersOfEngine = 2;

    /// <summary>A peer is stopped in one of so many of its collections.</summary>
    private const int CollectionsOfStop = 3;

    /// <summary>How long a collection may take while its peer is not stopped.</summary>
    private static readonly TimeSpan CollectionLimit = TimeSpan.FromMinutes(2);

    /// <summary>How long it may take until all collections have ended.</summary>
    private static readonly TimeSpan EndLimit = TimeSpan.FromMinutes(10);

    private readonly IObjectStore? engine;
    private readonly TaskCompletionSource ending = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Held while a peer is stopped, or is to be, and while none may be.</summary>
    private readonly SemaphoreSlim oneStop = new(1);

    /// <summary>One for each peer, held while it collects.</summary>
    private readonly SemaphoreSlim[] turns = [new(1), new(1)];

    private TaskCompletionSource collected = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="seed">What all that is random follows from.</param>
    /// <param name="address">Where the store is: <c>s3://...</c>.</param>
    /// <param name="engine">The objects there.</param>
    /// <param name="settings">How the peers run.</param>
    /// <param name="fake">The engine itself where it is a fake: peers are stopped at its requests then.</param>
    public static async Task<CollectionRig> StartOnEngineAsync(
        int seed, string address, IObjectStore engine, PeerSettings settings, FakeS3? fake = null)
    {
        CollectionRig rig = new(seed, engine) { areStopsAtRequests = fake is not null };
        fake?.Fault = rig.LookAtRequest;
        rig.peers = await PeerGroup.StartAsync(
            [.. Enumerable.Repeat(address, PeersOfEngine)],
            settings with { AdvertisedAddress = PeerGroup.Nowhere });
        rig.Begin();
        return rig;
    }

    private static async Task WithinAsync(Task task, TimeSpan limit, string what)
    {
        try
        {
            await task.WaitAsync(limit);
        }
        catch (TimeoutException cause) when (!task.IsCompleted)
        {
            throw new TimeoutException($"For {limit.TotalSeconds:0} s {what}.", cause);
        }
    }

    private async Task CollectAndStopAsync(int index, Random moment)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await pause.Ended;
                await WithinAsync(
                    turns[index].WaitAsync(), CollectionLimit, $"peer {index} could not begin a collection");
                try
                {
                    await CollectOnceAsync(index, moment);
                }
                finally
                {
                    turns[index].Release();
                }
            }
        }
        finally
        {
            // The other one waits for no collection of this one then.
            ending.TrySetResult();
        }
    }

    private async Task CollectOnceAsync(int index, Random moment)
    {
        await using DfssClient client = new([peers[index].Address], TransferOptions.Default);
        bool isToStop = (IsStopMissing || moment.Next(CollectionsOfStop) == 0) && await oneStop.WaitAsync(0);
        bool wasStopped = false;
        Task<OptimizeResult> collection;
        try
        {
            if (isToStop && areStopsAtRequests)
            {
                (collection, wasStopped) = await StopAtRequestAsync(index, client, moment);
            }
            else
            {
                collection = client.OptimizeAsync(peers[index].Address, NoGrace);
                wasStopped = isToStop && await StopAtPieceAsync(index, collection, moment);
            }
        }
        finally
        {
            if (isToStop)
            {
                oneStop.Release();
            }
        }

        try
        {
            await WithinAsync(collection, CollectionLimit, $"a collection at peer {index} has not ended");
            results.Enqueue(await collection);
        }
        catch (DfssException error)
            when (wasStopped && error.Code is DfssErrorCode.PeerUnreachable or DfssErrorCode.TimedOut)
        {
            Note($"collections failed with {error.Code}, of a peer that was stopped for longer than its client waits");
        }
        finally
        {
            TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Interlocked.Exchange(ref collected, next).SetResult();
        }
    }

    private async Task EndAsync()
    {
        ending.TrySetResult();
        await stop.CancelAsync();
    }
}
