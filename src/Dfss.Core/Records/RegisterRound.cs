namespace Dfss.Records;

/// <summary>
/// One change or one read of one name, without I/O: it returns requests for members and takes their answers. One thread
/// at a time. After every event a driver asks <see cref="NextFor"/> for each member until it returns null, sends the
/// requests, and reports each request once, with the same object: its answer, or that there was none (connection lost,
/// time-out, an error, a member whose store is unknown). Once <see cref="IsFinished"/>, further requests of
/// <see cref="NextFor"/> are decisions to spread: they may be lost, and the caller need not wait for them.
/// </summary>
/// <remarks>
/// This class has the common part of a change and a read: voting step by step, a higher ballot after a lost one,
/// bringing the first record to a home that the name moved to, and spreading what was chosen.
///
/// A round of epoch e counts only records that were accepted at ballots of epoch e. The registers of the first home
/// begin empty; those of a later one begin with the record that moved, whether each member has received it or not. So
/// if a majority has nothing of the epoch, that record is current; the round first brings it to a majority, so that no
/// client can read later ballots of the epoch and miss it.
/// </remarks>
internal abstract partial class RegisterRound
{
    /// <summary>The largest integer of the wire; a counter that high is never reached by honest members.</summary>
    private const long MaxCounter = (1L << 53) - 1;

    private readonly RegisterPlace place;
    private readonly Func<Guid> newProposerId;
    private readonly Ballot[] decidedAt;
    private readonly bool[] needsDecision;
    private readonly MemberClocks clocks;
    private long highestCounter;
    private BallotedRecord? decision;

    protected RegisterRound(string name, RegisterPlace place, Func<Guid> newProposerId)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(place.VoterCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(place.VoterCount, DfssLimits.MaxHomeMembers);
        Name = name;
        MemberCount = place.VoterCount + place.GuestCount;
        this.place = place;
        this.newProposerId = newProposerId;
        first = place.Epoch.First;
        NewestDecided = first;
        Tally = new MemberTally(place.VoterCount, MemberCount);
        decidedAt = new Ballot[MemberCount];
        needsDecision = new bool[MemberCount];
        clocks = new MemberClocks(place);
    }

    /// <summary>The current step.</summary>
    protected enum Step
    {
        Reading,
        Installing,
        Preparing,
        Waiting,
        Sealing,
        Accepting,
        Finished,
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>n: the members are 0 to n - 1, in the order of the home.</summary>
    public int MemberCount { get; }

    /// <summary>
    /// 1 at first, and one more for each new ballot or repeated step. After each rise beyond 2 the driver waits a
    /// random and growing time before it asks again: the rise to 2 usually only finds the current counter, later ones
    /// are contention or members that cannot be reached.
    /// </summary>
    public int Round { get; private set; } = 1;

    /// <summary>Whether the outcome is known.</summary>
    public bool IsFinished => At == Step.Finished;

    protected Step At { get; private set; }

    protected Ballot Ballot { get; private set; }

    protected MemberTally Tally { get; }

    /// <summary>
    /// The highest accepted record among the majority that promised <see cref="Ballot"/>; any change at this ballot
    /// builds on it.
    /// </summary>
    protected BallotedRecord? Prepared { get; private set; }

    /// <summary>The record that <see cref="Step.Accepting"/> asks to accept.</summary>
    protected FileRecord? Proposal { get; private set; }

    /// <summary>
    /// The newest record that any member reports as decided. A decision is final, so answers of any age count.
    /// </summary>
    protected BallotedRecord? NewestDecided { get; private set; }

    /// <summary>The request to send to a member now; null for none.</summary>
    public RegisterRequest? NextFor(int member)
    {
        if (IsFinished)
        {
            bool isDue = needsDecision[member];
            needsDecision[member] = false;
            return isDue && decision is not null
                ? new DecideRequest(Name, decision.Ballot, decision.Record)
                {
                    Clocks = decision.Ballot == Ballot ? clocks.ForVoting(member) : [],
                    IsUnanimous = place.IsUnanimous,
                }
                : null;
        }

        if (At == Step.Waiting || Tally[member] != MemberStanding.ToAsk || !Asks(member))
        {
            return null;
        }

        RegisterRequest request = RequestFor(member) with
        {
            Clocks = At == Step.Accepting ? clocks.ForVoting(member) : clocks.ForAsking(member),
            IsUnanimous = place.IsUnanimous,
        };
        Tally.MarkAsked(member, request);
        return request;
    }

    /// <summary>Reports an answer. One to a request that no longer matters is ignored.</summary>
    public void OnAnswer(int member, RegisterRequest request, RegisterAnswer answer)
    {
        if (IsFinished)
        {
            return;
        }

        if (answer.Promised.Epoch == place.Epoch.Number)
        {
            highestCounter = Math.Max(highestCounter, answer.Promised.Counter);
        }

        clocks.Hear(member, answer);
        bool isTaken = Tally.TryTake(member, request, answer);
        if (isTaken)
        {
            clocks.Take(member, request, answer);
        }

        DropUncounted(member, isTaken ? answer : null);
        if (IsVoter(member))
        {
            Learn(member, answer);
        }

        if (isTaken && !IsFinished)
        {
            Advance();
        }
    }

