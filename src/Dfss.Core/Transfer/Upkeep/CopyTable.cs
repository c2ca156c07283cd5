namespace Dfss.Transfer;

/// <summary>What is known of one member's copy of one chunk.</summary>
internal enum CopyState : byte
{
    /// <summary>The member did not answer.</summary>
    Unknown,

    /// <summary>It reports the chunk; or its copy was hashed and is good.</summary>
    Held,

    /// <summary>It does not have it.</summary>
    Missing,

    /// <summary>Its copy was corrupt, and is in quarantine.</summary>
    Corrupt,
}

/// <summary>Which member of a home holds which chunk of a file, and the manifest. One byte for each member and chunk;
/// chunks of the same content are one. Safe for concurrent use as long as no two change the same copy.</summary>
internal sealed class CopyTable
{
    private readonly int[] slots;
    private readonly int[] firstIndexes;
    private readonly ChunkId[] ids;
    private readonly int[] lengths;
    private readonly CopyState[][] states;

    /// <param name="fileId">The file.</param>
    /// <param name="manifest">Its chunks; null if the manifest is not available: then the table has only that.</param>
    /// <param name="memberCount">n.</param>
    public CopyTable(FileId fileId, FileManifest? manifest, int memberCount)
    {
        List<ChunkId> distinct = [fileId.ToChunkId()];
        List<int> distinctLengths = [manifest?.Encoded.Length ?? 0];
        List<int> firsts = [-1];
        Dictionary<ChunkId, int> known = new() { [distinct[0]] = 0 };
        slots = new int[manifest?.ChunkCount ?? 0];
        for (int index = 0; index < slots.Length; index++)
        {
            ChunkId id = manifest![index];
            if (!known.TryGetValue(id, out int slot))
            {
                slot = distinct.Count;
                known.Add(id, slot);
                distinct.Add(id);
                distinctLengths.Add(manifest.LengthOf(index));
                firsts.Add(index);
            }

            slots[index] = slot;
        }

        ids = [.. distinct];
        lengths = [.. distinctLengths];
        firstIndexes = [.. firsts];
        states = [.. Enumerable.Range(0, memberCount).Select(_ => new CopyState[ids.Length])];
    }

    /// <summary>The slot of the manifest.</summary>
    public static int ManifestSlot => 0;

    /// <summary>The distinct chunks by slot; the first is the manifest.</summary>
    public IReadOnlyList<ChunkId> Ids => ids;

    /// <summary>How many chunks the file has.</summary>
    public int ChunkCount => slots.Length;

    public int MemberCount => states.Length;

    /// <summary>A member's copy of what is in a slot.</summary>
    public CopyState this[int member, int slot]
    {
        get => states[member][slot];
        set => states[member][slot] = value;
    }

    /// <summary>The slot of a chunk; null asks for that of the manifest.</summary>
    public int SlotOf(int? chunkIndex) => chunkIndex is int index ? slots[index] : ManifestSlot;

    /// <summary>The first chunk that is in a slot, by whose ring its copies are placed; -1 of the manifest.</summary>
    public int FirstIndexOf(int slot) => firstIndexes[slot];

    /// <summary>The length of what is in a slot, in bytes.</summary>
    public int LengthOf(int slot) => lengths[slot];

    /// <summary>How many members hold what is in a slot.</summary>
    public int CountHolders(int slot)
    {
        int count = 0;
        foreach (CopyState[] member in states)
        {
            count += member[slot] == CopyState.Held ? 1 : 0;
        }

        return count;
    }

    /// <summary>The fewest members that hold any chunk, or the manifest.</summary>
    public int PresentReplicas => Enumerable.Range(0, ids.Length).Min(CountHolders);

    /// <summary>Records that it is unknown what a member holds, except for the copies that were found
    /// corrupt.</summary>
    public void Forget(int member) => Claim(member, _ => CopyState.Unknown);

    /// <summary>Records what a member reports. An answer without a check does not override one with a check: a copy
    /// that was found corrupt stays so until a good one is put in its place.</summary>
    /// <param name="member">The member.</param>
    /// <param name="missing">By slot, what it does not have.</param>
    public void Claim(int member, IReadOnlyList<bool> missing) =>
        Claim(member, slot => missing[slot] ? CopyState.Missing : CopyState.Held);

    private void Claim(int member, Func<int, CopyState> stateOf)
    {
        for (int slot = 0; slot < ids.Length; slot++)
        {
            if (this[member, slot] != CopyState.Corrupt)
            {
                this[member, slot] = stateOf(slot);
            }
        }
    }

    /// <summary>The copies of a chunk, or, by null, of the manifest.</summary>
    public ChunkHealth Describe(int? index, FileRecord record)
    {
        int slot = SlotOf(index);
        HomeMember[] Those(Func<int, bool> which) =>
            [.. Enumerable.Range(0, MemberCount).Where(which).Select(member => record.Home[member])];
        HashSet<int> expected = [.. Expected(index, record)];
        HomeMember[] holders = Those(member => this[member, slot] == CopyState.Held);
        return new ChunkHealth(index, ids[slot], lengths[slot])
        {
            Expected = Those(expected.Contains),
            Holders = holders,
            Missing = Those(member => expected.Contains(member) && this[member, slot] == CopyState.Missing),
            Corrupt = Those(member => this[member, slot] == CopyState.Corrupt),
            IsHealthy = holders.Length >= record.Replicas,
        };
    }

    /// <summary>The members that should hold it. One that never answered holds nothing.</summary>
    private static IEnumerable<int> Expected(int? index, FileRecord record)
    {
        Placement placement = new(record.Home.Count, record.Replicas, record.Run);
        return Enumerable.Range(0, record.Home.Count)
            .Select(step => placement.MemberAt(index ?? 0, step))
            .Where(member => record.Home[member].StoreId is not null)
            .Take(index is null ? record.Home.Count : record.Replicas);
    }
}
