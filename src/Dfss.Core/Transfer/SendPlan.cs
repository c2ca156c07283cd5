using System.Runtime.InteropServices;
using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>
/// Which members have acknowledged which chunks of a file that is being sent, and which members can take more. Safe for
/// concurrent use.
/// </summary>
internal sealed class SendPlan
{
    private readonly Placement placement;
    private readonly int[][] heldWords;
    private readonly bool[] canTake;
    private readonly int chunkCount;
    private readonly DfssException?[] losses;
    private volatile DfssException? lastReason;

    public SendPlan(Placement placement, int chunkCount, IEnumerable<bool> canTake)
    {
        this.placement = placement;
        this.chunkCount = chunkCount;
        this.canTake = [.. canTake];
        losses = new DfssException?[placement.MemberCount];
        heldWords = [.. Enumerable.Range(0, placement.MemberCount).Select(_ => new int[(chunkCount + 31) / 32])];
    }

    /// <summary>Whether this member takes chunks: it is reachable and has room.</summary>
    public bool CanTake(int member) => Volatile.Read(ref canTake[member]);

    /// <summary>How many members take chunks.</summary>
    public int TakerCount => Enumerable.Range(0, canTake.Length).Count(CanTake);

    /// <summary>
    /// Why, of each member that was left out because it cannot be reached any more. One whose store is full or failed is
    /// none of them: it still votes.
    /// </summary>
    public IEnumerable<DfssException> Losses => losses.OfType<DfssException>();

    /// <summary>A member that is down or full gets no more chunks, and what it has does not count.</summary>
    /// <param name="member">Its index in the home.</param>
    /// <param name="reason">Why.</param>
    /// <returns>Whether it took chunks until now.</returns>
    public bool Exclude(int member, DfssException reason)
    {
        // Before the member is left out: whoever then finds that nobody is left wants to say why.
        lastReason = reason;
        if (reason.Code is DfssErrorCode.PeerUnreachable or DfssErrorCode.TimedOut)
        {
            Volatile.Write(ref losses[member], reason);
        }

        return Interlocked.Exchange(ref canTake[member], value: false);
    }

    /// <summary>Fails, with the last member's reason, where no member takes chunks.</summary>
    /// <exception cref="DfssException">The last reason's code.</exception>
    public void ThrowIfNobodyTakes()
    {
        if (TakerCount == 0)
        {
            DfssException reason = lastReason
                ?? new DfssException(DfssErrorCode.PeerUnreachable, "None of the file's peers can be reached.");
            throw reason.Retold($"No peer takes the file's chunks any more. The last one: {reason.Reason}");
        }
    }

    /// <summary>The member has acknowledged the chunk.</summary>
    public void MarkHeld(int member, int chunkIndex) => Interlocked.Or(
        ref heldWords[member][chunkIndex >> 5], 1 << (chunkIndex & 31));

    /// <summary>The member has not got these chunks after all.</summary>
    public void MarkMissing(int member, ChunkBitmap missing)
    {
        for (int i = 0; i < chunkCount; i++)
        {
            if (missing[i])
            {
                Interlocked.And(ref heldWords[member][i >> 5], ~(1 << (i & 31)));
            }
        }
    }

    /// <summary>Whether the member has acknowledged the chunk.</summary>
    public bool IsHeld(int member, int chunkIndex) =>
        (Volatile.Read(ref heldWords[member][chunkIndex >> 5]) & (1 << (chunkIndex & 31))) != 0;

    /// <summary>
    /// The next member that should get a copy of this chunk, or -1 where it has all its copies (or nobody can take one
    /// more).
    /// </summary>
    public int NextTarget(int chunkIndex)
    {
        int copies = 0;
        int target = -1;
        for (int step = 0; step < placement.MemberCount && copies < placement.Replicas; step++)
        {
            int member = placement.MemberAt(chunkIndex, step);
            if (!CanTake(member))
            {
                continue;
            }

            copies++;
            if (target < 0 && !IsHeld(member, chunkIndex))
            {
                target = member;
            }
        }

        return target;
    }

    /// <summary>The chunks that need a copy somewhere.</summary>
    public IEnumerable<int> Unplaced() => Enumerable.Range(0, chunkCount).Where(index => NextTarget(index) >= 0);

    /// <summary>What each member is to seal: what it has acknowledged; nothing for one that is excluded.</summary>
    public IReadOnlyList<ChunkBitmap> ExpectedByMember() => [.. heldWords.Select((words, member) =>
        CanTake(member)
            ? new ChunkBitmap(MemoryMarshal.AsBytes(words.AsSpan())[..((chunkCount + 7) / 8)].ToArray())
            : ChunkBitmap.Create(chunkCount, _ => false))];
}
