namespace Dfss.Storage;

/// <content>How a segment ends: its last sync failed, or it is full, or the store is closed.</content>
internal sealed partial class SegmentSync
{
    /// <summary>Ends a segment at its last good sync.</summary>
    private void Fail(Segment segment, DfssException error)
    {
        lock (gate)
        {
            untold ??= error;
        }

        lock (segment)
        {
            // First: no record may be added that is not among those that are lost here.
            segment.State = SegmentState.Closed;
            foreach (SegmentRecord lost in segment.Records.Where(record => !segment.IsDurable(record.Location)))
            {
                index.TryRemove(lost.Id, lost.Location);
            }

            segment.Records.RemoveAll(record => !segment.IsDurable(record.Location));
            segment.Length = segment.DurableLength;
            if (segment.Writer is { } file)
            {
                // The next start would find what was lost, and verify it.
                files.TryTruncate(file, segment.Path, segment.DurableLength);
            }

            End(segment);
        }
    }

    /// <summary>A segment that was taken goes back to its writer, or ends.</summary>
    private void Finish(Segment segment, bool isLast)
    {
        lock (segment)
        {
            if (segment.State == SegmentState.Open && (isLast || segment.IsFull))
            {
                segment.State = SegmentState.Closed;
                End(segment);
            }
        }
    }

    /// <summary>
    /// Writes the index of a segment that takes no more, and closes its file: only here, so that it is open as long as
    /// anything may be written or synced. Without its index the next start verifies a segment once more, unless a
    /// collection writes it before: that is all that a failure costs.
    /// </summary>
    private void End(Segment segment)
    {
        lock (gate)
        {
            open.Remove(segment);
        }

        try
        {
            if (fault.Cause is null && !segment.IsIndexed)
            {
                segments.WriteIndex(segment, segment.Records);
            }
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            segment.HasWaste = true;
        }

        segment.Records = [];
        segments.Close(segment);
    }
}
