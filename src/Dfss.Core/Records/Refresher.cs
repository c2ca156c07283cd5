namespace Dfss.Records;

/// <summary>
/// Has the members seal more copies of a name's current file, then accept its record once more at a new ballot: what was
/// sealed is kept by that decision. For repair in place, and for new addresses of the members: these are hints and no part
/// of the change, so the record keeps its version and writer id. A reader sees no other file by it, so it may be given up
/// at any time.
/// </summary>
internal sealed class Refresher : SealingRound
{
    private readonly FileRecord refreshed;

    /// <summary>Begins it.</summary>
    /// <param name="place">The home.</param>
    /// <param name="record">What the name is at: only as long as it is current is it refreshed.</param>
    /// <param name="newProposerId">Gives 16 random bytes for each ballot.</param>
    public Refresher(RegisterPlace place, FileRecord record, Func<Guid> newProposerId)
        : base(record.Name, place, newProposerId)
    {
        refreshed = record;
        PrepareNextBallot();
    }

    /// <summary>
    /// Whether it ends where a member does not answer, or has promised a higher ballot to another client meanwhile, in place
    /// of trying again.
    /// </summary>
    public bool GivesWay { get; init; }

    /// <inheritdoc/>
    public override void GiveUp()
    {
        if (!IsFinished)
        {
            End(ProposerState.NoMajority, decided: null);
        }
    }

    /// <summary>The members' addresses are all that may differ from the record that is current.</summary>
    protected override FileRecord Complete(FileRecord built) => Current!.Record with { Home = built.Home };

    protected override void OnPrepared()
    {
        Current = Prepared;
        bool isSame = Current is not null
            && Current.Record.Version == refreshed.Version && Current.Record.WriterId == refreshed.WriterId
            && Current.Record.State == refreshed.State;
        if (isSame)
        {
            BeginSealing();
        }
        else
        {
            End(ProposerState.Conflict, decided: null);
        }
    }

    /// <summary>The first ballot may be below all that the members have promised, and shows how high these are.</summary>
    protected override void Repeat()
    {
        bool isRefused = Tally.Count(MemberStanding.Refused) > 0;
        if (GivesWay && !isRefused)
        {
            GiveUp();
        }
        else if (GivesWay && (Round > 1 || At != Step.Preparing))
        {
            End(ProposerState.Conflict, decided: null);
        }
        else
        {
            base.Repeat();
        }
    }

    protected override void OnAccepted(BallotedRecord chosen)
    {
        Current = chosen;
        Chosen = chosen;
        End(ProposerState.Chosen, decided: chosen);
    }

    protected override void OnMoved(BallotedRecord? evidence) => End(ProposerState.Moved, DecidedHere(evidence));
}
