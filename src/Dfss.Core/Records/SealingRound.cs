namespace Dfss.Records;

/// <summary>
/// A round that has the members seal files before it asks them to accept a record: step 3, which member seals which
/// chunks, and the repetition if chunks are missing.
/// </summary>
internal abstract class SealingRound(string name, RegisterPlace place, Func<Guid> newProposerId)
    : RegisterRound(name, place, newProposerId)
{
    private Func<BallotedRecord?, FileRecord>? build;
    private FileRecord? record;
    private SealPlan[] plans = [];
    private int planIndex;

    /// <summary>How far it is.</summary>
    public ProposerState State { get; private protected set; } = ProposerState.Preparing;

    /// <summary>
    /// From <see cref="ProposerState.Prepared"/> on, and in a conflict: the current record of the name; null if it was
    /// never sent.
    /// </summary>
    public BallotedRecord? Current { get; private protected set; }

    /// <summary>This change's own record, once chosen. <see cref="Current"/> may be a later one by then.</summary>
    public BallotedRecord? Chosen { get; private protected set; }

    /// <summary>Which of the plans is being sealed, in <see cref="ProposerState.ChunksMissing"/>.</summary>
    public int PlanIndex => planIndex;

    /// <summary>
    /// Which of the expected chunks the member lacks, in <see cref="ProposerState.ChunksMissing"/>; empty where none,
    /// or where it gave no answer.
    /// </summary>
    public ChunkBitmap MissingAt(int member) => Tally.Answers[member]?.Missing ?? default;

    /// <summary>Whether the member lacks the manifest, in <see cref="ProposerState.ChunksMissing"/>.</summary>
    public bool IsManifestMissingAt(int member) => Tally.Answers[member]?.IsManifestMissing ?? false;

    /// <summary>Whether the member gave no answer in the step at hand.</summary>
    public bool IsUnavailable(int member) => Tally[member] == MemberStanding.Unavailable;

    /// <summary>Continues from <see cref="ProposerState.Prepared"/>, once the chunks are put.</summary>
    /// <param name="buildRecord">
    /// Makes the record from the one that it replaces. Called again after a lost ballot, as that record may have
    /// changed.
    /// </param>
    /// <param name="sealPlans">
    /// Which member holds which chunks of the file, and then of its earlier versions, if they are put again;
    /// <see cref="SealPlan.None"/> for a change without chunks.
    /// </param>
    public void Propose(Func<BallotedRecord?, FileRecord> buildRecord, params IEnumerable<SealPlan> sealPlans)
    {
        RequireState(ProposerState.Prepared);
        plans = [.. sealPlans.Where(plan => plan != SealPlan.None)];
        Array.ForEach(plans, CheckPlan);
        build = buildRecord;
        BeginSealing();
    }

    /// <summary>
    /// Continues from <see cref="ProposerState.ChunksMissing"/>: asks the members again that had not sealed.
    /// </summary>
    public void Reseal()
    {
        RequireState(ProposerState.ChunksMissing);
        Tally.AskAgain(standing => standing is not MemberStanding.Done and not MemberStanding.Asked);
        State = ProposerState.Sealing;
        Continue(Step.Sealing);
    }

    /// <summary>
    /// Continues from <see cref="ProposerState.ChunksMissing"/> with the chunks of that plan put elsewhere: asks all
    /// again.
    /// </summary>
    public void Reseal(SealPlan sealPlan)
    {
        RequireState(ProposerState.ChunksMissing);
        CheckPlan(sealPlan);
        plans[planIndex] = sealPlan;
        State = ProposerState.Sealing;
        Begin(Step.Sealing);
    }

    /// <summary>Completes a record that the caller has built.</summary>
    protected abstract FileRecord Complete(FileRecord built);

    /// <summary>
    /// Has the files sealed, one after the other, then the record accepted; waits for the caller where it has not put
    /// the chunks yet.
    /// </summary>
    protected void BeginSealing()
    {
        if (build is null)
        {
            State = ProposerState.Prepared;
            Continue(Step.Waiting);
            return;
        }

        record = Complete(build(Current));
        if (!string.Equals(record.Name, Name, StringComparison.Ordinal)
            || (plans.Length > 0 && record.FileId != plans[0].FileId))
        {
            throw new InvalidOperationException(
                $"The record made for '{Name}' is of another name, or of another file than its plan.");
        }

        planIndex = -1;
        SealNext();
    }

    protected override RegisterRequest RequestFor(int member)
    {
        if (At != Step.Sealing)
        {
            return base.RequestFor(member);
        }

        SealPlan plan = plans[planIndex];
        return new SealRequest(Name, Ballot, plan.FileId, plan.ExpectedByMember[member]);
    }

    protected override bool Asks(int member) => At == Step.Sealing ? plans[planIndex].Asks(member) : base.Asks(member);

    protected override void Repeat()
    {
        base.Repeat();
        if (At == Step.Preparing)
        {
            State = ProposerState.Preparing;
        }
    }

    protected override void AdvanceOwnStep()
    {
        SealPlan plan = plans[planIndex];
        int majority = (plan.SealerCount / 2) + 1;
        if (CountSealers(MemberStanding.Refused) > plan.SealerCount - majority)
        {
            Repeat();
            return;
        }

        if (Sealers().Any(IsSealAwaited))
        {
            return;
        }

        bool isMet = plan.IsMetBy(member => plan.Asks(member) && Tally[member] == MemberStanding.Done);
        if (isMet && !Sealers().Any(IsMissing))
        {
            if (CountSealers(MemberStanding.Done) + CountSealers(MemberStanding.ChunksMissing) >= majority)
            {
                SealNext();
            }
            else if (!IsAnyPending())
            {
                Repeat();
            }
        }
        else if (!isMet && CountSealers(MemberStanding.Refused) > 0)
        {
            Repeat();
        }
        else if (!IsAnyPending() || Sealers().Any(IsMissing))
        {
            State = ProposerState.ChunksMissing;
            Continue(Step.Waiting);
        }
    }

    protected void End(ProposerState state, BallotedRecord? decided)
    {
        State = state;
        Finish(decided, needsIt: static _ => true);
    }

    protected void RequireState(ProposerState state)
    {
        if (State != state)
        {
            throw new InvalidOperationException($"The change of '{Name}' is {State}, not {state}.");
        }
    }

    private void SealNext()
    {
        planIndex++;
        State = planIndex < plans.Length ? ProposerState.Sealing : ProposerState.Accepting;
        if (planIndex < plans.Length)
        {
            Begin(Step.Sealing);
        }
        else
        {
            BeginAccepting(record!);
        }
    }

    private IEnumerable<int> Sealers() => Enumerable.Range(0, MemberCount).Where(plans[planIndex].Asks);

    private int CountSealers(MemberStanding standing) => Sealers().Count(member => Tally[member] == standing);

    private bool IsAnyPending() => CountSealers(MemberStanding.ToAsk) + CountSealers(MemberStanding.Asked) > 0;

    /// <summary>Whether the member is to hold chunks and has not answered yet.</summary>
    private bool IsSealAwaited(int member) =>
        Tally[member] is MemberStanding.ToAsk or MemberStanding.Asked
            && !plans[planIndex].ExpectedByMember[member].IsEmpty;

    /// <summary>
    /// Whether the member lacks what it is to hold. A member that is left out may lack all, the manifest too.
    /// </summary>
    private bool IsMissing(int member) =>
        Tally[member] == MemberStanding.ChunksMissing && !plans[planIndex].ExpectedByMember[member].IsEmpty;

    private void CheckPlan(SealPlan plan)
    {
        if (plan.ExpectedByMember.Count != MemberCount
            || (plan.Sealers is not null && plan.Sealers.Count != MemberCount))
        {
            throw new ArgumentException(
                $"The plan is for {plan.ExpectedByMember.Count} members, not {MemberCount}.", nameof(plan));
        }

        if (plan.MinimumReplicas < 1 || !plan.IsMetBy(plan.Asks))
        {
            throw new ArgumentException(
                $"The plan puts some chunk at fewer than {plan.MinimumReplicas} members.", nameof(plan));
        }
    }
}
