namespace Dfss.Records;

/// <content>Which answers count, and the step that follows.</content>
internal abstract partial class RegisterRound
{
    /// <summary>
    /// Withdraws the answers of members of which another clock is known now: they are asked again, with that clock. An
    /// acceptance of a generation that was not sent to the others counts as a refusal.
    /// </summary>
    private void DropUncounted(int member, RegisterAnswer? answer)
    {
        for (int i = 0; i < MemberCount; i++)
        {
            if (Tally[i] is not (MemberStanding.Done or MemberStanding.ChunksMissing) || clocks.IsVouched(i))
            {
                continue;
            }

            if (At == Step.Accepting && clocks.IsOutdated(i))
            {
                Tally.Refuse(i);
            }
            else
            {
                Tally.AskAgain(i);
                clocks.Drop(i);
            }
        }

        if (answer is not null && At == Step.Accepting && Tally[member] == MemberStanding.Done
            && !clocks.IsToldToAll(member, answer))
        {
            Tally.Refuse(member);
        }
    }

    private void Advance()
    {
        if (At is Step.Reading or Step.Sealing)
        {
            AdvanceOwnStep();
        }
        else if (At is Step.Preparing or Step.Installing or Step.Accepting)
        {
            if (Tally.HasMajority)
            {
                AdvanceWithMajority();
            }
            else if (!Tally.CanReachMajority)
            {
                Repeat();
            }
        }
    }

    private void AdvanceWithMajority()
    {
        if (At == Step.Accepting)
        {
            OnAccepted(new BallotedRecord(Ballot, Proposal!));
        }
        else if (At == Step.Installing)
        {
            OnInstalled();
        }
        else if (HighestAccepted() is var highest && !BeginInstalling(highest))
        {
            Prepared = highest;
            OnPrepared();
        }
    }
}
