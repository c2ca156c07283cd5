namespace Dfss.Records;

/// <summary>
/// One change of one name by the steps of the register: prepare, seal, accept, decide. See <see cref="IRegisterRound"/>
/// for how it is driven, and <see cref="ProposerState"/> for what it waits for. After a lost ballot it begins again
/// from the first step, sealing again, since a decision met on the way may have ended the seals.
/// </summary>
/// <remarks>
/// Why own earlier attempts are kept in mind: once a member was asked to accept, the change may be finished by anybody
/// who meets it, and replaced by others before this writer asks again. What it then finds tells: its own change, or one
/// that names it among its predecessors: it was made, once what was found is chosen too; another one: it was not made,
/// once that one is accepted at the new ballot by a majority. Only then, since until then a minority may still hold the
/// attempt at a higher ballot than what was found, and bring it back. A history too short to tell leaves it uncertain.
/// </remarks>
internal sealed partial class Proposer : RegisterRound
{
    /// <summary>
    /// How many predecessors a record names: so many changes others may make between two rounds of one writer before it
    /// cannot tell any more whether its own was made. 8 cost 144 bytes.
    /// </summary>
    internal const int MaxPreviousWriterIds = 8;

    private readonly WriteCondition condition;
    private readonly Guid writerId;
    private readonly List<BallotedRecord> attempts = [];
    private Func<BallotedRecord?, FileRecord>? build;
    private SealPlan plan = SealPlan.None;
    private FileRecord? ownRecord;

    /// <summary>Begins a change.</summary>
    /// <param name="name">The name.</param>
    /// <param name="memberCount">n, the size of the home.</param>
    /// <param name="condition">What must hold of the name.</param>
    /// <param name="writerId">Made for this one run: a change tried again after it was uncertain takes a new one, since
    /// this keeps its attempts in mind.</param>
    /// <param name="newProposerId">Gives 16 random bytes for each ballot.</param>
    public Proposer(string name, int memberCount, WriteCondition condition, Guid writerId, Func<Guid> newProposerId)
        : base(name, memberCount, newProposerId)
    {
        this.condition = condition;
        this.writerId = writerId;
        PrepareNextBallot();
    }

    /// <summary>How far it is.</summary>
    public ProposerState State { get; private set; } = ProposerState.Preparing;

    /// <summary>
    /// From <see cref="ProposerState.Prepared"/> on, and in a conflict: what the name is at; null where it was never
    /// sent.
    /// </summary>
    public BallotedRecord? Current { get; private set; }

    /// <summary>This change's own record, once chosen. <see cref="Current"/> may be a later one by then.</summary>
    public BallotedRecord? Chosen { get; private set; }

    /// <summary>Whether somebody was asked to accept this change, so that it may have been made.</summary>
    public bool MayHaveChanged => attempts.Count > 0;

    /// <summary>The version a change made on <see cref="Current"/> has.</summary>
    public long NextVersion => (Current?.Record.Version ?? 0) + 1;

    /// <summary>Goes on from <see cref="ProposerState.Prepared"/>, once the chunks are put.</summary>
    /// <param name="buildRecord">
    /// Makes the record from what it replaces. Called again after a lost ballot, as that may have changed. Version,
    /// writer id and the predecessors' writer ids are filled in here.
    /// </param>
    /// <param name="sealPlan">Who holds which chunks; <see cref="SealPlan.None"/> for a removal.</param>
    public void Propose(Func<BallotedRecord?, FileRecord> buildRecord, SealPlan sealPlan)
    {
        RequireState(ProposerState.Prepared);
        CheckPlan(sealPlan);
        build = buildRecord;
        plan = sealPlan;
        BeginSealing();
    }

    /// <inheritdoc/>
    public override void GiveUp()
    {
        if (!IsFinished)
        {
            End(MayHaveChanged ? ProposerState.Uncertain : ProposerState.NoMajority, decided: null);
        }
    }

    protected override RegisterRequest RequestFor(int member)
    {
        if (At == Step.Sealing)
        {
            return new SealRequest(Name, Ballot, plan.FileId, plan.ExpectedByMember[member]);
        }

        if (At == Step.Accepting && ReferenceEquals(Proposal, ownRecord) && attempts.LastOrDefault()?.Ballot != Ballot)
        {
            attempts.Add(new BallotedRecord(Ballot, Proposal!));
        }

        return base.RequestFor(member);
    }

