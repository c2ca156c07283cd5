namespace Dfss.Transfer;

/// <summary>The members of a file's home as a client sees them now: who they are, and which of them it has reached.</summary>
internal sealed class Home
{
    private readonly PeerHandle?[] peers;
    private readonly string?[] reasons;

    private Home(IReadOnlyList<HomeMember> members, PeerHandle?[] peers, string?[] reasons)
    {
        Members = members;
        this.peers = peers;
        this.reasons = reasons;
    }

    /// <summary>The ordered members.</summary>
    public IReadOnlyList<HomeMember> Members { get; }

    /// <summary>n.</summary>
    public int Count => Members.Count;

    /// <summary>floor(n/2) + 1.</summary>
    public int Majority => (Count / 2) + 1;

    /// <summary>How many members were reached.</summary>
    public int ReachedCount => peers.Count(peer => peer is not null);

    /// <summary>The member's store, or null where it was not reached.</summary>
    public PeerHandle? this[int member] => peers[member];

    /// <summary>What stood in the way, of each member that was not reached.</summary>
    public string Reasons => string.Join("; ", reasons.Where(reason => reason is not null));

    /// <summary>Reaches for every member at once.</summary>
    public static async Task<Home> ReachAsync(
        IReadOnlyList<HomeMember> members, PeerDirectory directory, CancellationToken cancellationToken)
    {
        (PeerHandle? Peer, string? Reason)[] found = await Task.WhenAll(
            members.Select(member => directory.FindAsync(member, cancellationToken))).ConfigureAwait(false);
        return new Home(members, [.. found.Select(one => one.Peer)], [.. found.Select(one => one.Reason)]);
    }

    /// <summary>Whether these are the same stores in the same order.</summary>
    public bool IsSameAs(IReadOnlyList<HomeMember> other) =>
        Members.Select(member => member.StoreId).SequenceEqual(other.Select(member => member.StoreId));
}
