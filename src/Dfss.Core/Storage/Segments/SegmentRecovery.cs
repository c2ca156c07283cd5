using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>
/// What a start finds. Segments are taken as their indexes list them. Behind that is what a crash left. Up to the
/// segment's mark it was on stable storage. The rest counts only where its bytes hash to its id. In the background such
/// records are written again, in their places, and synced: their pages may have failed to reach the disk while the
/// process before still lived, and be in the cache only. Then they are chunks like any other, and what is torn behind
/// them is cut off. Until then no other part of the store changes the segment; and nothing of it is given up while the
/// disk cannot read a part of it.
/// </summary>
internal sealed partial class SegmentRecovery : IAsyncDisposable
{
    /// <summary>1 h: what stops it, a disk that fails for example, needs an operator.</summary>
    private static readonly TimeSpan MaxPause = TimeSpan.FromHours(1);

    private readonly StoreLayout layout;
    private readonly SegmentTable segments;
    private readonly DurableFile files;
    private readonly ChunkIndex index;
    private readonly ChunkQuarantine quarantine;
    private readonly SegmentLoader loader;
    private readonly Action<string>? log;
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource firstPass = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly UnverifiedChunks unverified = new();
    private readonly ConcurrentQueue<FoundSegment> left = new();
    private Task running = Task.CompletedTask;

    public SegmentRecovery(
        StoreLayout layout, SegmentTable segments, DurableFile files, ChunkIndex index, ChunkQuarantine quarantine,
        LocalStoreOptions options)
    {
        this.layout = layout;
        this.segments = segments;
        this.files = files;
        this.index = index;
        this.quarantine = quarantine;
        log = options.Log;
        loader = new SegmentLoader(layout, segments, files, index, unverified, quarantine);
        Work = new BackgroundTask("Recovery of the store", MaxPause, options.TimeProvider, options.Log);
    }

    /// <summary>Ends when the first pass has ended; fails as it did, and the work is then tried again.</summary>
    public Task Completion => firstPass.Task;

    /// <summary>The work, and how it is getting on.</summary>
    public BackgroundTask Work { get; }

    /// <summary>Fills the index with all that is durable.</summary>
    /// <param name="maxOpen">How many segments may take more.</param>
    /// <returns>Those: segments that have room, and nothing to recover. They are open for writing.</returns>
    public IReadOnlyList<Segment> Load(int maxOpen)
    {
        List<Segment> open = [];
        foreach (FoundSegment found in loader.Load().OrderBy(found => found.Segment.Length))
        {
            Segment segment = found.Segment;
            if (found is { IsKnown: true, IsFull: false } && open.Count < maxOpen && TryOpen(segment))
            {
                segment.Records = found.Trusted;
                segment.State = SegmentState.Open;
                open.Add(segment);
            }
            else if (found.IsKnown && segment.IsIndexed)
            {
                segment.State = SegmentState.Closed;
            }
            else
            {
                left.Enqueue(found);
            }
        }

        return open;
    }

    /// <summary>Begins.</summary>
    public void Start() => running = Work.RunAsync(PassAsync, firstWait: TimeSpan.Zero, stop.Token);

    /// <summary>Where a chunk is that is not verified yet, if it is whole.</summary>
    public bool TryFind(ChunkId id, out ChunkLocation location)
    {
        foreach (ChunkLocation copy in unverified.Find(id))
        {
            if (IsWhole(new SegmentRecord(id, copy)))
            {
                location = copy;
                return true;
            }
        }

        location = default;
        return false;
    }

    /// <summary>The ids that begin with this byte of the chunks that are not verified yet.</summary>
    public IReadOnlyList<ChunkId> List(int firstByte) => unverified.IsEmpty ? [] : unverified.List(firstByte);

    /// <summary>
    /// Whether a chunk that was not found may be there all the same: where the disk cannot read, or a durable record
    /// has not been found.
    /// </summary>
    public bool MayHold(ChunkId id) => unverified.Find(id).Count > 0 || left.Any(found => found.MayHaveLost);

    /// <summary>Forgets a chunk that is not verified yet.</summary>
    public void Forget(ChunkId id) => unverified.Forget(id);

