namespace Dfss.Storage;

/// <summary>
/// Makes durable what writers append: one thread syncs segments, whole groups of records at a time, and not only when a
/// flush asks. A sync that failed is final: the kernel may have dropped what it could not write and call it clean, so
/// what the segment took since its last good sync is missing again, and the segment takes no more.
/// </summary>
internal sealed partial class SegmentSync : IAsyncDisposable
{
    private readonly StoreLayout layout;
    private readonly SegmentTable segments;
    private readonly DurableFile files;
    private readonly ChunkIndex index;
    private readonly FailStopLatch fault;
    private readonly Action<Segment> giveBack;
    private readonly object gate = new();
    private readonly HashSet<Segment> open = [];
    private readonly HashSet<Segment> wanted = [];
    private readonly HashSet<Segment> taken = [];
    private readonly TaskCompletionSource threadEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PendingFlush? waiting;

    // A failure that no flush has reported yet: the next one does, though it may be another caller's.
    private DfssException? untold;
    private bool isIdle;
    private bool isClosing;

    /// <remarks><paramref name="giveBack"/> is called for each segment that was taken, once it is synced or has
    /// failed.</remarks>
    public SegmentSync(
        StoreLayout layout, SegmentTable segments, DurableFile files, ChunkIndex index, FailStopLatch fault,
        Action<Segment> giveBack)
    {
        this.layout = layout;
        this.segments = segments;
        this.files = files;
        this.index = index;
        this.fault = fault;
        this.giveBack = giveBack;
        new Thread(RunUntilClosed) { IsBackground = true, Name = "dfss sync" }.Start();
    }

    /// <summary>Includes a segment in the flushes to come.</summary>
    public void Add(Segment segment)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isClosing, this);
            open.Add(segment);
        }
    }

    /// <summary>Asks for a sync of a segment that is written on meanwhile.</summary>
    public void Request(Segment segment)
    {
        lock (gate)
        {
            if (wanted.Add(segment))
            {
                Monitor.Pulse(gate);
            }
        }
    }

    /// <summary>Takes a segment that is not written on until it is given back.</summary>
    public void Take(Segment segment)
    {
        lock (gate)
        {
            taken.Add(segment);
            Monitor.Pulse(gate);
        }
    }

    /// <summary>Waits until all that was appended before is durable, or missing again.</summary>
    /// <returns>A failure that no caller has been told yet; null where there is none.</returns>
    public async Task<DfssException?> FlushAsync(CancellationToken cancellationToken)
    {
        PendingFlush flush;
        lock (gate)
        {
            if (isIdle && untold is null && wanted.Count + taken.Count == 0
                && open.All(segment => segment.UnsyncedBytes == 0))
            {
                return null;
            }

            ObjectDisposedException.ThrowIf(isClosing, this);
            flush = waiting ??= new PendingFlush();
            flush.Waiters++;
            Monitor.Pulse(gate);
        }

        try
        {
            return await flush.Result.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (gate)
            {
                flush.Waiters--;
                if (flush.Waiters == 0)
                {
                    // No other caller was told.
                    untold ??= flush.Error;
                }
            }

            throw;
        }
    }

    /// <summary>Keeps a failure for the next flush: the caller that was told it is none that put chunks.</summary>
    public void KeepUntold(DfssException error)
    {
        lock (gate)
        {
            untold ??= error;
        }
    }

    /// <summary>Syncs what is left, writes the indexes, and ends the thread.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            isClosing = true;
            Monitor.Pulse(gate);
        }

        await threadEnded.Task.ConfigureAwait(false);
    }

    private void RunUntilClosed()
    {
        bool isLast = false;
        while (!isLast)
        {
            PendingFlush? flush;
            Segment[] round, owned;
            lock (gate)
            {
                isIdle = true;
                while (waiting is null && wanted.Count + taken.Count == 0 && !isClosing)
                {
                    Monitor.Wait(gate);
                }

                isIdle = false;
                isLast = isClosing;
                (flush, waiting) = (waiting, null);
                owned = [.. taken];
                round = [.. (flush is null && !isLast ? wanted : open).Union(taken)];
                wanted.Clear();
                taken.Clear();
            }

            foreach (Segment segment in round)
            {
                Run(segment, isLast || owned.Contains(segment), isLast);
                if (!isLast && owned.Contains(segment))
                {
                    giveBack(segment);
                }
            }

            Tell(flush);
        }

        threadEnded.SetResult();
    }

    /// <summary>One segment of a round.</summary>
    private void Run(Segment segment, bool mayFinish, bool isLast)
    {
        try
        {
            Sync(segment);
            if (mayFinish)
            {
                Finish(segment, isLast);
            }
        }
        catch (Exception exception)
        {
            // The edge of the thread: an exception here would end the process. It is unknown what it left undone.
            fault.Set(exception);
            lock (gate)
            {
                untold ??= StoreErrors.Fault(layout.Root, exception);
                open.Remove(segment);
            }

            segment.State = SegmentState.Closed;
        }
    }

    private void Tell(PendingFlush? flush)
    {
        if (flush is null)
        {
            return;
        }

        lock (gate)
        {
            flush.Result.SetResult(untold);
            if (flush.Waiters > 0)
            {
                (flush.Error, untold) = (untold, null);
            }
        }
    }

    private void Sync(Segment segment)
    {
        long length = segment.Length;
        if (segment.State != SegmentState.Open || length == segment.DurableLength)
        {
            return;
        }

        try
        {
            files.SyncData(segment.Writer!, segment.Path);
            if (!segment.IsNameDurable)
            {
                // Where that fails, it is unknown which names are lost.
                segments.SyncNames();
                segment.IsNameDurable = true;
            }

            lock (segment)
            {
                segment.DurableLength = length;
                WriteMark(segment);
            }
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            Fail(segment, StoreErrors.From(exception, layout.Root));
        }
        catch (DfssException exception)
        {
            Fail(segment, exception);
        }
    }

    /// <summary>What the next start finds durable without reading it, if this process is killed.</summary>
    private void WriteMark(Segment segment)
    {
        try
        {
            files.Write(segment.Writer!, segment.Path, segment.Mark, SegmentFormat.MarkAt);
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            // Then that start verifies more.
        }
    }

    /// <summary>One flush, which several callers may wait for.</summary>
    private sealed class PendingFlush
    {
        /// <summary>What the callers are told.</summary>
        public TaskCompletionSource<DfssException?> Result { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>How many have not given up.</summary>
        public int Waiters { get; set; }

        /// <summary>What those that had not were told.</summary>
        public DfssException? Error { get; set; }
    }
}
