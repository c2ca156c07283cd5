using System.Security.Cryptography;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Transfer;

namespace Dfss.Tests.Survival;

/// <content>
/// A peer is stopped (SIGSTOP) in the middle of its collection and goes on when the other one has ended some. On a fake
/// engine the stop comes at a request that belongs to a phase; on a real one before a piece between clients and
/// peers.
/// </content>
internal sealed partial class CollectionRig
{
    /// <summary>
    /// Some 50 pieces pass between clients and peers in a collection: a stop comes before one of them.
    /// </summary>
    private const int MaxPieces = 50;

    /// <summary>While it is stopped, the other one ends at most so many.</summary>
    private const int MaxCollectionsMeanwhile = 4;

    /// <summary>The requests that stops come at, and the phase that the collection is in then.</summary>
    private static readonly (CollectionPhase Phase, string Method, string Keys, int Count)[] RequestsOfStop =
    [
        (CollectionPhase.Idle, "PUT", ObjectKeys.Lists, 1),
        (CollectionPhase.Condemned, "PUT", ObjectKeys.Lists, 2),
        (CollectionPhase.Deleting, "DELETE", ObjectKeys.Chunks, 1),
    ];

    private readonly SortedDictionary<string, int> stops = new(StringComparer.Ordinal);
    private readonly Dictionary<CollectionPhase, int> stopsInPhase = [];
    private bool areStopsAtRequests;
    private RequestStop? requestStop;
    private TaskCompletionSource stopDue = new();
    private int piecesLeft;

    /// <summary>How often a peer was stopped in its collection while that was in a phase.</summary>
    public int StopsIn(CollectionPhase phase)
    {
        lock (stops)
        {
            return stopsInPhase.GetValueOrDefault(phase);
        }
    }

    /// <summary>Whether stops come at requests, and there is a phase with none.</summary>
    private bool IsStopMissing => areStopsAtRequests && !ending.Task.IsCompleted
        && RequestsOfStop.Any(one => StopsIn(one.Phase) == 0);

    private FakeS3Fault LookAtRequest(FakeS3Request request)
    {
        Volatile.Read(ref requestStop)?.Look(request);
        return FakeS3Fault.None;
    }

    private void CountPiece()
    {
        if (Interlocked.Decrement(ref piecesLeft) == 0)
        {
            stopDue.TrySetResult();
        }
    }

    /// <summary>
    /// The other peer collects nothing until this one is stopped, so that the request is of this one.
    /// </summary>
    private async Task<(Task<OptimizeResult> Collection, bool WasStopped)> StopAtRequestAsync(
        int index, DfssClient client, Random moment)
    {
        SemaphoreSlim other = turns[1 - index];
        await WithinAsync(other.WaitAsync(), CollectionLimit, $"the collection of peer {1 - index} has not ended");
        bool isHeld = true;
        try
        {
            // There is something to collect.
            byte[] garbage = RandomNumberGenerator.GetBytes(100);
            await engine!.PutAsync(ObjectKeys.Incarnation(ChunkId.Of(garbage), Guid.NewGuid()), garbage, default);
            (_, string method, string keys, int count) = RequestsOfStop.MinBy(
                one => (StopsIn(one.Phase), moment.Next()));
            RequestStop due = new(method, keys, count, peers[index].Freeze);
            Volatile.Write(ref requestStop, due);
            Task<OptimizeResult> collection = client.OptimizeAsync(peers[index].Address, NoGrace);
            try
            {
                await WithinAsync(
                    Task.WhenAny(collection, due.Stopped), CollectionLimit, $"peer {index} has not come to be stopped");
                if (due.Withdraw())
                {
                    await due.Stopped;
                    await NoteStopAsync();
                    other.Release();
                    isHeld = false;
                    await WhileStoppedAsync(index, moment);
                    return (collection, true);
                }

                return (collection, false);
            }
            finally
            {
                // Where it is not stopped, this does nothing.
                due.Withdraw();
                Resume(index);
            }
        }
        finally
        {
            if (isHeld)
            {
                other.Release();
            }
        }
    }

    /// <returns>Whether it was stopped.</returns>
    private async Task<bool> StopAtPieceAsync(int index, Task collection, Random moment)
    {
        stopDue = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref piecesLeft, 1 + moment.Next(MaxPieces));
        await WithinAsync(
            Task.WhenAny(collection, stopDue.Task, ending.Task), CollectionLimit,
            $"a collection at peer {index} has not ended");
        if (collection.IsCompleted)
        {
            return false;
        }

        try
        {
            peers[index].Freeze();
            await NoteStopAsync();
            await WhileStoppedAsync(index, moment);
        }
        finally
        {
            Resume(index);
        }

        return true;
    }

    private async Task WhileStoppedAsync(int index, Random moment)
    {
        // It answers no client meanwhile, and need not be waited for.
        clients.ForEach(client => client.SeverFrom(index));
        for (int left = moment.Next(MaxCollectionsMeanwhile); left >= 0 && !pause.Begun.IsCompleted; left--)
        {
            await WithinAsync(
                Task.WhenAny(Volatile.Read(ref collected).Task, pause.Begun, ending.Task), CollectionLimit,
                $"no collection has ended while peer {index} was stopped");
        }
    }

    private void Resume(int index)
    {
        peers[index].Resume();
        clients.ForEach(client => client.Heal());
    }

    private async Task NoteStopAsync()
    {
        CollectionState state = await new CollectionCell(engine!, Guid.NewGuid).ReadAsync(default);
        Note($"peers stopped in a collection, which was {state.Phase}");
        lock (stops)
        {
            stopsInPhase[state.Phase] = stopsInPhase.GetValueOrDefault(state.Phase) + 1;
        }
    }

    private void Note(string what)
    {
        lock (stops)
        {
            stops[what] = stops.GetValueOrDefault(what) + 1;
        }
    }
}
