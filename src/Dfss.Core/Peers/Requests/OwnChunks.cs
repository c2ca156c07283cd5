namespace Dfss.Peers;

/// <summary>
/// The chunks that each identity limited to some names has put here: it sees no others. In memory only; a chunk that is
/// no longer listed is put again, which costs a transfer and never a file. Safe for concurrent use.
/// </summary>
/// <param name="maxIds">
/// The most ids kept, over all identities; those of the least recently used identity are dropped first.
/// </param>
internal sealed class OwnChunks(int maxIds)
{
    /// <summary>Two of the longest files. Some 50 bytes each.</summary>
    public const int DefaultMaxIds = 2 * (DfssLimits.MaxChunksPerFile + 1);

    private readonly Lock gate = new();
    private readonly List<(object Owner, HashSet<ChunkId> Ids)> byOwner = [];
    private int count;

    /// <summary>Records that an identity has put a chunk.</summary>
    public void Add(object owner, ChunkId id)
    {
        lock (gate)
        {
            HashSet<ChunkId> ids = Use(owner) ?? Begin(owner);
            count += ids.Add(id) ? 1 : 0;
            while (count > maxIds)
            {
                count -= byOwner[^1].Ids.Count;
                byOwner.RemoveAt(byOwner.Count - 1);
            }
        }
    }

    /// <summary>Whether an identity has put a chunk.</summary>
    public bool Contains(object owner, ChunkId id)
    {
        lock (gate)
        {
            return Use(owner)?.Contains(id) == true;
        }
    }

    private HashSet<ChunkId> Begin(object owner)
    {
        HashSet<ChunkId> ids = [];
        byOwner.Insert(0, (owner, ids));
        return ids;
    }

    /// <summary>The chunks that an identity has put; it becomes the most recently used one.</summary>
    private HashSet<ChunkId>? Use(object owner)
    {
        int index = byOwner.FindIndex(one => one.Owner.Equals(owner));
        if (index > 0)
        {
            (object, HashSet<ChunkId>) used = byOwner[index];
            byOwner.RemoveAt(index);
            byOwner.Insert(0, used);
        }

        return index < 0 ? null : byOwner[0].Ids;
    }
}
