namespace Dfss.Records;

/// <content>Homes before and after this one.</content>
internal abstract partial class RegisterRound
{
    private BallotedRecord? first;

    /// <summary>Whether it ended since the name is at a later home.</summary>
    public bool HasMoved { get; private set; }

    /// <summary>If <see cref="HasMoved"/>: that home; null if the answers only show that there is one.</summary>
    public RecordHome? NextHome { get; private set; }

    /// <summary>Ends it, as the name moved.</summary>
    /// <param name="evidence">A record of a later home, or the chosen move itself; null where there is only a
    /// promise.</param>
    protected abstract void OnMoved(BallotedRecord? evidence);

    /// <summary>Whether the first record of this home is still unknown.</summary>
    protected bool LacksFirst(BallotedRecord? highest) => place.Epoch.Number > 0 && (first ?? highest) is null;

    /// <summary>The first record is at a majority.</summary>
    protected virtual void OnInstalled()
    {
        Prepared = first;
        OnPrepared();
    }

    /// <summary>The decided record, if it is the move from this home; it is sent to the other members.</summary>
    protected BallotedRecord? DecidedHere(BallotedRecord? evidence) =>
        evidence?.Ballot.Epoch == place.Epoch.Number ? evidence : null;

    /// <summary>Ends it with the move that was chosen here.</summary>
    protected void EndMovedBy(BallotedRecord moved) => EndMoved(RecordHome.OfDecided(moved), moved);

    /// <summary>
    /// Whether the first record of this home is not yet known to be at a majority. Then the round brings it there, or,
    /// if the record is unknown, ends: a client that followed the move has it.
    /// </summary>
    /// <remarks>
    /// A client that had a record accepted at a higher ballot has done this before. So there is nothing to do then.
    /// </remarks>
    protected bool BeginInstalling(BallotedRecord? highest)
    {
        bool isInstalled = place.Epoch.Number == 0
            || highest?.Ballot > HomeEpoch.FirstBallot(place.Epoch.Number)
            || Tally.Answers.Take(place.VoterCount)
                .Count(answer => answer is not null && LastAccepted(answer) is not null) >= Tally.Majority;
        if (isInstalled)
        {
            return false;
        }

        if (first is null)
        {
            EndMoved(next: null, evidence: null);
        }
        else
        {
            Begin(Step.Installing);
        }

        return true;
    }

    private void EndMoved(RecordHome? next, BallotedRecord? evidence)
    {
        HasMoved = true;
        NextHome = next;
        OnMoved(evidence);
    }

    private void Learn(int member, RegisterAnswer answer)
    {
        if (answer.Accepted is { } accepted && accepted.Ballot == HomeEpoch.FirstBallot(place.Epoch.Number))
        {
            first ??= accepted;
        }

        if (answer.Decided is { } decided)
        {
            Learn(member, decided);
        }

        if (!IsFinished && RecordHome.LatestOf(answer) is { } latest && latest.Epoch.Number > place.Epoch.Number)
        {
            EndMoved(latest, answer.Accepted?.Ballot.Epoch > place.Epoch.Number ? answer.Accepted : answer.Decided);
        }
    }

    private void Learn(int member, BallotedRecord decided)
    {
        decidedAt[member] = Max(decidedAt[member], decided.Ballot);
        bool isMoved = decided.Record.State == FileRecordState.Moved;
        BallotedRecord file = isMoved ? HomeEpoch.FirstOf(decided.Record) : decided;
        if (file.Ballot == HomeEpoch.FirstBallot(place.Epoch.Number))
        {
            first ??= file;
        }

        NewestDecided = NewestDecided?.Ballot >= file.Ballot ? NewestDecided : file;
        OnDecidedSeen(decided);
    }

    private bool IsRefusedForLaterHome(int member) => Tally[member] == MemberStanding.Refused
        && Tally.Answers[member]?.Promised.Epoch > place.Epoch.Number;
}
