using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>The members of a file's home as a client sees them now: their identities, and which of them it has
/// reached.</summary>
internal sealed class Home
{
    private readonly PeerDirectory directory;
    private readonly PeerHandle?[] peers;
    private readonly string?[] reasons;

    private Home(IReadOnlyList<HomeMember> members, RegisterPlace place, PeerDirectory directory)
    {
        Members = members;
        Place = place;
        this.directory = directory;
        peers = new PeerHandle?[members.Count];
        reasons = new string?[members.Count];
    }

    /// <summary>The ordered members; of a move the guests behind them.</summary>
    public IReadOnlyList<HomeMember> Members { get; }

    /// <summary>How the client tries again what failed at a member.</summary>
    public TransferRetries Retries => directory.Retries;

    /// <summary>The members that vote on the name, all but the guests, with the addresses that they have now.</summary>
    public IReadOnlyList<HomeMember> Voters => directory.WithCurrentAddresses([.. Members.Take(Place.VoterCount)]);

    /// <summary>Where rounds about its name are held: these members, and which of the name's homes they are.</summary>
    public RegisterPlace Place { get; }

    /// <summary>n, and how many guests there are.</summary>
    public int Count => Members.Count;

    /// <summary>floor(n/2) + 1.</summary>
    public int Majority => (Place.VoterCount / 2) + 1;

    /// <summary>How many members were reached.</summary>
    public int ReachedCount => Enumerable.Range(0, Count).Count(member => this[member] is not null);

    /// <summary>The member's store, or null where it was not reached.</summary>
    public PeerHandle? this[int member] =>
        Volatile.Read(ref peers[member]) ?? (peers[member] = directory.FindKnown(Members[member]));

    /// <summary>Whether a member that was reached permits this client to change nothing.</summary>
    public bool IsReadOnly => Enumerable.Range(0, Count).Any(member => this[member] is { IsReadOnly: true });

    /// <summary>Why each member that was not reached was not, in whole sentences; empty if all were reached.</summary>
    public string Reasons => string.Join(
        " ", reasons.Where((reason, member) => reason is not null && this[member] is null));

    /// <summary>Why a member was not reached; null if it was.</summary>
    public string? ReasonOf(int member) => this[member] is null ? Volatile.Read(ref reasons[member]) : null;

    /// <summary>
    /// Connects to every member at once. When <paramref name="enough"/> are reached, waits a little longer for the
    /// others; one that answers later joins.
    /// </summary>
    public static async Task<Home> ReachAsync(
        RecordHome recorded, PeerDirectory directory, int enough, CancellationToken cancellationToken)
    {
        IReadOnlyList<HomeMember> members = recorded.Members;
        Home home = new(members, new RegisterPlace(members.Count, recorded.Epoch)
        {
            Members = [.. members.Select(member => member.StoreId)],
            Clocks = directory.Clocks,
        }, directory);
        using CancellationTokenSource leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] reaching =
            [.. Enumerable.Range(0, members.Count).Select(member => home.MeetAsync(member, leave.Token))];
        await StragglerGrace.WaitAsync(
            reaching, () => home.ReachedCount >= enough, directory.Clock, cancellationToken).ConfigureAwait(false);
        for (int member = 0; member < reaching.Length; member++)
        {
            if (!reaching[member].IsCompleted)
            {
                Volatile.Write(ref home.reasons[member], $"{members[member].DisplayName} has not answered yet.");
            }
        }