    /// <summary>Reports that no answer came. The member is asked again in a later round.</summary>
    public void OnUnavailable(int member, RegisterRequest request)
    {
        if (!IsFinished && Tally.TryTake(member, request, answer: null))
        {
            Advance();
        }
    }

    /// <summary>Ends the round now, with the answers so far. No effect once finished.</summary>
    public abstract void GiveUp();

    /// <summary>A majority promised the ballot; <see cref="Prepared"/> is known.</summary>
    protected abstract void OnPrepared();

    /// <summary>A majority accepted <see cref="Proposal"/>.</summary>
    protected abstract void OnAccepted(BallotedRecord chosen);

    /// <summary>A member reports this record as decided.</summary>
    protected virtual void OnDecidedSeen(BallotedRecord decided)
    {
    }

    /// <summary>There is an answer in <see cref="Step.Reading"/> or <see cref="Step.Sealing"/>.</summary>
    protected abstract void AdvanceOwnStep();

    /// <summary>Whether the step at hand is this member's too: guests are only asked to seal.</summary>
    protected virtual bool Asks(int member) => IsVoter(member);

    protected virtual RegisterRequest RequestFor(int member) => At switch
    {
        Step.Reading => new ReadRequest(Name),
        Step.Installing => new DecideRequest(Name, first!.Ballot, first.Record),
        Step.Preparing => new PrepareRequest(Name, Ballot),
        _ => new AcceptRequest(Name, Ballot, Proposal!),
    };

    /// <summary>
    /// The step cannot succeed with its answers: takes a higher ballot if this one was refused, else asks the silent
    /// members again. If the refusal was for a later home, the name has moved.
    /// </summary>
    protected virtual void Repeat()
    {
        Round++;
        if (Enumerable.Range(0, MemberCount).Any(IsRefusedForLaterHome))
        {
            EndMoved(next: null, evidence: null);
        }
        else if (Enumerable.Range(0, MemberCount).Any(member => Tally[member] == MemberStanding.Refused))
        {
            PrepareNextBallot();
        }
        else
        {
            Tally.AskAgain(standing => standing == MemberStanding.Unavailable);
        }
    }

    protected void Begin(Step step)
    {
        At = step;
        Tally.Clear();
    }

    /// <summary>Returns to a step with the members' states as they are, or waits for the driver with them.</summary>
    protected void Continue(Step step) => At = step;

    protected void PrepareNextBallot()
    {
        highestCounter = Math.Min(Math.Max(highestCounter, Ballot.Counter) + 1, MaxCounter);
        Prepare(new Ballot(highestCounter, newProposerId(), place.Epoch.Number));
    }

    protected void Prepare(Ballot ballot)
    {
        Ballot = ballot;
        clocks.BeginBallot();
        Begin(Step.Preparing);
    }

    protected void BeginAccepting(FileRecord record)
    {
        Proposal = record;
        clocks.BeginAccepting();
        Begin(Step.Accepting);
    }

    /// <summary>Ends it. A decision is sent to the voters that <paramref name="needsIt"/> selects and that are not
    /// known to have it.</summary>
    protected void Finish(BallotedRecord? decided, Func<int, bool> needsIt)
    {
        At = Step.Finished;
        decision = decided;
        for (int i = 0; i < MemberCount; i++)
        {
            needsDecision[i] = decided is not null && IsVoter(i) && needsIt(i) && decidedAt[i] < decided.Ballot;
        }
    }

    /// <summary>Whether this change is known to be chosen. Records accepted again at a higher ballot are the same
    /// change; versions only rise along the chain of what is chosen, and a writer id is made for one change, so the
    /// same change is never chosen twice with another between.</summary>
    protected bool IsKnownDecided(FileRecord record) => NewestDecided is { } decided
        && decided.Record.Version == record.Version && decided.Record.WriterId == record.WriterId;

    /// <summary>
    /// The record that a member accepted last, of this epoch; for a member with a newer decision, that one.
    /// </summary>
    protected BallotedRecord? LastAccepted(RegisterAnswer answer)
    {
        BallotedRecord? last = answer.Accepted is null || answer.Decided?.Ballot > answer.Accepted.Ballot
            ? answer.Decided
            : answer.Accepted;
        return last?.Ballot.Epoch == place.Epoch.Number ? last : null;
    }

    /// <summary>The highest accepted among the voters that are done with the step.</summary>
    protected BallotedRecord? HighestAccepted()
    {
        BallotedRecord? highest = null;
        for (int i = 0; i < place.VoterCount; i++)
        {
            if (Tally[i] == MemberStanding.Done && LastAccepted(Tally.Answers[i]!) is { } accepted
                && !(highest?.Ballot >= accepted.Ballot))
            {
                highest = accepted;
            }
        }

        return highest;
    }

    private static Ballot Max(Ballot left, Ballot right) => left > right ? left : right;

    private bool IsVoter(int member) => member < place.VoterCount;
}
