namespace Dfss.Storage;

/// <summary>
/// The records that a start has found and does not trust before it has read them: what a crash left behind the mark,
/// and further copies of a chunk. All copies of a chunk are kept until one is verified: a torn one must not hide a
/// whole one.
/// </summary>
internal sealed class UnverifiedChunks
{
    private readonly Lock gate = new();
    private readonly Dictionary<ChunkId, List<ChunkLocation>> chunks = [];
    private volatile bool isEmpty = true;

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => isEmpty;

    /// <summary>The chunks that there are copies of.</summary>
    public IReadOnlyList<ChunkId> Ids
    {
        get
        {
            lock (gate)
            {
                return [.. chunks.Keys];
            }
        }
    }

    /// <summary>Adds a copy.</summary>
    public void Add(SegmentRecord record)
    {
        lock (gate)
        {
            if (!chunks.TryGetValue(record.Id, out List<ChunkLocation>? copies))
            {
                chunks.Add(record.Id, copies = []);
            }

            copies.Add(record.Location);
            isEmpty = false;
        }
    }

    /// <summary>The copies of a chunk.</summary>
    public IReadOnlyList<ChunkLocation> Find(ChunkId id)
    {
        if (isEmpty)
        {
            return [];
        }

        lock (gate)
        {
            return chunks.TryGetValue(id, out List<ChunkLocation>? copies) ? [.. copies] : [];
        }
    }

    /// <summary>Removes a copy, which something else takes the place of; without effect where it is gone.</summary>
    /// <param name="record">The copy.</param>
    /// <param name="replace">Does that, in one step with the removal; false: not done, and the copy stays.</param>
    /// <returns>Whether the copy is gone.</returns>
    public bool TryRemove(SegmentRecord record, Func<bool> replace)
    {
        lock (gate)
        {
            if (!chunks.TryGetValue(record.Id, out List<ChunkLocation>? copies) || !copies.Contains(record.Location))
            {
                return true;
            }

            if (!replace())
            {
                return false;
            }

            copies.Remove(record.Location);
            if (copies.Count == 0)
            {
                chunks.Remove(record.Id);
                isEmpty = chunks.Count == 0;
            }

            return true;
        }
    }

    /// <summary>Removes all copies of a chunk.</summary>
    public void Forget(ChunkId id)
    {
        if (isEmpty)
        {
            return;
        }

        lock (gate)
        {
            chunks.Remove(id);
            isEmpty = chunks.Count == 0;
        }
    }
}