    protected override void OnPrepared()
    {
        Current = Prepared;
        FileRecord? current = Current?.Record;
        if (current is not null && HasOwn(current))
        {
            FinishCurrent(ProposerState.Accepting);
        }
        else if (IsOutOfSight(current))
        {
            End(ProposerState.Uncertain, decided: null);
        }
        else if (condition.HoldsFor(current))
        {
            BeginSealing();
        }
        else if (current is null || (attempts.Count == 0 && IsKnownDecided(current)))
        {
            End(ProposerState.Conflict, decided: null);
        }
        else
        {
            FinishCurrent(ProposerState.Deciding);
        }
    }

    protected override void OnAccepted(BallotedRecord chosen)
    {
        Current = chosen;
        if (HasOwn(chosen.Record))
        {
            EndChosen(chosen, decided: chosen);
        }
        else
        {
            End(ProposerState.Conflict, decided: chosen);
        }
    }

    protected override void OnDecidedSeen(BallotedRecord decided)
    {
        if (HasOwn(decided.Record))
        {
            EndChosen(decided, decided);
        }
    }

    protected override void Repeat()
    {
        base.Repeat();
        if (At == Step.Preparing)
        {
            State = ProposerState.Preparing;
        }
    }

    private void BeginSealing()
    {
        if (build is null)
        {
            State = ProposerState.Prepared;
            Continue(Step.Waiting);
            return;
        }

        ownRecord = Rebase(build(Current));
        State = plan == SealPlan.None ? ProposerState.Accepting : ProposerState.Sealing;
        if (plan == SealPlan.None)
        {
            BeginAccepting(ownRecord);
        }
        else
        {
            Begin(Step.Sealing);
        }
    }

    /// <summary>
    /// Has what was found accepted once more, unchanged, at this ballot. Its seals still hold: only a later decision
    /// ends them.
    /// </summary>
    private void FinishCurrent(ProposerState state)
    {
        State = state;
        BeginAccepting(Current!.Record);
    }

    private FileRecord Rebase(FileRecord record)
    {
        bool isOfName = string.Equals(record.Name, Name, StringComparison.Ordinal);
        if (!isOfName || (plan != SealPlan.None && record.FileId != plan.FileId))
        {
            throw new InvalidOperationException($"The record made for '{Name}' is of another name or file.");
        }

        FileRecord? previous = Current?.Record;
        return record with
        {
            Version = NextVersion,
            WriterId = writerId,
            PreviousWriterIds = previous is null
                ? []
                : [.. previous.PreviousWriterIds.Prepend(previous.WriterId).Take(MaxPreviousWriterIds)],
        };
    }

    private bool HasOwn(FileRecord record) => record.WriterId == writerId || record.PreviousWriterIds.Contains(writerId);

    /// <summary>Whether what was found is too far from an own attempt to tell whether it was built on it.</summary>
    private bool IsOutOfSight(FileRecord? current) => attempts.Count > 0 && (current is null
        ? !condition.HoldsFor(current: null)
        : attempts.Min(attempt => attempt.Record.Version) < current.Version - current.PreviousWriterIds.Count);

    private void EndChosen(BallotedRecord found, BallotedRecord decided)
    {
        Chosen = found.Record.WriterId == writerId
            ? found
            : attempts.LastOrDefault(attempt => IsPredecessor(attempt.Record, found.Record)) ?? found;
        End(ProposerState.Chosen, decided);
    }

    private static bool IsPredecessor(FileRecord earlier, FileRecord later)
    {
        long index = later.Version - earlier.Version - 1;
        return index >= 0 && index < later.PreviousWriterIds.Count && later.PreviousWriterIds[(int)index] == earlier.WriterId;
    }

    private void End(ProposerState state, BallotedRecord? decided)
    {
        State = state;
        Finish(decided, tells: static _ => true);
    }

    private void RequireState(ProposerState state)
    {
        if (State != state)
        {
            throw new InvalidOperationException($"The change of '{Name}' is {State}, not {state}.");
        }
    }
}
