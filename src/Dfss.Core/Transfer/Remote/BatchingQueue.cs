namespace Dfss.Transfer;

/// <summary>Batches the single requests of many callers: while one batch is under way, calls that arrive meanwhile wait
/// and share the next. So a lone caller never waits, and batches grow by themselves under load. Answers are matched by
/// index.</summary>
/// <remarks>Each caller is independent. A caller that gives up leaves the others their answers; a batch without waiting
/// callers is cancelled. An error that may be about one request has the batch sent again in halves, which every
/// operation here allows, so that in the end only that request's caller gets it. Any other error goes to all callers.
/// What a failing peer answers to every request (<see cref="MayBeOfThePeer"/>) is halved only until
/// <see cref="MaxAlike"/> requests in a row got it alone: then each remaining half is sent once, and if it fails, its
/// callers get that error. So a fail-stop costs a batch of 256 some 20 requests, and a row that cannot be read fails
/// its own file only.</remarks>
internal sealed class BatchingQueue<TRequest, TAnswer> : IAsyncDisposable
{
    /// <summary>3: two bad requests may be neighbours.</summary>
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
    /// <param name="nameOf">The key that may be only once in a batch; null for none.</param>
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

    /// <summary>Sends a request, together with those that arrive meanwhile.</summary>
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

    /// <summary>Waits until no batch is under way. The caller closes the peer's link before.</summary>
    public async ValueTask DisposeAsync()
    {
        Task last;
        lock (gate)
        {
            last = asking;
        }

        await last.ConfigureAwait(false);
    }

    /// <summary>Whether only the request itself can cause this error.</summary>
    private static bool IsAboutOne(DfssErrorCode code) =>
        code is DfssErrorCode.InvalidArgument or DfssErrorCode.InvalidName
            or DfssErrorCode.LimitExceeded or DfssErrorCode.ChunkCorrupt or DfssErrorCode.ChunkNotFound;

    /// <summary>
    /// Whether one request can cause this error, such as by a row that cannot be read, and a failing peer gives it to
    /// all.
    /// </summary>
    private static bool MayBeOfThePeer(DfssErrorCode code) =>
        code is DfssErrorCode.StoreFailed or DfssErrorCode.PeerFault
            or DfssErrorCode.ProtocolViolation;

    private void Leave(Waiter waiter)
    {
        CancellationTokenSource? abandoned = null;
        lock (gate)
        {
            waiter.HasLeft = true;
            if (waiter.Batch is { } batch && --batch.Waiting == 0)
            {
                abandoned = batch.Cancellation;
            }
        }

        abandoned?.Cancel();
    }

    /// <summary>Sends batch after batch until no caller waits. Does not fail: each failure goes to its
    /// callers.</summary>
    private async Task AskAllAsync()
    {
        // Off the caller's thread, and after other callers that are adding requests now.
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
            // No error is hidden: every caller gets it.
            batch.FailedAlone += error is DfssException failed && MayBeOfThePeer(failed.Code) ? 1 : 0;
            foreach (Waiter waiter in waiters)
            {
                waiter.Fail(error);
            }
        }
    }

    /// <summary>
    /// The next batch; null if no caller waits. Under the same lock the loop is then marked as ended.
    /// </summary>
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
                    if (taken.Count > 0 && bytes > limits.MaxBytes
                        || nameOf is not null && !names.Add(nameOf(next.Request)))
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
            // Its own copy, because an exception that was thrown is not shared; an unexpected failure has none.
            Answer.SetException(error is DfssException failed ? failed.Copy() : error);

            // Observed here, because a caller that has left does not observe it.
            _ = Answer.Task.Exception;
        }
    }

    // A source without timer or handle has nothing to dispose, and the last caller to leave may cancel it late.
#pragma warning disable CA1001
    private sealed class Batch(ArraySegment<Waiter> waiters)
#pragma warning restore CA1001
    {
        public ArraySegment<Waiter> Waiters => waiters;

        public CancellationTokenSource Cancellation { get; } = new();

        public int Waiting { get; set; } = waiters.Count;

        /// <summary>Requests in a row that were sent alone and got an error that may be the peer's.</summary>
        public int FailedAlone { get; set; }
    }
}

/// <summary>The most of one batch; a single request may be larger.</summary>
internal readonly record struct BatchLimits(int MaxItems, long MaxBytes);
