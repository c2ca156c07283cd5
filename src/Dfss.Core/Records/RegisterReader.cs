namespace Dfss.Records;

/// <summary>
/// One read of one name: asks all members for their registers. With a majority of answers the result is current:
/// nothing that was chosen before the read began is missing from it. The read first finishes an unfinished change that
/// it finds, so that no later reader sees an older record; but only when all members have answered or failed, as the
/// change may still be under way. A driver that has a majority need not wait long for the rest: it may report them
/// unavailable.
/// </summary>
internal sealed class RegisterReader : RegisterRound
{
    private readonly bool[] hasAnswered;

    /// <summary>Begins a read.</summary>
    public RegisterReader(string name, RegisterPlace place, Func<Guid> newProposerId)
        : base(name, place, newProposerId)
    {
        hasAnswered = new bool[MemberCount];
        Begin(Step.Reading);
    }

    /// <summary>Once finished: the record, a tombstone too; null if the name was never sent, or no member that was
    /// asked has it.</summary>
    public BallotedRecord? Result { get; private set; }

    /// <summary>
    /// Once finished: whether a majority answered. If not, <see cref="Result"/> is the newest record that is known to
    /// be decided, and may be old.
    /// </summary>
    public bool IsCurrent { get; private set; }

    /// <inheritdoc/>
    public override void GiveUp()
    {
        if (!IsFinished)
        {
            End(NewestDecided, isCurrent: false);
        }
    }

    protected override void AdvanceOwnStep()
    {
        NoteAnswers();
        if (!Tally.HasMajority && !Tally.IsPending)
        {
            GiveUp();
        }
        else if (Tally.HasMajority && HighestAccepted() is var highest
            && !(LacksFirst(highest) && Tally.IsPending) && !BeginInstalling(highest))
        {
            OnInstalled();
        }
    }

    protected override void OnInstalled()
    {
        NoteAnswers();
        if (!TryConclude(HighestAccepted()) && !Tally.IsPending)
        {
            PrepareNextBallot();
        }
    }

    protected override void OnPrepared()
    {
        if (Prepared is null || IsKnownDecided(Prepared.Record))
        {
            End(Prepared is null ? null : NewestDecided, isCurrent: true);
        }
        else
        {
            BeginAccepting(Prepared.Record);
        }
    }

    protected override void OnAccepted(BallotedRecord chosen) => End(chosen, isCurrent: true);

    protected override void OnMoved(BallotedRecord? evidence) =>
        Finish(DecidedHere(evidence), member => hasAnswered[member]);

    protected override void Repeat()
    {
        if (Tally.Count(MemberStanding.Refused) == 0)
        {
            GiveUp();
        }
        else
        {
            base.Repeat();
        }
    }

    /// <summary>
    /// Nothing accepted, or nothing above the decided record, or a majority that accepted the same ballot (so its
    /// record is chosen): then the members' answers show the current record.
    /// </summary>
    private bool TryConclude(BallotedRecord? highest)
    {
        if (highest is null)
        {
            End(result: null, isCurrent: true);
        }
        else if (IsKnownDecided(highest.Record))
        {
            End(NewestDecided, isCurrent: true);
        }
        else if (Tally.Answers.Count(
            answer => answer is not null && LastAccepted(answer)?.Ballot == highest.Ballot) >= Tally.Majority)
        {
            End(highest, isCurrent: true);
        }

        return IsFinished;
    }

    private void NoteAnswers()
    {
        for (int i = 0; i < MemberCount; i++)
        {
            hasAnswered[i] |= Tally[i] == MemberStanding.Done;
        }
    }

    private void End(BallotedRecord? result, bool isCurrent)
    {
        if (result?.Record.State == FileRecordState.Moved)
        {
            EndMovedBy(result);
            return;
        }

        Result = result;
        IsCurrent = isCurrent;
        Finish(result, member => hasAnswered[member]);
    }
}
