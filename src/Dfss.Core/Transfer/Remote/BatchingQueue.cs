namespace Dfss.Transfer;

/// <summary>
/// Gathers what many callers ask one at a time into batches: while one is under way, those who come meanwhile wait and go
/// together in the next. So a lone caller waits for nobody, and batches grow by themselves under load. Answers come by index.
/// </summary>
/// <remarks>
/// Each caller stands for itself. A caller that gives up leaves the others theirs; a batch that nobody waits for any more is
/// cancelled. An error that may be about one request has the batch asked again in halves, which every operation here allows, so
/// that in the end only that request's caller gets it. Any other is everybody's. What a failing peer answers to everything
/// (<see cref="MayBeOfThePeer"/>) is halved only until <see cref="MaxAlike"/> requests in a row got it alone: then each half
/// that is left is asked once, and if it fails, its callers get that error. So a blown fuse costs a batch of 256 some 20
/// requests, and a row that cannot be read fails its own file only.
/// </remarks>
internal sealed class BatchingQueue<TRequest, TAnswer> : IAsyncDisposable
{
    /// <summary>3: two bad requests may well stand side by side.</summary>
    private const int MaxAlike = 3;

    private readonly Func<IReadOnlyList<TRequest>, CancellationToken, ValueTask<IReadOnlyList<TAnswer>>> ask;
    private readonly Func<TRequest, int> measure;
    private readonly Func<TRequest, string>? nameOf;
    private readonly BatchLimits limits;
    private readonly Lock gate = new();
    private readonly Queue<Waiter> waiting = [];
    private bool isAsking;
    private Task asking = Task.CompletedTask;

    /// <param name="ask">Asks a batch; gives as many answers, in its order.</param>
    /// <param name="limits">The most of one batch.</param>
    /// <param name="measure">A request's bytes, or its answer's, whichever count for <paramref name="limits"/>.</param>
    /// <param name="nameOf">What may stand only once in a batch; null where nothing is so.</param>
    public BatchingQueue(
        Func<IReadOnlyList<TRequest>, CancellationToken, ValueTask<IReadOnlyList<TAnswer>>> ask,
        BatchLimits limits,
        Func<TRequest, int> measure,
        Func<TRequest, string>? nameOf = null)
    {
        this.ask = ask;
        this.limits = limits;
        this.measure = measure;
        this.nameOf = nameOf;
    }

    /// <summary>Asks, together with whoever asks meanwhile.</summary>
    public async ValueTask<TAnswer> AskAsync(TRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter waiter = new(request);
        lock (gate)
        {
            waiting.Enqueue(waiter);
            if (!isAsking)
            {
                isAsking = true;
                asking = AskAllAsync();
            }
        }

        try
        {
            return await waiter.Answer.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Leave(waiter);
        }
    }

    /// <summary>Waits until no batch is under way. Whoever disposes has ended or closed what is asked before.</summary>
    public async ValueTask DisposeAsync()
    {
        Task last;
        lock (gate)
        {
            last = asking;
        }

        await last.ConfigureAwait(false);
    }

    /// <summary>What only a request can be blamed for.</summary>
    private static bool IsAboutOne(DfssErrorCode code) => code is DfssErrorCode.InvalidArgument or DfssErrorCode.InvalidName
        or DfssErrorCode.LimitExceeded or DfssErrorCode.ChunkCorrupt or DfssErrorCode.ChunkNotFound;

    /// <summary>What one request can provoke, as by a row that cannot be read, and a failing peer answers to all.</summary>
    private static bool MayBeOfThePeer(DfssErrorCode code) => code is DfssErrorCode.StoreFailed or DfssErrorCode.PeerFault
        or DfssErrorCode.ProtocolViolation;

    private void Leave(Waiter waiter)
    {
        CancellationTokenSource? nobodyWaits = null;
        lock (gate)
        {
            waiter.HasLeft = true;
            if (waiter.Batch is { } batch && --batch.Waiting == 0)
            {
                nobodyWaits = batch.Cancellation;
            }
        }

        nobodyWaits?.Cancel();
    }