    /// <summary>Stops; what is not done is left to the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        firstPass.TrySetCanceled(stop.Token);
        stop.Dispose();
    }

    /// <summary>Opens a segment for writing; one that cannot be opened takes no more.</summary>
    private static bool TryOpen(Segment segment)
    {
        try
        {
            segment.Writer = SegmentTable.OpenForWriting(segment);
            return true;
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            return false;
        }
    }

    private Task<TimeSpan?> PassAsync(CancellationToken cancellationToken)
    {
        Exception? failure = null;
        for (int count = left.Count; count > 0 && left.TryPeek(out FoundSegment? found); count--)
        {
            cancellationToken.ThrowIfCancellationRequested();
            bool isDone = false;
            try
            {
                FoundSegment? now = found.IsOpened ? found : loader.LoadAgain(found.Segment);
                found = now ?? found;
                // Removed by a pass that failed after that: nothing of it was wanted.
                isDone = now is null || segments.Find(now.Segment.Number) != now.Segment
                    || (now.IsOpened && TryRecover(now, cancellationToken));
                if (isDone)
                {
                    // Those that are not whole.
                    found.Unverified.ForEach(record => unverified.TryRemove(record, () => true));
                }
                else
                {
                    failure ??= new IOException($"It cannot read all of '{found.Segment.Path}'.");
                }
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // The others do not wait for it.
                failure ??= exception;
            }

            // Behind the others; never out of the queue in between, as it says what may be there.
            if (!isDone)
            {
                left.Enqueue(found);
            }

            left.TryDequeue(out _);
        }

        if (failure is null)
        {
            firstPass.TrySetResult();
            return Task.FromResult<TimeSpan?>(null);
        }

        Exception error = StoreErrors.IsOfMedium(failure) ? StoreErrors.From(failure, layout.Root) : failure;
        firstPass.TrySetException(error);
        _ = firstPass.Task.Exception;
        return Task.FromException<TimeSpan?>(error);
    }

    /// <returns>False where the disk cannot read all of it: it is tried again, and no byte of it is given up.</returns>
    private bool TryRecover(FoundSegment found, CancellationToken cancellationToken)
    {
        Segment segment = found.Segment;
        (List<SegmentRecord> good, bool isAllRead) = Verify(found, cancellationToken);
        segment.DurableLength = segment.Length = found.Length;
        good.ForEach(Publish);
        found.Trusted.AddRange(good);
        found.Unverified.RemoveAll(good.ToHashSet().Contains);
        lock (segment)
        {
            if (!isAllRead)
            {
                return false;
            }

            CutOff(found);

            // Without what was deleted, or found corrupt, meanwhile; unless there was no room to note that.
            SegmentRecord[] wanted = [.. found.Trusted.Where(record => index.IsAt(record.Id, record.Location))];
            wanted = [.. (segment.MustStay ? found.Trusted : wanted.AsEnumerable())
                .OrderBy(record => record.Location.Offset)];

            // Other records than the index lists, maybe as many.
            segment.IndexedLength = 0;
            if (wanted.Length == 0)
            {
                segments.Remove(segment);
            }
            else
            {
                segments.Narrow(segment, wanted);
            }

            if (wanted.Sum(record => record.Location.RecordBytes) < segment.Length - SegmentFormat.HeaderBytes)
            {
                segment.HasWaste = true;
            }

            segment.State = SegmentState.Closed;
        }

        return true;
    }

    /// <summary>
    /// Cuts a torn record off, durably, before the mark and the index say that the segment is known: nothing may be
    /// appended behind it.
    /// </summary>
    private void CutOff(FoundSegment found)
    {
        Segment segment = found.Segment;
        long end = found.Trusted.Select(record => record.Location.End).Append(found.DurableLength).Max();
        if (end < found.Length)
        {
            using SafeFileHandle file = SegmentTable.OpenForWriting(segment);
            files.TryTruncate(file, segment.Path, end);
            files.SyncData(file, segment.Path);
        }

        segment.DurableLength = segment.Length = end;
    }
}