        // This only ends the waiting: the directory continues to connect, and keeps a peer that answers later.
        await leave.CancelAsync().ConfigureAwait(false);
        await StragglerGrace.EndAsync(reaching, cancellationToken).ConfigureAwait(false);
        return home;
    }

    /// <summary>Connects to every member at once, and waits a little for the rest when a majority is reached.</summary>
    public static Task<Home> ReachAsync(
        RecordHome recorded, PeerDirectory directory, CancellationToken cancellationToken) =>
        ReachAsync(recorded, directory, (recorded.Members.Count / 2) + 1, cancellationToken);

    /// <summary>
    /// Connects to every member of the home of a file as it was read; waits a little for the rest when enough are
    /// reached.
    /// </summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.PeerUnreachable"/>: no member is reached.</exception>
    public static async Task<Home> ReachAsync(
        FileRecord record, PeerDirectory directory, int enough, CancellationToken cancellationToken)
    {
        Home home = await ReachAsync(RecordHome.Of(record), directory, enough, cancellationToken).ConfigureAwait(false);
        home.ThrowIfNoneReached(record.Name);
        return home;
    }

    /// <summary>The same, with a majority for enough.</summary>
    public static Task<Home> ReachAsync(
        FileRecord record, PeerDirectory directory, CancellationToken cancellationToken) =>
        ReachAsync(record, directory, (record.Home.Count / 2) + 1, cancellationToken);

    /// <summary>Connects to every member of a name's first home.</summary>
    public static Task<Home> ReachAsync(
        IReadOnlyList<HomeMember> members, PeerDirectory directory, CancellationToken cancellationToken) =>
        ReachAsync(new RecordHome(members, HomeEpoch.Original), directory, cancellationToken);

    /// <summary>Connects to every member of another home of the same name.</summary>
    public Task<Home> GoToAsync(RecordHome other, CancellationToken cancellationToken) =>
        ReachAsync(other, directory, cancellationToken);

    /// <summary>This home with the stores that its name is to move to as guests: they are asked to seal and do not
    /// vote.</summary>
    public Home WithGuests(Home next)
    {
        HomeMember[] guests = [.. next.Members.Where(member => Members.All(one => one.StoreId != member.StoreId))];
        HomeMember[] all = [.. Members, .. guests];
        RegisterPlace place =
            Place with { GuestCount = guests.Length, Members = [.. all.Select(member => member.StoreId)] };
        return new Home(all, place, directory);
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

    /// <summary>A record of the name, with the addresses that the members of its homes have now.</summary>
    public FileRecord WithCurrentAddresses(FileRecord record) => record with
    {
        Home = directory.WithCurrentAddresses(record.Home),
        FormerHome = directory.WithCurrentAddresses(record.FormerHome),
    };

    /// <summary>The members of a record's home that were reached at other addresses than those recorded.</summary>
    public IReadOnlyList<HomeMember> FindReaddressed(FileRecord record) => directory.FindReaddressed(record.Home);

    /// <summary>Warns, once, that a member's store has no vote.</summary>
    public void WarnOfNoVote(int member)
    {
        if (this[member] is PeerHandle peer)
        {
            directory.WarnOfNoVote(peer);
        }
    }

    /// <summary>Refuses a change at a home of which a store was found to be served by two peers.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreRunsTwice"/>.</exception>
    public Task ThrowIfAnyRunsTwiceAsync(CancellationToken cancellationToken) => directory.ThrowIfAnyRunsTwiceAsync(
        Members.Select(member => member.StoreId).OfType<StoreId>(), cancellationToken);

    /// <summary>Refuses a member whose store was found to be served by two peers; sends no request.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreRunsTwice"/>.</exception>
    public void ThrowIfRunsTwice(int member)
    {
        if (directory.FindTwice(Members[member]) is { } twice)
        {
            throw twice.Refusal;
        }
    }

    /// <summary>Whether these are the same stores in the same order.</summary>
    public bool IsSameAs(IReadOnlyList<HomeMember> other) =>
        Voters.Select(member => member.StoreId).SequenceEqual(other.Select(member => member.StoreId));

    /// <summary>Whether these are the same stores in any order: then the same members vote.</summary>
    public bool HasSameStoresAs(IReadOnlyList<HomeMember> other) => Place.VoterCount == other.Count
        && Voters.Select(member => member.StoreId).ToHashSet().SetEquals(other.Select(member => member.StoreId));

    /// <exception cref="DfssException"><see cref="DfssErrorCode.PeerUnreachable"/>: no member was reached.</exception>
    public void ThrowIfNoneReached(string name)
    {
        if (ReachedCount == 0)
        {
            throw new DfssException(
                DfssErrorCode.PeerUnreachable, $"No peer that holds '{name}' can be reached. {Reasons}");
        }
    }

    /// <summary>The member's store, also sought at its recorded addresses.</summary>
    private async Task MeetAsync(int member, CancellationToken cancellationToken)
    {
        if (await ReachAsync(member, cancellationToken).ConfigureAwait(false) is not null)
        {
            await directory.LookElsewhereAsync(Members[member], cancellationToken).ConfigureAwait(false);
        }
    }
}
