namespace Dfss.Transfer;

/// <summary>
/// The members of a file's home as a client sees them now: who they are, and which of them it has reached.
/// </summary>
internal sealed class Home
{
    private readonly PeerDirectory directory;
    private readonly PeerHandle?[] peers;
    private readonly string?[] reasons;

    private Home(IReadOnlyList<HomeMember> members, PeerDirectory directory)
    {
        Members = members;
        this.directory = directory;
        peers = new PeerHandle?[members.Count];
        reasons = new string?[members.Count];
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
    public PeerHandle? this[int member] => Volatile.Read(ref peers[member]);

    /// <summary>
    /// What stood in the way, of each member that was not reached, in whole sentences; empty where all were.
    /// </summary>
    public string Reasons => string.Join(
        " ", reasons.Where((reason, member) => reason is not null && this[member] is null));

    /// <summary>Reaches for every member at once.</summary>
    public static async Task<Home> ReachAsync(
        IReadOnlyList<HomeMember> members, PeerDirectory directory, CancellationToken cancellationToken)
    {
        Home home = new(members, directory);
        await Task.WhenAll(
            Enumerable.Range(0, members.Count).Select(member => home.ReachAsync(member, cancellationToken)))
            .ConfigureAwait(false);
        return home;
    }

    /// <summary>The member's store; one that was not reached is tried again, as it may just be starting.</summary>
    public async Task<PeerHandle?> ReachAsync(int member, CancellationToken cancellationToken)
    {
        if (this[member] is PeerHandle known)
        {
            return known;
        }

        (PeerHandle? peer, string? reason) = await directory.FindAsync(
            Members[member], cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref reasons[member], reason);
        Volatile.Write(ref peers[member], peer);
        return peer;
    }

    /// <summary>Whether these are the same stores in the same order.</summary>
    public bool IsSameAs(IReadOnlyList<HomeMember> other) =>
        Members.Select(member => member.StoreId).SequenceEqual(other.Select(member => member.StoreId));

    /// <exception cref="DfssException"><see cref="DfssErrorCode.PeerUnreachable"/>: no member was reached.</exception>
    public void ThrowIfNobodyReached(string name)
    {
        if (ReachedCount == 0)
        {
            throw new DfssException(
                DfssErrorCode.PeerUnreachable, $"No peer that holds '{name}' can be reached. {Reasons}");
        }
    }
}
