namespace Dfss.Records;

/// <content>Step 3: who seals what, and what is to be done where chunks are missing.</content>
internal sealed partial class Proposer
{
    /// <summary>
    /// Which of the expected chunks the member lacks, in <see cref="ProposerState.ChunksMissing"/>; empty where none,
    /// or where it gave no answer.
    /// </summary>
    public ChunkBitmap MissingAt(int member) => Tally.Answers[member]?.Missing ?? default;

    /// <summary>Whether the member lacks the manifest, in <see cref="ProposerState.ChunksMissing"/>.</summary>
    public bool IsManifestMissingAt(int member) => Tally.Answers[member]?.IsManifestMissing ?? false;

    /// <summary>Whether the member gave no answer in the step at hand.</summary>
    public bool IsUnavailable(int member) => Tally[member] == MemberStanding.Unavailable;

    /// <summary>Goes on from <see cref="ProposerState.ChunksMissing"/>: asks again those that had not sealed.</summary>
    public void Reseal()
    {
        RequireState(ProposerState.ChunksMissing);
        Tally.AskAgain(standing => standing is not MemberStanding.Done and not MemberStanding.Asked);
        State = ProposerState.Sealing;
        Continue(Step.Sealing);
    }

    /// <summary>
    /// Goes on from <see cref="ProposerState.ChunksMissing"/> with the chunks put elsewhere: asks all again.
    /// </summary>
    public void Reseal(SealPlan sealPlan)
    {
        RequireState(ProposerState.ChunksMissing);
        CheckPlan(sealPlan);
        plan = sealPlan;
        State = ProposerState.Sealing;
        Begin(Step.Sealing);
    }

    protected override void AdvanceOwnStep()
    {
        if (Tally.Count(MemberStanding.Refused) > MemberCount - Tally.Majority)
        {
            Repeat();
            return;
        }

        if (Enumerable.Range(0, MemberCount).Any(IsSealAwaited))
        {
            return;
        }

        bool isMet = plan.IsMetBy(member => Tally[member] == MemberStanding.Done);
        if (isMet && !Enumerable.Range(0, MemberCount).Any(IsMissing))
        {
            if (Tally.Count(MemberStanding.Done) + Tally.Count(MemberStanding.ChunksMissing) >= Tally.Majority)
            {
                State = ProposerState.Accepting;
                BeginAccepting(ownRecord!);
            }
            else if (!Tally.IsPending)
            {
                Repeat();
            }
        }
        else if (!isMet && Tally.Count(MemberStanding.Refused) > 0)
        {
            Repeat();
        }
        else if (!Tally.IsPending || Enumerable.Range(0, MemberCount).Any(IsMissing))
        {
            State = ProposerState.ChunksMissing;
            Continue(Step.Waiting);
        }
    }

    /// <summary>Whether the member is to hold chunks and has not answered yet.</summary>
    private bool IsSealAwaited(int member) =>
        Tally[member] is MemberStanding.ToAsk or MemberStanding.Asked && !plan.ExpectedByMember[member].IsEmpty;

    /// <summary>
    /// Whether the member lacks what it is to hold. One that was passed over may lack all, the manifest too.
    /// </summary>
    private bool IsMissing(int member) =>
        Tally[member] == MemberStanding.ChunksMissing && !plan.ExpectedByMember[member].IsEmpty;

    private void CheckPlan(SealPlan sealPlan)
    {
        if (sealPlan != SealPlan.None && sealPlan.ExpectedByMember.Count != MemberCount)
        {
            throw new ArgumentException($"The plan is for {sealPlan.ExpectedByMember.Count} members, not {MemberCount}.", nameof(sealPlan));
        }

        if (sealPlan != SealPlan.None && (sealPlan.MinimumReplicas < 1 || !sealPlan.IsMetBy(static _ => true)))
        {
            throw new ArgumentException($"The plan puts some chunk at fewer than {sealPlan.MinimumReplicas} members.", nameof(sealPlan));
        }
    }
}