    /// <summary>Asks batch after batch until nobody waits. Does not fail: each failure goes to those who asked.</summary>
    private async Task AskAllAsync()
    {
        // Off the caller's thread, and after those who are just asking too.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (TakeBatch() is { } batch)
        {
            await AskAsync(batch, batch.Waiters).ConfigureAwait(false);
        }
    }

    private async Task AskAsync(Batch batch, ArraySegment<Waiter> waiters)
    {
        try
        {
            IReadOnlyList<TAnswer> answers = await ask(
                [.. waiters.Select(waiter => waiter.Request)], batch.Cancellation.Token).ConfigureAwait(false);
            if (answers.Count != waiters.Count)
            {
                throw new InvalidOperationException($"{answers.Count} answers came to {waiters.Count} requests.");
            }

            batch.FailedAlone = 0;
            for (int i = 0; i < waiters.Count; i++)
            {
                waiters[i].Answer.SetResult(answers[i]);
            }
        }
        catch (DfssException error) when (waiters.Count > 1
            && (IsAboutOne(error.Code) || (MayBeOfThePeer(error.Code) && batch.FailedAlone < MaxAlike)))
        {
            int half = waiters.Count / 2;
            await AskAsync(batch, waiters[..half]).ConfigureAwait(false);
            await AskAsync(batch, waiters[half..]).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // Nothing is hidden: everybody who asked gets it.
            batch.FailedAlone += error is DfssException failed && MayBeOfThePeer(failed.Code) ? 1 : 0;
            foreach (Waiter waiter in waiters)
            {
                waiter.Fail(error);
            }
        }
    }

    /// <summary>The next batch; null where nobody waits, and then the asking ends, in one step with finding that out.</summary>
    private Batch? TakeBatch()
    {
        lock (gate)
        {
            List<Waiter> taken = [];
            HashSet<string> names = new(StringComparer.Ordinal);
            long bytes = 0;
            while (waiting.TryPeek(out Waiter? next) && taken.Count < limits.MaxItems)
            {
                if (!next.HasLeft)
                {
                    bytes += measure(next.Request);
                    if (taken.Count > 0 && bytes > limits.MaxBytes || nameOf is not null && !names.Add(nameOf(next.Request)))
                    {
                        break;
                    }

                    taken.Add(next);
                }

                waiting.Dequeue();
            }

            isAsking = taken.Count > 0;
            if (!isAsking)
            {
                return null;
            }

            Batch batch = new(taken.ToArray());
            taken.ForEach(waiter => waiter.Batch = batch);
            return batch;
        }
    }

    private sealed class Waiter(TRequest request)
    {
        public TRequest Request => request;

        public TaskCompletionSource<TAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Batch? Batch { get; set; }

        public bool HasLeft { get; set; }

        public void Fail(Exception error)
        {
            // Its own copy, as one that was thrown is told to nobody else; what is no expected failure has none.
            Answer.SetException(error is DfssException failed ? failed.Copy() : error);

            // Looked at, since whoever has left does not, and it would count as unobserved.
            _ = Answer.Task.Exception;
        }
    }

#pragma warning disable CA1001 // A source without timer or handle has nothing to dispose, and the last to leave may cancel it late.
    private sealed class Batch(ArraySegment<Waiter> waiters)
#pragma warning restore CA1001
    {
        public ArraySegment<Waiter> Waiters => waiters;

        public CancellationTokenSource Cancellation { get; } = new();

        public int Waiting { get; set; } = waiters.Count;

        /// <summary>Requests in a row that got, asked alone, what may be the peer's error.</summary>
        public int FailedAlone { get; set; }
    }
}

/// <summary>The most of one batch; a single request may be larger.</summary>
internal readonly record struct BatchLimits(int MaxItems, long MaxBytes);
