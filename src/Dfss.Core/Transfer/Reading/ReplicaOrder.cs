namespace Dfss.Transfer;

/// <summary>
/// The order in which members are asked for one chunk. Its copies are at the first R members of its ring that could
/// take it, so these are asked first; for each that does not have it, one more member becomes likely. Among those, one
/// that failed recently comes last. The rest of the ring is asked when no other member is left.
/// </summary>
internal sealed class ReplicaOrder(Home home, Placement placement, int chunkIndex, HolderHealth health)
{
    /// <summary>By step of the ring; 64 members are the most.</summary>
    private ulong asked;

    private int likely = Math.Min(placement.Replicas, placement.MemberCount);

    /// <summary>A likely holder that was not asked and has not failed lately; -1 for none.</summary>
    public int FindPreferred()
    {
        for (int step = 0; step < likely; step++)
        {
            int member = placement.MemberAt(chunkIndex, step);
            if ((asked & (1UL << step)) == 0 && home.Members[member].StoreId is StoreId id && health.IsPreferred(id))
            {
                return step;
            }
        }

        return -1;
    }

    /// <summary>A likely holder that was not asked, the best first; -1 for none.</summary>
    public int FindLikely() => FindPreferred() is >= 0 and int preferred ? preferred : FirstNotAsked(likely);

    /// <summary>Any member that was not asked, the best first; -1 for none.</summary>
    public int FindAny() => FindLikely() is >= 0 and int best ? best : FirstNotAsked(placement.MemberCount);

    /// <summary>The member of this step is asked now.</summary>
    public int Take(int step)
    {
        asked |= 1UL << step;
        return placement.MemberAt(chunkIndex, step);
    }

    /// <summary>A member asked cannot give the chunk: one more may have it.</summary>
    public void Widen() => likely = Math.Min(likely + 1, placement.MemberCount);

    private int FirstNotAsked(int end)
    {
        for (int step = 0; step < end; step++)
        {
            if ((asked & (1UL << step)) == 0)
            {
                return step;
            }
        }

        return -1;
    }
}
