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
            open.Remove(segment);
        }

        lock (segment)
        {
            segment.IsClosed = true;
            foreach (SegmentRecord lost in segment.Records.Where(record => !segment.IsDurable(record.Location)))
            {
                index.TryRemove(lost.Id, lost.Location);
            }

            segment.Records.RemoveAll(record => !segment.IsDurable(record.Location));
            segment.Length = segment.DurableLength;
        }

        // The next start would find what was lost, and verify it. The segment's writer closes it.
        files.TryTruncate(segment.Writer!, segment.Path, segment.DurableLength);
        WriteIndex(segment);
    }

    /// <summary>A segment that was taken goes back to its writer, or ends.</summary>
    private void Finish(Segment segment, bool isLast)
    {
        if (!segment.IsClosed && (isLast || segment.IsFull))
        {
            lock (gate)
            {
                open.Remove(segment);
            }

            lock (segment)
            {
                segment.IsClosed = true;
            }

            WriteIndex(segment);
            segments.Close(segment);
        }

        if (!isLast)
        {
            giveBack(segment);
        }
    }

    /// <summary>
    /// Without its index a segment is read, verified and synced once more by the next start: that is all that a failure
    /// here costs.
    /// </summary>
    private void WriteIndex(Segment segment)
    {
        lock (segment)
        {
            try
            {
                if (fault.Cause is null && !segment.IsIndexed)
                {
                    segments.WriteIndex(
                        segment, new SegmentIndex(segment.OwnId, segment.DurableLength, segment.Records));
                }
            }
            catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
            {
                // As said above.
            }
            catch (Exception exception)
            {
                // The edge of the thread.
                fault.Set(exception);
            }

            segment.Records = [];
        }
    }
}
