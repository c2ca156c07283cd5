using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>
/// Returns the space of records that are no longer wanted, after a collection. A record is wanted while the index in
/// memory has its chunk there: no file is asked, as one may be older than the segment. A segment without wanted records
/// is removed. Of the others the index is written again without the unwanted ones; once that is durable, and they
/// cannot come back, whole blocks of them become holes. Where what is wanted is less than half of what the segment
/// still takes, it is copied to other segments, and the segment is removed when the copies are durable and in use.
/// </summary>
internal sealed partial class SegmentReclaimer(
    StoreLayout layout, SegmentTable segments, SegmentWriter writer, DurableFile files, ChunkIndex index,
    Func<long, bool> hasRoomFor)
{
    private const int LeastWantedShare = 2;

    /// <summary>1,048,576: as many records are listed at a time, in some 50 MB.</summary>
    private const int MaxListed = 1 << 20;

    /// <summary>
    /// Looks at every segment that has waste. One call at a time: copies that are not in use yet are in no index that
    /// is written from memory.
    /// </summary>
    /// <exception cref="DfssException">
    /// <see cref="DfssErrorCode.StoreFailed"/>, <see cref="DfssErrorCode.StoreFull"/>: of the first segment that
    /// failed; the next collection tries it again.
    /// </exception>
    public async Task ReclaimAsync(CancellationToken cancellationToken)
    {
        Exception? failure = null;
        void Note(Exception? exception) => failure ??= exception;
        if (segments.All.Any(segment => segment.State == SegmentState.Open && IsToDo(segment)))
        {
            await writer.RunAloneAsync(
                segment => Note(IsToDo(segment) ? Try(segment, () => ReclaimOpen(segment)) : null),
                cancellationToken).ConfigureAwait(false);
        }

        foreach (Segment[] part in Split(
            segments.All.Where(segment => segment.State == SegmentState.Closed && IsToDo(segment))))
        {
            Dictionary<uint, List<SegmentRecord>> listed = index.ListIn(part.Select(segment => segment.Number));
            foreach (Segment segment in part)
            {
                // Each turn is complete in itself.
                cancellationToken.ThrowIfCancellationRequested();
                // In its turn: what is listed only grows less.
                Note(await TryAsync(segment, listed[segment.Number], cancellationToken).ConfigureAwait(false));
            }
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(
                StoreErrors.IsOfMedium(failure) ? StoreErrors.From(failure, layout.Root) : failure);
        }
    }

    private static bool IsToDo(Segment segment) => segment is { HasWaste: true, MustStay: false };

    private static IEnumerable<Segment[]> Split(IEnumerable<Segment> all)
    {
        List<Segment> part = [];
        long records = 0;
        foreach (Segment segment in all)
        {
            part.Add(segment);
            records += Math.Max(1, segment.IndexedCount);
            if (records >= MaxListed)
            {
                yield return [.. part];
                (part, records) = ([], 0);
            }
        }

        yield return [.. part];
    }

    private static bool IsOfStore(Exception exception) =>
        StoreErrors.IsOfMedium(exception) || exception is DfssException;

    /// <returns>Why the segment's turn ended early: the others do not wait for it.</returns>
    private static Exception? Try(Segment segment, Action action)
    {
        // Before the look: what becomes unwanted during it must not go unnoticed.
        segment.HasWaste = false;
        bool isDone = false;
        try
        {
            action();
            isDone = true;
            return null;
        }
        catch (Exception exception) when (IsOfStore(exception))
        {
            return exception;
        }
        finally
        {
            if (!isDone)
            {
                segment.HasWaste = true;
            }
        }
    }

    private async Task<Exception?> TryAsync(
        Segment segment, List<SegmentRecord> listed, CancellationToken cancellationToken)
    {
        segment.HasWaste = false;
        bool isDone = false;
        try
        {
            await ReclaimClosedAsync(segment, listed, cancellationToken).ConfigureAwait(false);
            isDone = true;
            return null;
        }
        catch (Exception exception) when (IsOfStore(exception))
        {
            return exception;
        }
        finally
        {
            if (!isDone)
            {
                segment.HasWaste = true;
            }
        }
    }

    /// <summary>A segment that takes more, between two of its records.</summary>
    private void ReclaimOpen(Segment segment)
    {
        List<SegmentRecord> wanted;
        lock (segment)
        {
            wanted = [.. segment.Records.Where(record => index.IsAt(record.Id, record.Location))];
            if (segment.MustStay)
            {
                return;
            }

            // Should this fail, the segment's end writes the index: without the others only if the mark is behind them.
            segment.IndexedLength = 0;
            try
            {
                segments.Narrow(segment, wanted);
            }
            finally
            {
                if (segment.NarrowedTo == segment.DurableLength)
                {
                    segment.Records = wanted;
                }
            }
        }

        PunchHoles(segment, wanted, segment.DurableLength);
        NarrowAgain(segment, wanted);
    }

    private async Task ReclaimClosedAsync(
        Segment segment, List<SegmentRecord> listed, CancellationToken cancellationToken)
    {
        List<SegmentRecord> wanted;
        lock (segment)
        {
            wanted = [.. listed.Where(record => index.IsAt(record.Id, record.Location))];
            if (segment.MustStay)
            {
                // Asked behind the look: a chunk that could not be noted is out of the index by now, and not unwanted.
                return;
            }

            if (wanted.Count == 0)
            {
                segments.Remove(segment);
                return;
            }

            segments.Narrow(segment, wanted);
        }

        long taken = PunchHoles(segment, wanted, segment.Length);
        NarrowAgain(segment, wanted);
        if (wanted.Sum(record => record.Location.RecordBytes) < taken / LeastWantedShare)
        {
            await MoveAsync(segment, wanted, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Writes the index that a full disk had no room for before the holes were made.</summary>
    private void NarrowAgain(Segment segment, List<SegmentRecord> wanted)
    {
        lock (segment)
        {
            if (segment.IndexedLength == 0)
            {
                segments.Narrow(segment, wanted);
            }
        }
    }

    /// <summary>Makes holes up to where the segment's index lists it.</summary>
    /// <returns>What the segment still takes.</returns>
    private long PunchHoles(Segment segment, List<SegmentRecord> wanted, long end)
    {
        using SafeFileHandle file = SegmentTable.OpenForWriting(segment);
        long taken = RandomAccess.GetLength(file);
        foreach ((long begin, long length) in FindHoles(wanted, Math.Min(end, taken)))
        {
            if (!files.TryPunchHole(file, segment.Path, begin, length))
            {
                break;
            }

            taken -= length;
        }

        return taken;
    }

    /// <summary>The whole blocks that no wanted record needs.</summary>
    private static IEnumerable<(long Begin, long Length)> FindHoles(IReadOnlyList<SegmentRecord> wanted, long end)
    {
        long last = SegmentFormat.HeaderBytes;
        foreach (SegmentRecord? record in wanted.Cast<SegmentRecord?>().Append(null))
        {
            long begin = RoundUp(last);
            long length = ((record?.Location.Offset ?? end) / SparseFile.BlockBytes * SparseFile.BlockBytes) - begin;
            if (length > 0)
            {
                yield return (begin, length);
            }

            // Records may overlap: the content of a damaged one may have others.
            last = Math.Max(last, record?.Location.End ?? end);
        }
    }

    private static long RoundUp(long offset) =>
        (offset + SparseFile.BlockBytes - 1) / SparseFile.BlockBytes * SparseFile.BlockBytes;
}
