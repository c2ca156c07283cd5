using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <content>The look at the records that count only once they are verified.</content>
internal sealed partial class SegmentRecovery
{
    /// <summary>
    /// Reads the records that are not verified. Those that are whole are written again in their places, unless they
    /// were durable before the start, and synced.
    /// </summary>
    /// <returns>
    /// Those that are whole, and whether the disk could read all: if so, what is lost is in quarantine/.
    /// </returns>
    private (List<SegmentRecord> Good, bool IsAllRead) Verify(FoundSegment found, CancellationToken cancellationToken)
    {
        Segment segment = found.Segment;
        List<SegmentRecord> good = [];
        bool isAllRead = found.IsComplete;
        bool isWritten = false;
        using SafeFileHandle file = SegmentTable.OpenForWriting(segment);
        HashSet<uint> seen = [.. found.Trusted.Concat(found.Unverified).Select(record => record.Location.Offset)];
        Queue<SegmentRecord> left = new(found.Unverified);
        while (left.TryDequeue(out SegmentRecord record))
        {
            cancellationToken.ThrowIfCancellationRequested();
            bool isDurable = record.Location.End <= found.DurableLength;
            switch (Verify(found, record, isDurable ? null : file))
            {
                case true:
                    good.Add(record);
                    isWritten |= !isDurable;
                    break;
                case null when quarantine.HasFile(record.Id):
                    // That it is lost is noted; whether the disk can read it one day does not matter.
                    break;
                case null:
                    isAllRead = false;
                    break;
                default:
                    (List<SegmentRecord> inner, bool isComplete) = FindWithin(found, record, seen);
                    inner.ForEach(left.Enqueue);
                    isAllRead &= isComplete;
                    break;
            }
        }

        if (isAllRead)
        {
            found.Lost.ForEach(record => NoteLost(found, record));
            good.AddRange(FillGaps(found, good));
            if (!found.HasHeader)
            {
                // After that: the mark before said what is lost.
                byte[] header = SegmentFormat.Header(segment.OwnId, segment.WholeFrom, found.DurableLength);
                files.Write(file, segment.Path, header, 0);
                isWritten = true;
            }
        }

        if (isWritten)
        {
            files.SyncData(file, segment.Path);
        }

        return (good, isAllRead);
    }

    /// <summary>
    /// Finds records in a record that is not whole: not even its length is to be believed, and records that were
    /// appended behind a torn one are in what would be its bytes.
    /// </summary>
    private (List<SegmentRecord> Records, bool IsComplete) FindWithin(
        FoundSegment found, SegmentRecord record, HashSet<uint> seen)
    {
        SegmentScan scan = SegmentScan.FindWithin(
            (destination, offset) => segments.Read(found.Segment, destination, offset), record.Location, found.Length);
        List<SegmentRecord> inner = [.. scan.Records.Where(one => seen.Add(one.Location.Offset))];
        found.Unverified.AddRange(inner);
        inner.ForEach(unverified.Add);
        return (inner, scan.IsComplete);
    }

    /// <summary>Whether a record is whole; null where the disk cannot read it.</summary>
    /// <param name="found">The segment.</param>
    /// <param name="record">The record.</param>
    /// <param name="file">Where it is written again if it is whole; null: nowhere.</param>
    private bool? Verify(FoundSegment found, SegmentRecord record, SafeFileHandle? file)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)record.Location.RecordBytes);
        try
        {
            Span<byte> content = buffer.AsSpan(SegmentFormat.RecordHeaderBytes, record.Location.Length);
            bool? isWhole = segments.IsWhole(found.Segment, record, content);
            if (isWhole == true && file is not null)
            {
                SegmentFormat.WriteRecordHeader(buffer, record.Id, content.Length);
                files.Write(
                    file, found.Segment.Path, buffer.AsSpan(0, (int)record.Location.RecordBytes),
                    record.Location.Offset);
            }
            else if (isWhole == false && !index.TryFind(record.Id, out _) && !quarantine.HasFile(record.Id))
            {
                NoteCorrupt(found, record, content);
            }

            return isWhole;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Keeps a record that is not whole, if it was durable, or if a file may need it: the collection deletes nothing
    /// while a file's manifest is lost, so that must not be forgotten.
    /// </summary>
    private void NoteCorrupt(FoundSegment found, SegmentRecord record, ReadOnlySpan<byte> content)
    {
        string place = $"at {record.Location.Offset:N0} of '{found.Segment.Path}'";
        if (found.WasWhole(record.Location))
        {
            string kept = quarantine.Add(record.Id, content);
            log?.Invoke(
                $"Chunk {record.Id} is corrupt: its bytes are in '{kept}', and it counts as missing. It was {place}. "
                + Advice);
        }
        else if (FileManifest.IsMarked(content))
        {
            string kept = quarantine.Add(record.Id, content);
            log?.Invoke(
                $"The manifest {record.Id} {place} is not whole, as a crash leaves one that was never acknowledged: "
                + $"its bytes are in '{kept}', in case a file needs it.");
        }
    }

    /// <summary>Notes that a chunk has gone with the end of its segment's file.</summary>
    private void NoteLost(FoundSegment found, SegmentRecord record)
    {
        if (!index.TryFind(record.Id, out _) && !quarantine.HasFile(record.Id))
        {
            string kept = quarantine.Add(record.Id, []);
            log?.Invoke(
                $"Chunk {record.Id} is lost, as '{kept}' notes: '{found.Segment.Path}' ends at {found.Length:N0}, and "
                + $"the chunk was at {record.Location.Offset:N0}. {Advice}");
        }
    }

    /// <summary>
    /// Makes a verified record the chunk. Where the chunk has another place, that one stays if it is durable and whole,
    /// and this one is unwanted.
    /// </summary>
    private void Publish(SegmentRecord record)
    {
        ChunkLocation other;
        bool isReplaced, isDone;
        do
        {
            bool hasOther = index.TryFind(record.Id, out other);
            bool isOtherGood = hasOther && segments.Find(other.Segment)?.IsDurable(other) == true
                && IsWhole(record with { Location = other });
            isReplaced = hasOther && !isOtherGood;

            // Not done where the chunk has got another place, or none, since the look.
            ChunkLocation seen = other;
            isDone = unverified.TryRemove(
                record,
                () => !hasOther ? index.TryAdd(record.Id, record.Location)
                    : isOtherGood ? index.IsAt(record.Id, seen)
                    : index.TryReplace(record.Id, seen, record.Location));
        }
        while (!isDone);

        if (isReplaced && segments.Find(other.Segment) is { } segment)
        {
            segment.HasWaste = true;
        }
    }

    private bool IsWhole(SegmentRecord record)
    {
        if (segments.Find(record.Location.Segment) is not { } segment)
        {
            return false;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(record.Location.Length);
        try
        {
            return segments.IsWhole(segment, record, buffer.AsSpan(0, record.Location.Length)) == true;
        }
        catch (FileNotFoundException)
        {
            // It has been removed: nothing in it was wanted.
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
