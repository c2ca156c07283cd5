namespace Dfss.Records;

/// <summary>Which of a name's homes a round is held in, and the first record of the registers there.</summary>
/// <param name="Number">0 the first home, and one more with each move.</param>
/// <param name="First">
/// After a move: the first record of the home, at <see cref="FirstBallot"/>. Null in the first home, and if it is
/// unknown.
/// </param>
internal sealed record HomeEpoch(long Number, BallotedRecord? First)
{
    /// <summary>The first home of a name: its register begins empty.</summary>
    public static HomeEpoch Original { get; } = new(0, First: null);

    /// <summary>
    /// The ballot of the first record of a later home: below every ballot that is proposed there, and above all of the
    /// homes before.
    /// </summary>
    public static Ballot FirstBallot(long epoch) => new(1, Guid.Empty, epoch);

    /// <summary>The first record of the home that a name moved to.</summary>
    public static BallotedRecord FirstOf(FileRecord moved) => new(
        FirstBallot(moved.Epoch), moved with { State = FileRecordState.File, FormerHome = [] });
}

/// <summary>A home by its members, as a record names it, and which of the name's homes it is.</summary>
internal sealed record RecordHome(IReadOnlyList<HomeMember> Members, HomeEpoch Epoch)
{
    /// <summary>The home that votes on a name, given its decided record.</summary>
    public static RecordHome OfDecided(BallotedRecord decided) => decided.Record.State == FileRecordState.Moved
        ? new RecordHome(decided.Record.Home, new HomeEpoch(decided.Record.Epoch, HomeEpoch.FirstOf(decided.Record)))
        : OfAccepted(decided);

    /// <summary>
    /// Where a name is voted on of which this was accepted: a move that may not have been chosen is still to be settled
    /// at the home it leaves.
    /// </summary>
    public static RecordHome OfAccepted(BallotedRecord accepted)
    {
        (Ballot ballot, FileRecord record) = (accepted.Ballot, accepted.Record);
        bool isFirst = ballot.Epoch > 0 && ballot == HomeEpoch.FirstBallot(ballot.Epoch);
        return new RecordHome(
            record.State == FileRecordState.Moved ? record.FormerHome : record.Home,
            new HomeEpoch(ballot.Epoch, isFirst ? accepted : null));
    }

    /// <summary>The home of a file as it was read.</summary>
    public static RecordHome Of(FileRecord record) => new(record.Home, new HomeEpoch(record.Epoch, First: null));

    /// <summary>The latest home in the answers; null if they have none.</summary>
    public static RecordHome? LatestOf(params IEnumerable<RegisterAnswer> answers)
    {
        (Ballot Ballot, RecordHome Home)[] told =
        [
            .. answers.Where(answer => answer.Accepted is not null)
                .Select(answer => (answer.Accepted!.Ballot, OfAccepted(answer.Accepted))),
            .. answers.Where(answer => answer.Decided is not null)
                .Select(answer => (answer.Decided!.Ballot, OfDecided(answer.Decided))),
        ];
        if (told.Length == 0)
        {
            return null;
        }

        RecordHome latest = told.MaxBy(one => (one.Home.Epoch.Number, one.Ballot)).Home;
        BallotedRecord? first = told.Select(one => one.Home.Epoch)
            .FirstOrDefault(epoch => epoch.Number == latest.Epoch.Number && epoch.First is not null)?.First;
        return latest with { Epoch = latest.Epoch with { First = first } };
    }
}

/// <summary>Where a round is held.</summary>
/// <param name="VoterCount">n: how many members vote; in the round they are 0 to n - 1.</param>
/// <param name="Epoch">Which of the name's homes they are.</param>
internal sealed record RegisterPlace(int VoterCount, HomeEpoch Epoch)
{
    /// <summary>
    /// How many stores, members n and on, are asked to seal and do not vote: those of a home that the name is to move
    /// to.
    /// </summary>
    public int GuestCount { get; init; }

    /// <summary>Whether all members vote on everything: see <see cref="RegisterRequest.IsUnanimous"/>.</summary>
    public bool IsUnanimous => VoterCount <= 2;

    /// <summary>
    /// The stores of the voters and guests; null for one that never answered. Empty: no clocks are sent.
    /// </summary>
    public IReadOnlyList<StoreId?> Members { get; init; } = [];

    /// <summary>The stores' clocks that the client has recorded.</summary>
    public KnownClocks Clocks { get; init; } = new();
}
