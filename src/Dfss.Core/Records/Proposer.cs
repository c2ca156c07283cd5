namespace Dfss.Records;

/// <summary>
/// One change of one name by the steps of the register: prepare, seal, accept, decide. See <see cref="RegisterRound"/>
/// for its driver, and <see cref="ProposerState"/> for its states. After a lost ballot it begins again from the first
/// step and seals again, since a decision in between may have ended the seals.
/// </summary>
/// <remarks>
/// Why it remembers its own earlier attempts: once a member was asked to accept, any client may finish the change, and
/// others may replace it before this writer asks again. The record that the writer then finds shows the outcome. If it
/// is its own change, or names it among its predecessors, the change was made, once the found record is chosen too. If
/// it is another one, the change was not made, once that record is accepted at the new ballot by a majority. Only then,
/// because until then a minority may still hold the attempt at a higher ballot than the found record, and it may be
/// chosen later. If the history is too short, the outcome is uncertain.
/// </remarks>
internal sealed class Proposer : SealingRound
{
    /// <summary>
    /// How many predecessors a record names: if other clients make more changes than this between two rounds of one
    /// writer, the writer cannot tell whether its own was made. 8 cost 144 bytes.
    /// </summary>
    internal const int MaxPreviousWriterIds = 8;

    private readonly WriteCondition condition;
    private readonly Guid writerId;
    private readonly List<BallotedRecord> attempts = [];
    private FileRecord? ownRecord;

    /// <summary>Begins a change.</summary>
    /// <param name="name">The name.</param>
    /// <param name="place">The home; of a move also the stores that it is to move to.</param>
    /// <param name="condition">What must hold of the name.</param>
    /// <param name="writerId">
    /// New for each run: a change that is repeated after an uncertain outcome needs a new one, since the writer id
    /// stands for the attempts of one run.
    /// </param>
    /// <param name="newProposerId">Gives 16 random bytes for each ballot.</param>
    public Proposer(string name, RegisterPlace place, WriteCondition condition, Guid writerId, Func<Guid> newProposerId)
        : base(name, place, newProposerId)
    {
        this.condition = condition;
        this.writerId = writerId;
        PrepareNextBallot();
    }

    /// <summary>Whether a member was asked to accept this change, so that it may have been made.</summary>
    public bool MayHaveChanged => attempts.Count > 0;

    /// <summary>
    /// The least version of the record: above 1 for a name without a file that gets one with its earlier versions. It
    /// does not count where the name has a file by then. A gap in the numbers makes the outcome of a lost answer
    /// uncertain at worst, never wrong.
    /// </summary>
    public long LeastVersion { get; set; }

    /// <summary>The version a change made on <see cref="SealingRound.Current"/> has.</summary>
    public long NextVersion => Current?.Record is { State: FileRecordState.File } current
        ? current.Version + 1
        : Math.Max((Current?.Record.Version ?? 0) + 1, LeastVersion);

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
        else if (current is { State: FileRecordState.Moved })
        {
            // Nothing is built on it; an unfinished move is finished, so that the next client goes to the later home.
            FinishCurrent(ProposerState.Deciding);
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
        else if (chosen.Record.State == FileRecordState.Moved)
        {
            EndMovedBy(chosen);
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

    /// <summary>
    /// Every record of a later home follows the one that was moved, and shows as well whether an own attempt was chosen
    /// here.
    /// </summary>
    protected override void OnMoved(BallotedRecord? evidence)
    {
        if (evidence is not null && HasOwn(evidence.Record))
        {
            EndChosen(evidence, DecidedHere(evidence));
        }
        else if (MayHaveChanged && (evidence is null || IsOutOfSight(evidence.Record)))
        {
            End(ProposerState.Uncertain, DecidedHere(evidence));
        }
        else
        {
            attempts.Clear();
            End(ProposerState.Moved, DecidedHere(evidence));
        }
    }

    /// <summary>
    /// Has the found record accepted again, unchanged, at this ballot. Its seals still hold: only a later decision ends
    /// them.
    /// </summary>
    private void FinishCurrent(ProposerState state)
    {
        State = state;
        BeginAccepting(Current!.Record);
    }

    /// <summary>Fills in the version, the epoch, the writer id and those of the predecessors.</summary>
    protected override FileRecord Complete(FileRecord built)
    {
        FileRecord? previous = Current?.Record;
        return ownRecord = built with
        {
            Version = NextVersion,
            Epoch = Ballot.Epoch + (built.State == FileRecordState.Moved ? 1 : 0),
            WriterId = writerId,
            PreviousWriterIds = previous is null
                ? []
                : [.. previous.PreviousWriterIds.Prepend(previous.WriterId).Take(MaxPreviousWriterIds)],
        };
    }

    private bool HasOwn(FileRecord record) =>
        record.WriterId == writerId || record.PreviousWriterIds.Contains(writerId);

    /// <summary>Whether the found record is too far from an own attempt to tell whether it was built on it.</summary>
    private bool IsOutOfSight(FileRecord? current) => attempts.Count > 0 && (current is null
        ? !condition.HoldsFor(current: null)
        : attempts.Min(attempt => attempt.Record.Version) < current.Version - current.PreviousWriterIds.Count);

    private void EndChosen(BallotedRecord found, BallotedRecord? decided)
    {
        Chosen = found.Record.WriterId == writerId
            ? found
            : attempts.LastOrDefault(attempt => CanBePredecessor(attempt.Record, found.Record)) ?? found;
        End(ProposerState.Chosen, decided);
    }

    /// <summary>
    /// Whether an own attempt can be the one that a later record names: each change between them took a number at
    /// least, and more where a name got a file with its earlier versions.
    /// </summary>
    private static bool CanBePredecessor(FileRecord earlier, FileRecord later)
    {
        int between = later.PreviousWriterIds.TakeWhile(writer => writer != earlier.WriterId).Count();
        return between < later.PreviousWriterIds.Count && earlier.Version < later.Version - between;
    }
}
