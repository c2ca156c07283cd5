using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <content>The look at the records that count only once they are verified.</content>
internal sealed partial class SegmentRecovery
{
    /// <summary>Writes the records that are whole again, in their places, and syncs them.</summary>
    private (List<SegmentRecord> Good, List<SegmentRecord> Unread) Rewrite(
        FoundSegment found, CancellationToken cancellationToken)
    {
        Segment segment = found.Segment;
        List<SegmentRecord> good = [];
        List<SegmentRecord> unread = [];
        using SafeFileHandle file = SegmentTable.OpenForWriting(segment);
        foreach (SegmentRecord record in found.Unverified)
        {
            cancellationToken.ThrowIfCancellationRequested();
            byte[] buffer = ArrayPool<byte>.Shared.Rent((int)record.Location.RecordBytes);
            try
            {
                Span<byte> content = buffer.AsSpan(SegmentFormat.RecordHeaderBytes, record.Location.Length);
                bool? isWhole = segments.IsWhole(segment, record, content);
                if (isWhole == true)
                {
                    SegmentFormat.WriteRecordHeader(buffer, record.Id, content.Length);
                    files.Write(
                        file, segment.Path, buffer.AsSpan(0, (int)record.Location.RecordBytes),
                        record.Location.Offset);
                }
                else if (isWhole == false)
                {
                    KeepManifest(record.Id, content);
                }

                (isWhole == true ? good : isWhole is null ? unread : []).Add(record);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        if (!found.HasHeader)
        {
            files.Write(file, segment.Path, SegmentFormat.Header(segment.OwnId), 0);
        }

        if (good.Count > 0 || !found.HasHeader)
        {
            files.SyncData(file, segment.Path);
        }

        return (good, unread);
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

    /// <summary>
    /// The collection deletes nothing while a file's manifest is corrupt, so that must not be forgotten.
    /// </summary>
    private void KeepManifest(ChunkId id, ReadOnlySpan<byte> content)
    {
        if (FileManifest.IsMarked(content) && !index.TryFind(id, out _) && !quarantine.Has(id))
        {
            quarantine.Add(id, content);
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
