using System.Runtime.InteropServices;
using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>Which members have acknowledged which chunks of a file that is being sent, and which members can take more.
/// Safe for concurrent use.</summary>
internal sealed class SendPlan
{
    private readonly Placement placement;
    private readonly int[][] heldWords;
    private readonly bool[] canTake;
    private readonly DfssException?[] reasons;

    public SendPlan(Placement placement, int minimumReplicas, int chunkCount, IEnumerable<bool> canTake)
    {
        this.placement = placement;
        ChunkCount = chunkCount;
        this.canTake = [.. canTake];
        MinimumReplicas = minimumReplicas;
        reasons = new DfssException?[placement.MemberCount];
        heldWords = [.. Enumerable.Range(0, placement.MemberCount).Select(_ => new int[(chunkCount + 31) / 32])];
    }

    /// <summary>Whether this member takes chunks: it is reachable and has room.</summary>
    public bool CanTake(int member) => Volatile.Read(ref canTake[member]);

    /// <summary>Called with a member, and why, when it is left out: once for each.</summary>
    public Action<int, DfssException>? LeftOut { get; set; }

    /// <summary>How many chunks the file has; of a stream of unknown length at first the most that it can
    /// have.</summary>
    public int ChunkCount { get; private set; }

    /// <summary>R: the copies asked for.</summary>
    public int Replicas => placement.Replicas;

    /// <summary>The fewest copies of each chunk with which a send succeeds.</summary>
    public int MinimumReplicas { get; }

    /// <summary>The copies that each chunk can have: R while so many members take chunks, else as many as do.</summary>
    public int PossibleReplicas => Math.Min(Replicas, Enumerable.Range(0, canTake.Length).Count(CanTake));

    /// <summary>Whether fewer copies are possible than the send needs.</summary>
    public bool IsBelowMinimum => PossibleReplicas < MinimumReplicas;

    /// <summary>The reason of each member that was left out, except those that were never reached.</summary>
    public IEnumerable<DfssException> Reasons => reasons.OfType<DfssException>();

    /// <summary>
    /// The reason of each member that was left out because it cannot be reached any more. A member whose store is full
    /// or failed still votes and is not among them.
    /// </summary>
    public IEnumerable<DfssException> Losses =>
        Reasons.Where(reason => reason.IsOfLostPeer);

    /// <summary>
    /// Leaves out a member that is down or full: it gets no more chunks, and those that it has do not count.
    /// </summary>
    /// <param name="member">Its index in the home.</param>
    /// <param name="reason">Why.</param>
    public void Exclude(int member, DfssException reason)
    {
        // The reason is set before the member is left out: a caller that then finds too few left reports it.
        if (Interlocked.CompareExchange(ref reasons[member], reason, comparand: null) is null)
        {
            Volatile.Write(ref canTake[member], value: false);
            LeftOut?.Invoke(member, reason);
        }
    }

    /// <summary>The file has no more chunks than these.</summary>
    public void CutTo(int chunkCount) => ChunkCount = chunkCount;

    /// <summary>The member has acknowledged the chunk.</summary>
    public void MarkHeld(int member, int chunkIndex) => Interlocked.Or(
        ref heldWords[member][chunkIndex >> 5], 1 << (chunkIndex & 31));

    /// <summary>The member has not got these chunks after all.</summary>
    public void MarkMissing(int member, ChunkBitmap missing)
    {
        for (int i = 0; i < ChunkCount; i++)
        {
            if (missing[i])
            {
                Interlocked.And(ref heldWords[member][i >> 5], ~(1 << (i & 31)));
            }
        }
    }

    /// <summary>No member has this chunk: the content is encrypted again into another one.</summary>
    public void Forget(int chunkIndex)
    {
        foreach (int[] words in heldWords)
        {
            Interlocked.And(ref words[chunkIndex >> 5], ~(1 << (chunkIndex & 31)));
        }
    }

    /// <summary>Whether the member has acknowledged the chunk.</summary>
    public bool IsHeld(int member, int chunkIndex) =>
        (Volatile.Read(ref heldWords[member][chunkIndex >> 5]) & (1 << (chunkIndex & 31))) != 0;

    /// <summary>The members that should get a copy of this chunk now, in the order of its ring; none if it has all its
    /// copies or no member can take one more.</summary>
    public IReadOnlyList<int> NextTargets(int chunkIndex) => [.. Targets(chunkIndex)];

    /// <summary>The chunks that need a copy somewhere.</summary>
    public IEnumerable<int> Unplaced() => Enumerable.Range(0, ChunkCount).Where(index => Targets(index).Any());

    /// <summary>What each member is to seal: what it has acknowledged; nothing for one that is excluded.</summary>
    public IReadOnlyList<ChunkBitmap> ExpectedByMember() => [.. heldWords.Select((words, member) =>
        CanTake(member)
            ? new ChunkBitmap(MemoryMarshal.AsBytes(words.AsSpan())[..((ChunkCount + 7) / 8)].ToArray())
            : ChunkBitmap.Create(ChunkCount, _ => false))];

    /// <summary>The same as a plan of the register.</summary>
    public SealPlan ToSealPlan(FileManifest manifest) =>
        new(manifest.FileId, manifest.ChunkCount, ExpectedByMember(), PossibleReplicas);

    private IEnumerable<int> Targets(int chunkIndex) => Enumerable.Range(0, placement.MemberCount)
        .Select(step => placement.MemberAt(chunkIndex, step))
        .Where(CanTake)
        .Take(placement.Replicas)
        .Where(member => !IsHeld(member, chunkIndex));
}
