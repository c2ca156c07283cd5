namespace Dfss.Records;

/// <summary>
/// The number of a round of voting: the epoch of the home that votes, a counter, then 16 random bytes that make it
/// unique. Ordered by the epoch, then by the counter, then by the bytes. The default value is below every ballot that
/// is used.
/// </summary>
/// <param name="Counter">
/// Counts up from 1 in each epoch; at most <see cref="MaxJump"/> above any that a member has seen there.
/// </param>
/// <param name="Proposer">16 random bytes, new for each proposer.</param>
/// <param name="Epoch">
/// Which home of the name votes: 0 the first, and one more with each move; no more than <see cref="MaxJump"/> above any
/// that a member has seen.
/// </param>
public readonly record struct Ballot(long Counter, Guid Proposer, long Epoch = 0) : IComparable<Ballot>
{
    /// <summary>
    /// 2^20: a proposer that is that far ahead is broken or hostile; it could otherwise use up the counter in one step.
    /// </summary>
    public const long MaxJump = 1 << 20;

    /// <inheritdoc/>
    public int CompareTo(Ballot other)
    {
        int byEpoch = Epoch.CompareTo(other.Epoch);
        int byCounter = Counter.CompareTo(other.Counter);
        return byEpoch != 0 ? byEpoch : byCounter != 0 ? byCounter : Proposer.CompareTo(other.Proposer);
    }

    /// <summary>Whether one ballot is below another.</summary>
    public static bool operator <(Ballot left, Ballot right) => left.CompareTo(right) < 0;

    /// <summary>Whether one ballot is above another.</summary>
    public static bool operator >(Ballot left, Ballot right) => left.CompareTo(right) > 0;

    /// <summary>Whether one ballot is not above another.</summary>
    public static bool operator <=(Ballot left, Ballot right) => left.CompareTo(right) <= 0;

    /// <summary>Whether one ballot is not below another.</summary>
    public static bool operator >=(Ballot left, Ballot right) => left.CompareTo(right) >= 0;
}
