namespace Dfss.Records;

/// <summary>
/// Has the members seal more copies of a name's current file, then accept its record once more, unchanged, at a new
/// ballot: what was sealed is kept by that decision. For repair in place. It changes nothing that a reader sees, so it
/// may be given up at any time.
/// </summary>
internal sealed class Refresher : SealingRound
{
    private readonly FileRecord refreshed;
    private bool isProposed;

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

    /// <summary>Goes on from <see cref="ProposerState.Prepared"/>, once the copies are put.</summary>
    /// <param name="sealPlans">
    /// Who holds which chunks of the file, and then of its earlier versions, where there are new copies of those.
    /// </param>
    public void Propose(params IEnumerable<SealPlan> sealPlans)
    {
        TakePlans(sealPlans);
        isProposed = true;
        SealAndAccept(Current!.Record);
    }

    /// <inheritdoc/>
    public override void GiveUp()
    {
        if (!IsFinished)
        {
            End(ProposerState.NoMajority, decided: null);
        }
    }

    protected override void OnPrepared()
    {
        Current = Prepared;
        bool isSame = Current is not null
            && Current.Record.Version == refreshed.Version && Current.Record.WriterId == refreshed.WriterId
            && Current.Record.State == refreshed.State;
        if (!isSame)
        {
            End(ProposerState.Conflict, decided: null);
        }
        else if (isProposed)
        {
            SealAndAccept(Current!.Record);
        }
        else
        {
            WaitForPlans();
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
