using System.Runtime.CompilerServices;

namespace Dfss.Transfer;

/// <summary>Gets one chunk from the first holder that delivers it. One holder is asked; while it is late, a hedged
/// request goes to a second, if there is memory for both and the budget of hedged requests allows it; the first
/// verified answer is used. So a slow, stalled or lost holder costs a short delay and not a time-out.</summary>
/// <param name="fetcher">What all chunks of the file share.</param>
/// <param name="id">The chunk.</param>
/// <param name="chunkIndex">Its place in the file; null for the manifest.</param>
/// <param name="length">Its length.</param>
internal sealed partial class ChunkRead(ChunkFetcher fetcher, ChunkId id, int? chunkIndex, int length)
{
    /// <summary>Two at a time: a third only adds load, and a stalled one can be replaced by another.</summary>
    private const int MostAtOnce = 2;

    private readonly List<ChunkRequest> running = new(MostAtOnce);

    // The holders that sent wrong bytes in an earlier walk. They have quarantined the chunk since and do not have it
    // any more; the reason is still that it was corrupt.
    private HashSet<StoreId>? corruptHolders;
    private List<Failure>? failures;
    private List<Task>? reports;
    private ReplicaOrder order = null!;
    private DfssErrorCode code;

    private Home Home => fetcher.Home;

    private HolderHealth Health => fetcher.Health;

    private TimeProvider Clock => fetcher.Options.TimeProvider;

    /// <summary>One walk round the ring.</summary>
    /// <returns>The chunk, in memory that the caller returns.</returns>
    /// <exception cref="DfssException">No holder delivered it; names the chunk, the holders tried and each one's
    /// reason.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ChunkBuffer> WalkAsync(CancellationToken cancellationToken)
    {
        order = new ReplicaOrder(Home, fetcher.Placement, chunkIndex ?? 0, Health);
        failures?.Clear();
        code = DfssErrorCode.ChunkNotFound;
        Health.CountRead();
        ChunkBuffer? free = await fetcher.RentAsync(chunkIndex, length, cancellationToken).ConfigureAwait(false);
        try
        {
            while (true)
            {
                if (running.Count == 0)
                {
                    int step = order.FindAny();
                    if (step < 0)
                    {
                        throw await FailAsync().ConfigureAwait(false);
                    }

                    Ask(step, free!, cancellationToken);
                    free = null;
                }

                if (await WaitAsync().ConfigureAwait(false) is not ChunkRequest ended)
                {
                    await AskNowAsync(cancellationToken).ConfigureAwait(false);
                    continue;
                }

                ChunkAnswer answer = await ended.Answer.ConfigureAwait(false);
                running.Remove(ended);
                if (answer.Length == length)
                {
                    return Win(ended);
                }

                NoteFailure(ended, answer);
                free = Keep(Retire(ended));
            }
        }
        finally
        {
            free?.Dispose();
            running.ForEach(fetcher.AbandonedRequests.LeaveAnswer);
            running.Clear();
        }
    }

    private void Ask(int step, ChunkBuffer buffer, CancellationToken cancellationToken) => running.Add(
        ChunkRequest.Ask(Home, order.Take(step), Chunk, buffer, Clock, cancellationToken));

    private NamedChunk Chunk => new(id, fetcher.Record.Name, fetcher.Record.FileId, chunkIndex);

    /// <summary>The request that has ended; null if all are late.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ChunkRequest?> WaitAsync()
    {
        Task ended = running[0].Answer;
        if (running.Count > 1)
        {
            ended = Task.WhenAny(ended, running[1].Answer);
        }

        if (!ended.IsCompleted)
        {
            TimeSpan left = Health.HedgeDelay(length) - Clock.GetElapsedTime(running[^1].AskedAt);
            await ended.WaitAsync(left > HolderHealth.LeastDelay ? left : HolderHealth.LeastDelay, Clock)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return running.Find(question => question.Answer.IsCompleted);
    }

    /// <summary>Asks one more holder, or another instead of a stalled one.</summary>
    private async ValueTask AskNowAsync(CancellationToken cancellationToken)
    {
        ChunkRequest first = running[0];
        bool isStalled = first.IsStalled();
        if (isStalled && Home.Members[first.Member].StoreId is StoreId id)
        {
            Health.Avoid(id);
        }

        if (running.Count < MostAtOnce && TryAskSecond(first, isStalled, cancellationToken))
        {
            return;
        }

        int instead = isStalled ? order.FindLikely() : -1;
        if (instead >= 0)
        {
            running.Remove(first);
            first.Cancel();
            await ((Task)first.Answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            string detail = $"nothing was received for {HolderHealth.StallTime.TotalSeconds:0} s.";
            Note(first.Member, $"{NameOf(first.Member)}: {detail}", isHoldersFault: true, detail);
            code = DfssErrorCode.TimedOut;
            Ask(instead, Retire(first), cancellationToken);
        }
    }

    private bool TryAskSecond(ChunkRequest first, bool isStalled, CancellationToken cancellationToken)
    {
        // A holder that is merely slow has the chunk: only another likely and good holder is worth asking too. A
        // stalled one may have been skipped when the chunk was sent, so that the chunk is further on.
        int step = isStalled ? order.FindAny() : order.FindPreferred();
        if (step < 0 || !Health.TryTakeHedge())
        {
            return false;
        }

        if (fetcher.TryRentSpare(chunkIndex, length) is not ChunkBuffer spare)
        {
            Health.ReturnHedge();
            return false;
        }

        Say($"{NameOf(first.Member)} is late; another peer is asked too.");
        Ask(step, spare, cancellationToken);
        return true;
    }

    private ChunkBuffer Win(ChunkRequest winner)
    {
        bool wasLate = false;
        ChunkBuffer buffer = winner.TakeBuffer();
        foreach (ChunkRequest other in running)
        {
            other.GiveSlotTo(buffer);
            if (other.AskedAt >= winner.AskedAt)
            {
                wasLate = true;
                continue;
            }

            string name = NameOf(other.Member);
            Say($"{name} was slower than {winner.Peer}, which was asked later.");
            if (Health.Avoid(IdOf(other.Member)))
            {
                Health.Tell(IdOf(other.Member), $"{name} is slow to answer: chunks come from the other holders.");
            }
        }

        Health.CountAnswer(winner.Peer!.StoreId, length, winner.AskedAt, wasLate);
        failures?.ForEach(TellFailure);
        reports?.ForEach(fetcher.AbandonedRequests.LeaveReport);
        winner.Dispose();
        return buffer;
    }

    /// <summary>Memory for the next request; none while another request is under way, which continues in its
    /// place.</summary>
    private ChunkBuffer? Keep(ChunkBuffer buffer)
    {
        if (running.Count == 0)
        {
            return buffer;
        }

        running[0].TakeSlotOf(buffer);
        buffer.Dispose();
        return null;
    }

    /// <summary>The memory of a request that has ended without the chunk, with its place among the chunks in
    /// flight.</summary>
    private static ChunkBuffer Retire(ChunkRequest question)
    {
        ChunkBuffer buffer = question.TakeBuffer();
        question.Dispose();
        return buffer;
    }

    private StoreId IdOf(int member) => Home.Members[member].StoreId!.Value;

    private string NameOf(int member) => Home[member]?.ToString() ?? Home.Members[member].DisplayName;

    private void Say(string text) => fetcher.Options.Verbose?.Invoke($"{What} of '{fetcher.Record.Name}': {text}");
}
