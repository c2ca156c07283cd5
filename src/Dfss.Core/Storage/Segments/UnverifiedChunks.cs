namespace Dfss.Storage;

/// <summary>
/// The records that a start has found and does not trust before it has read them: what a crash left behind the mark,
/// and further copies of a chunk. All copies of a chunk are kept until one is verified: a torn one must not hide a
/// whole one.
/// </summary>
internal sealed class UnverifiedChunks
{
    private readonly Lock gate = new();

    // One for each first byte of an id.
    private readonly Dictionary<ChunkId, List<ChunkLocation>>[] parts =
        [.. Enumerable.Range(0, ChunkIndex.PartCount).Select(_ => new Dictionary<ChunkId, List<ChunkLocation>>())];

    private int count;

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => Volatile.Read(ref count) == 0;

    /// <summary>The chunks that there are copies of and whose ids begin with this byte, unordered.</summary>
    public IReadOnlyList<ChunkId> List(int firstByte)
    {
        lock (gate)
        {
            return [.. parts[firstByte].Keys];
        }
    }

    /// <summary>Adds a copy; without effect where it is there.</summary>
    public void Add(SegmentRecord record)
    {
        Dictionary<ChunkId, List<ChunkLocation>> part = PartOf(record.Id);
        lock (gate)
        {
            if (!part.TryGetValue(record.Id, out List<ChunkLocation>? copies))
            {
                part.Add(record.Id, copies = []);
                count++;
            }

            if (!copies.Contains(record.Location))
            {
                copies.Add(record.Location);
            }
        }
    }

    /// <summary>The copies of a chunk.</summary>
    public IReadOnlyList<ChunkLocation> Find(ChunkId id)
    {
        if (IsEmpty)
        {
            return [];
        }

        lock (gate)
        {
            return PartOf(id).TryGetValue(id, out List<ChunkLocation>? copies) ? [.. copies] : [];
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
            if (!PartOf(record.Id).TryGetValue(record.Id, out List<ChunkLocation>? copies)
                || !copies.Contains(record.Location))
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
                PartOf(record.Id).Remove(record.Id);
                count--;
            }

            return true;
        }
    }

    /// <summary>Removes all copies of a chunk.</summary>
    public void Forget(ChunkId id)
    {
        if (IsEmpty)
        {
            return;
        }

        lock (gate)
        {
            count -= PartOf(id).Remove(id) ? 1 : 0;
        }
    }

    private Dictionary<ChunkId, List<ChunkLocation>> PartOf(ChunkId id) => parts[ChunkIndex.PartOf(id)];
}
