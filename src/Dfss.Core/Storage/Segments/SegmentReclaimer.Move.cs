using System.Buffers;

namespace Dfss.Storage;

/// <content>Copies of the few chunks that are still wanted in a segment.</content>
internal sealed partial class SegmentReclaimer
{
    private async Task MoveAsync(
        Segment segment, List<SegmentRecord> wanted, CancellationToken cancellationToken)
    {
        if (!hasRoomFor(wanted.Sum(record => record.Location.RecordBytes)))
        {
            // It waits for a collection that finds more room.
            segment.HasWaste = true;
            return;
        }

        List<(SegmentRecord Record, ChunkLocation Copy)> copies = [];
        try
        {
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
        }
        finally
        {
            // Of a move that ended early, those that are durable by now.
            copies.ForEach(pair => Use(pair.Record, pair.Copy));
        }

        if (wanted.Any(record => index.IsAt(record.Id, record.Location)))
        {
            // Not all could be copied: the next collection tries again.
            segment.HasWaste = true;
        }
        else if (!segment.MustStay)
        {
            segments.Remove(segment);
        }
    }

    /// <summary>A copy takes the place of its chunk; one that is not durable, or whose chunk was deleted meanwhile, is
    /// unwanted.</summary>
    private void Use(SegmentRecord record, ChunkLocation copy)
    {
        if (segments.Find(copy.Segment) is { } target
            && !(target.IsDurable(copy) && index.TryReplace(record.Id, record.Location, copy)))
        {
            target.HasWaste = true;
        }
    }

    /// <summary>Copies a chunk that is whole; one that is not, or that the disk cannot read, stays where it is, for the
    /// scrub to find.</summary>
    private async Task<ChunkLocation?> TryCopyAsync(
        Segment segment, SegmentRecord record, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(record.Location.Length);
        try
        {
            Memory<byte> content = buffer.AsMemory(0, record.Location.Length);
            return segments.IsWhole(segment, record, content.Span) == true
                ? await writer.CopyAsync(record.Id, content, cancellationToken).ConfigureAwait(false)
                : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
