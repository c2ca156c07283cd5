using Dfss.Storage;
using Dfss.Testing;
using Dfss.Transfer;

namespace Dfss.Tests.Survival;

/// <content>
/// Two peers of one store in an engine. One of them is stopped (SIGSTOP) now and then in the middle of its collection,
/// and goes on when the other one has ended some.
/// </content>
internal sealed partial class CollectionRig
{
    private const int PeersOfEngine = 2;

    /// <summary>A peer is stopped in one of so many of its collections.</summary>
    private const int CollectionsOfStop = 3;

    /// <summary>
    /// Some 50 pieces pass between clients and peers in a collection: a stop comes before one of them.
    /// </summary>
    private const int MaxPieces = 50;

    /// <summary>While it is stopped, the other one ends at most so many.</summary>
    private const int MaxCollectionsMeanwhile = 4;

    private readonly IObjectStore? engine;
    private readonly SortedDictionary<string, int> stops = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource ending = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Held while a peer is stopped, or is to be, and while none may be.</summary>
    private readonly SemaphoreSlim oneStop = new(1);

    private TaskCompletionSource collected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource stopDue = new();
    private int piecesLeft;

    /// <param name="seed">What all that is random follows from.</param>
    /// <param name="address">Where the store is: <c>s3://...</c>.</param>
    /// <param name="engine">The objects there.</param>
    /// <param name="settings">How the peers run.</param>
    public static async Task<CollectionRig> StartOnEngineAsync(
        int seed, string address, IObjectStore engine, PeerSettings settings)
    {
        CollectionRig rig = new(seed, engine);
        rig.peers = await PeerGroup.StartAsync(
            [.. Enumerable.Repeat(address, PeersOfEngine)],
            settings with { AdvertisedAddress = PeerGroup.Nowhere });
        rig.Begin();
        return rig;
    }

    private void CountPiece()
    {
        if (Interlocked.Decrement(ref piecesLeft) == 0)
        {
            stopDue.TrySetResult();
        }
    }

    private async Task CollectAndStopAsync(int index, Random moment)
    {
        while (!stop.IsCancellationRequested)
        {
            await pause.Ended;
            await using DfssClient client = new([peers[index].Address], TransferOptions.Default);
            Task<OptimizeResult> collection = client.OptimizeAsync(peers[index].Address, NoGrace);
            if (moment.Next(CollectionsOfStop) == 0 && await oneStop.WaitAsync(0))
            {
                try
                {
                    await StopWithinAsync(index, collection, moment);
                }
                finally
                {
                    oneStop.Release();
                }
            }

            await EndAsync(collection);
        }
    }

    private async Task EndAsync(Task<OptimizeResult> collection)
    {
        try
        {
            results.Enqueue(await collection);
        }
        catch (DfssException error)
        {
            // It was stopped for longer than its client waits.
            Note($"collections failed with {error.Code}");
        }

        Interlocked.Exchange(
            ref collected, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    private async Task StopWithinAsync(int index, Task collection, Random moment)
    {
        stopDue = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref piecesLeft, 1 + moment.Next(MaxPieces));
        await Task.WhenAny(collection, stopDue.Task, ending.Task);
        if (collection.IsCompleted)
        {
            return;
        }

        peers[index].Freeze();
        try
        {
            // It answers no client meanwhile, and need not be waited for.
            clients.ForEach(client => client.SeverFrom(index));
            CollectionState state = await new CollectionCell(engine!, Guid.NewGuid).ReadAsync(default);
            Note($"peers stopped in a collection, which was {state.Phase}");
            for (int left = moment.Next(MaxCollectionsMeanwhile); left >= 0 && !pause.Begun.IsCompleted; left--)
            {
                await Task.WhenAny(Volatile.Read(ref collected).Task, pause.Begun, ending.Task);
            }
        }
        finally
        {
            peers[index].Resume();
            clients.ForEach(client => client.Heal());
        }
    }

    private void Note(string what)
    {
        lock (stops)
        {
            stops[what] = stops.GetValueOrDefault(what) + 1;
        }
    }

    private async Task EndAsync()
    {
        ending.TrySetResult();
        await stop.CancelAsync();
    }
}
