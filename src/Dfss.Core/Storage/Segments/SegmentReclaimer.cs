using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>
/// Returns the space of records that are no longer wanted, after a collection. A segment without wanted records is
/// removed. Of the others the index is written again without the unwanted ones; once that is durable, and they cannot
/// come back, whole blocks of them become holes. Where what is wanted is less than half of what the segment still
/// takes, it is copied to other segments, and the segment is removed when the copies are durable and in use.
/// </summary>
internal sealed class SegmentReclaimer(
    StoreLayout layout, SegmentTable segments, SegmentWriter writer, DurableFile files, ChunkIndex index,
    Func<long, bool> hasRoomFor)
{
    private const int LeastWantedShare = 2;

    /// <summary>Looks at every segment that has waste. One call at a time.</summary>
    /// <exception cref="DfssException">
    /// <see cref="DfssErrorCode.StoreFailed"/>, <see cref="DfssErrorCode.StoreFull"/>.
    /// </exception>
    public async Task ReclaimAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (segments.All.Any(segment => segment is { IsClosed: false, HasWaste: true }))
            {
                await writer.RunAloneAsync(ReclaimOpen, cancellationToken).ConfigureAwait(false);
            }

            foreach (Segment segment in segments.All.Where(segment => segment is { IsClosed: true, HasWaste: true }))
            {
                cancellationToken.ThrowIfCancellationRequested();
                bool isDone = false;
                try
                {
                    await ReclaimClosedAsync(segment, cancellationToken).ConfigureAwait(false);
                    isDone = true;
                }
                finally
                {
                    // The next collection tries again.
                    segment.HasWaste |= !isDone;
                }
            }
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            throw StoreErrors.From(exception, layout.Root);
        }
    }

    /// <summary>A segment that takes more, between two of its records.</summary>
    private void ReclaimOpen(Segment segment)
    {
        if (segment.HasWaste && Narrow(segment) is { } wanted)
        {
            PunchHoles(segment, wanted, segment.DurableLength);
        }
    }

    private async Task ReclaimClosedAsync(Segment segment, CancellationToken cancellationToken)
    {
        if (Narrow(segment) is not { } wanted)
        {
            return;
        }

        if (wanted.Count == 0)
        {
            segments.Remove(segment);
            return;
        }

        long taken = PunchHoles(segment, wanted, long.MaxValue);
        if (wanted.Sum(record => record.Location.RecordBytes) < taken / LeastWantedShare)
        {
            await MoveAsync(segment, wanted, cancellationToken).ConfigureAwait(false);
        }
    }

    private IReadOnlyList<SegmentRecord>? Narrow(Segment segment)
    {
        // Before the look: what becomes unwanted during it must not go unnoticed.
        segment.HasWaste = false;
        return segments.Narrow(segment, record => index.IsAt(record.Id, record.Location));
    }

    /// <returns>What the segment still takes.</returns>
    private long PunchHoles(Segment segment, IReadOnlyList<SegmentRecord> wanted, long end)
    {
        using SafeFileHandle file = SegmentTable.OpenForWriting(segment);
        long taken = RandomAccess.GetLength(file);
        (long Begin, long Length)[] holes = [.. FindHoles(wanted, Math.Min(end, taken))];
        if (holes.Length == 0)
        {
            return taken;
        }

        // A header of an unwanted record may stay between the holes. Without the index it must not be taken for whole.
        segment.WholeFrom = segment.DurableLength;
        files.Write(file, segment.Path, segment.Mark, SegmentFormat.MarkAt);
        files.SyncData(file, segment.Path);
        foreach ((long begin, long length) in holes)
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

            last = record?.Location.End ?? end;
        }
    }

    private static long RoundUp(long offset) =>
        (offset + SparseFile.BlockBytes - 1) / SparseFile.BlockBytes * SparseFile.BlockBytes;

    private async Task MoveAsync(
        Segment segment, IReadOnlyList<SegmentRecord> wanted, CancellationToken cancellationToken)
    {
        if (!hasRoomFor(wanted.Sum(record => record.Location.RecordBytes)))
        {
            // It waits for a collection that finds more room.
            segment.HasWaste = true;
            return;
        }

        List<(SegmentRecord Record, ChunkLocation Copy)> copies = [];
        foreach (SegmentRecord record in wanted)
        {
            if (await TryCopyAsync(segment, record, cancellationToken).ConfigureAwait(false) is { } copy)
            {
                copies.Add((record, copy));
            }
        }

        if (await writer.Sync.FlushAsync(cancellationToken).ConfigureAwait(false) is { } error)
        {
            writer.Sync.KeepUntold(error);
        }

        foreach ((SegmentRecord record, ChunkLocation copy) in copies)
        {
            // A copy that is not durable stays unused, and so does one of a chunk that was deleted meanwhile.
            Segment? target = segments.Find(copy.Segment);
            if (target is not null && !(target.IsDurable(copy) && index.TryReplace(record.Id, record.Location, copy)))
            {
                target.HasWaste = true;
            }
        }

        if (wanted.Any(record => index.IsAt(record.Id, record.Location)))
        {
            // Not all could be copied: the next collection tries again.
            segment.HasWaste = true;
        }
        else
        {
            segments.Remove(segment);
        }
    }

    /// <summary>Copies a chunk that is whole; one that is not stays where it is, for the scrub to find.</summary>
    private async Task<ChunkLocation?> TryCopyAsync(
        Segment segment, SegmentRecord record, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(record.Location.Length);
        try
        {
            Memory<byte> content = buffer.AsMemory(0, record.Location.Length);
            return IsWhole(segment, record, content.Span)
                ? await writer.CopyAsync(record.Id, content, cancellationToken).ConfigureAwait(false)
                : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool IsWhole(Segment segment, SegmentRecord record, Span<byte> content)
    {
        try
        {
            return segments.Read(segment, content, record.Location.ContentOffset) == content.Length
                && ChunkId.Of(content) == record.Id;
        }
        catch (IOException exception) when (StoreErrors.IsSpoiled(exception))
        {
            return false;
        }
    }
}
