using Dfss.Records;
using Xunit;

namespace Dfss.Tests.Records;

/// <summary>A proposer against members that a test takes away, holds up and gives back at chosen moments.</summary>
public sealed class ProposerTests
{
    private readonly Guid writer = Guid.NewGuid();
    private readonly bool[] isUp = [.. Enumerable.Repeat(element: true, 5)];
    private readonly RegisterState[] states = [.. Enumerable.Repeat(RegisterState.Empty, 5)];
    private readonly HashSet<int> lacking = [];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void A_new_file_is_prepared_sealed_accepted_and_decided(int members)
    {
        Proposer proposer = Create(members, WriteCondition.CreateOnly);
        Run(proposer);
        Assert.Equal(ProposerState.Prepared, proposer.State);
        Assert.Null(proposer.Current);

        proposer.Propose(Build(1), Plan(members));
        Run(proposer);

        Assert.Equal(ProposerState.Chosen, proposer.State);
        Assert.Equal(1, proposer.Chosen!.Record.Version);
        Assert.Equal(writer, proposer.Chosen.Record.WriterId);
        Assert.All(states.Take(members), state => Assert.Equal(proposer.Chosen, state.Decided));
        Assert.All(states.Take(members), state => Assert.Empty(state.Seals));
    }

    [Fact]
    public void Both_members_of_two_are_needed_and_giving_up_before_accept_changes_nothing()
    {
        isUp[1] = false;
        Proposer proposer = Create(2, WriteCondition.ReplaceAny);

        Run(proposer, maxRounds: 3);
        proposer.GiveUp();

        Assert.Equal(ProposerState.NoMajority, proposer.State);
        Assert.Null(proposer.NextFor(0));
        Assert.Null(states[0].Accepted);
    }

    [Fact]
    public void A_minority_down_does_not_matter_and_is_told_nothing()
    {
        isUp[2] = false;

        Proposer proposer = Write(3, WriteCondition.CreateOnly, 1);

        Assert.Equal(ProposerState.Chosen, proposer.State);
        Assert.Null(states[2].Decided);
    }

    [Fact]
    public void Conditions_are_held_to()
    {
        Assert.Equal(ProposerState.Conflict, Write(3, WriteCondition.ReplaceVersion(1), 1).State);
        Assert.Equal(ProposerState.Chosen, Write(3, WriteCondition.ReplaceVersion(0), 1, Guid.NewGuid()).State);
        Assert.Equal(ProposerState.Conflict, Write(3, WriteCondition.CreateOnly, 2, Guid.NewGuid()).State);
        Assert.Equal(ProposerState.Chosen, Write(3, WriteCondition.ReplaceVersion(1), 2, Guid.NewGuid()).State);
        Proposer late = Write(3, WriteCondition.ReplaceVersion(1), 3);
        Assert.Equal(ProposerState.Conflict, late.State);
        Assert.Equal(2, late.Current!.Record.Version);
        Assert.Equal(3, Write(3, WriteCondition.ReplaceAny, 3).Chosen!.Record.Version);
    }

    [Fact]
    public void A_removed_name_can_be_created_again_at_the_next_version()
    {
        Write(3, WriteCondition.CreateOnly, 1, Guid.NewGuid());
        Proposer removal = Create(3, WriteCondition.ReplaceVersion(1), Guid.NewGuid());
        Run(removal);
        removal.Propose(current => current!.Record with { State = FileRecordState.Removed, FileId = default }, SealPlan.None);
        Run(removal);
        Assert.Equal(ProposerState.Chosen, removal.State);

        Proposer again = Write(3, WriteCondition.CreateOnly, 2);

        Assert.Equal(3, again.Chosen!.Record.Version);
        Assert.Equal([removal.Chosen!.Record.WriterId, .. removal.Chosen.Record.PreviousWriterIds], again.Chosen.Record.PreviousWriterIds);
    }

    [Fact]
    public void Missing_chunks_are_told_by_member_and_sealed_when_put_again()
    {
        Proposer proposer = Create(3, WriteCondition.CreateOnly);
        Run(proposer);
        lacking.Add(1);
        proposer.Propose(Build(1), Plan(3));
        Run(proposer);

        Assert.Equal(ProposerState.ChunksMissing, proposer.State);
        Assert.True(proposer.MissingAt(1)[0]);
        Assert.True(proposer.IsManifestMissingAt(1));
        Assert.True(proposer.MissingAt(0).IsEmpty);

        lacking.Clear();
        proposer.Reseal();
        Run(proposer);
        Assert.Equal(ProposerState.Chosen, proposer.State);
    }

    [Fact]
    public void A_member_lost_while_sealing_is_told_and_another_plan_goes_on_without_it()
    {
        Proposer proposer = Create(3, WriteCondition.CreateOnly);
        Run(proposer);
        isUp[0] = false;
        proposer.Propose(Build(1), Plan(3, holders: [0, 1]));
        Run(proposer);
        Assert.Equal(ProposerState.ChunksMissing, proposer.State);
        Assert.True(proposer.IsUnavailable(0));

        proposer.Reseal(Plan(3, holders: [1, 2]));
        Run(proposer);

        Assert.Equal(ProposerState.Chosen, proposer.State);
    }

    [Fact]
    public void An_unfinished_change_of_another_is_finished_before_a_conflict_is_reported()
    {
        AcceptAt(0, 7, Sample.Record(9) with { WriterId = Guid.NewGuid() });
        isUp[1] = false;

        Proposer proposer = Create(3, WriteCondition.CreateOnly);
        Run(proposer);

        Assert.Equal(ProposerState.Conflict, proposer.State);
        Assert.Equal(Sample.FileId(9), states[0].Decided!.Record.FileId);
        Assert.Equal(Sample.FileId(9), states[2].Decided!.Record.FileId);
    }

    [Fact]
    public void An_unfinished_change_is_replaced_where_the_condition_holds_on_it()
    {
        AcceptAt(0, 7, Sample.Record(9));
        isUp[1] = false;

        Proposer proposer = Write(3, WriteCondition.ReplaceVersion(1), 2);

        Assert.Equal(2, proposer.Chosen!.Record.Version);
    }

    [Fact]
    public void An_accept_without_a_majority_is_uncertain()
    {
        Proposer proposer = ProposeUntilAccepting(3);
        isUp[1] = isUp[2] = false;
        Run(proposer, maxRounds: 6);
        proposer.GiveUp();

        Assert.Equal(ProposerState.Uncertain, proposer.State);
    }

    [Fact]
    public void A_lost_answer_is_own_success_also_where_others_have_replaced_it_since()
    {
        Proposer proposer = ProposeUntilAccepting(3, WriteCondition.ReplaceVersion(0));
        SendTo(proposer, 0);
        SendTo(proposer, 1);
        Assert.Equal(ProposerState.Chosen, Write(3, WriteCondition.ReplaceVersion(1), 2, Guid.NewGuid()).State);

        Run(proposer);

        Assert.Equal(ProposerState.Chosen, proposer.State);
        Assert.Equal(1, proposer.Chosen!.Record.Version);
        Assert.Equal(2, states[0].Decided!.Record.Version);
    }

    /// <summary>
    /// What an attempt left at one member can come back as long as nothing is accepted above it. So the record in the way is accepted once more
    /// before the conflict is reported, though it is decided. Found by reasoning; random schedules hardly meet it.
    /// </summary>
    [Fact]
    public void After_an_own_attempt_a_conflict_is_reported_only_once_the_attempt_is_dead()
    {
        FileRecord other = Sample.Record(9) with { WriterId = Guid.NewGuid() };
        Proposer proposer = ProposeUntilAccepting(3);
        SendTo(proposer, 0, isAnswerLost: true);
        for (int member = 1; member < 3; member++)
        {
            AcceptAt(member, 1, other, proposer: Guid.AllBitsSet);
            states[member] = Acceptor.Decide(states[member], new DecideRequest(Sample.Name, states[member].Promised, other)).State;
        }

        isUp[0] = false;
        Run(proposer);

        Assert.Equal(ProposerState.Conflict, proposer.State);
        Assert.All(states[1..3], state => Assert.True(state.Accepted!.Ballot.Counter > 1));
    }

    [Fact]
    public void Answers_that_come_twice_or_late_or_after_the_end_change_nothing()
    {
        Proposer proposer = Create(3, WriteCondition.CreateOnly);
        RegisterRequest first = proposer.NextFor(0)!;
        RegisterAnswer answer = Handle(0, first);
        proposer.OnAnswer(0, first, answer);
        proposer.OnAnswer(0, first, answer);
        proposer.OnUnavailable(0, first);
        Assert.Equal(ProposerState.Preparing, proposer.State);

        Run(proposer);
        proposer.Propose(Build(1), Plan(3));
        Run(proposer);
        BallotedRecord? chosen = proposer.Chosen;
        proposer.OnAnswer(0, first, answer);
        proposer.GiveUp();
        Assert.Equal(ProposerState.Chosen, proposer.State);
        Assert.Same(chosen, proposer.Chosen);
    }

    [Fact]
    public void Plans_that_no_answers_could_meet_are_refused()
    {
        Proposer proposer = Create(3, WriteCondition.CreateOnly);
        Run(proposer);

        Assert.Throws<ArgumentException>(() => proposer.Propose(Build(1), Plan(2)));
        Assert.Throws<ArgumentException>(() => proposer.Propose(Build(1), Plan(3, holders: [1])));
        Assert.Throws<InvalidOperationException>(proposer.Reseal);
    }

    [Fact]
    public void A_read_takes_the_decided_record_and_tells_members_that_lack_it()
    {
        isUp[2] = false;
        BallotedRecord chosen = Write(3, WriteCondition.CreateOnly, 1).Chosen!;
        isUp[2] = true;
        isUp[0] = false;

        RegisterReader reader = Read(3);

        Assert.True(reader.IsCurrent);
        Assert.Equal(chosen, reader.Result);
        Assert.Equal(chosen, states[2].Decided);
    }

    [Fact]
    public void A_read_finishes_what_it_cannot_tell_to_be_chosen()
    {
        AcceptAt(0, 7, Sample.Record(9));

        RegisterReader reader = Read(3);

        Assert.True(reader.IsCurrent);
        Assert.Equal(Sample.FileId(9), reader.Result!.Record.FileId);
        Assert.All(states[..3], state => Assert.Equal(reader.Result, state.Decided));
    }

    [Fact]
    public void A_read_without_a_majority_gives_the_newest_decided_and_says_that_it_may_be_old()
    {
        Write(3, WriteCondition.CreateOnly, 1);
        AcceptAt(0, 50, Sample.Record(9, version: 2));
        isUp[1] = isUp[2] = false;

        RegisterReader reader = Read(3);

        Assert.False(reader.IsCurrent);
        Assert.Equal(1, reader.Result!.Record.Version);
    }

    [Fact]
    public void A_name_never_sent_is_read_as_such() => Assert.True(Read(3) is { IsCurrent: true, Result: null });

    private static Func<BallotedRecord?, FileRecord> Build(int file) => _ => Sample.Record(file);

    /// <summary>A plan for file 1 of one chunk, kept twice where there are two members.</summary>
    private static SealPlan Plan(int members, int[]? holders = null, int file = 1) => new(
        Sample.FileId(file),
        1,
        [.. Enumerable.Range(0, members).Select(m => ChunkBitmap.Create(1, _ => holders is null || holders.Contains(m)))],
        Math.Min(2, members));

    private Proposer Create(int members, WriteCondition condition, Guid? id = null) =>
        new(Sample.Name, members, condition, id ?? writer, Guid.NewGuid);

    private Proposer Write(int members, WriteCondition condition, int file, Guid? id = null)
    {
        Proposer proposer = Create(members, condition, id);
        Run(proposer);
        if (proposer.State == ProposerState.Prepared)
        {
            proposer.Propose(Build(file), Plan(members, file: file));
            Run(proposer);
            if (proposer.State == ProposerState.ChunksMissing)
            {
                // A member is down: what the others sealed is enough where the plan says so.
                proposer.Reseal(Plan(members, [.. Enumerable.Range(0, members).Where(m => isUp[m])], file));
                Run(proposer);
            }
        }

        return proposer;
    }

    private RegisterReader Read(int members)
    {
        RegisterReader reader = new(Sample.Name, members, Guid.NewGuid);
        Run(reader);
        return reader;
    }

    private Proposer ProposeUntilAccepting(int members, WriteCondition? condition = null)
    {
        Proposer proposer = Create(members, condition ?? WriteCondition.CreateOnly);
        Run(proposer);
        proposer.Propose(Build(1), Plan(members));
        for (int member = 0; member < members; member++)
        {
            SendTo(proposer, member);
        }

        Assert.Equal(ProposerState.Accepting, proposer.State);
        return proposer;
    }

    /// <summary>Asks until nothing is to be asked any more, or the rounds are used up.</summary>
    private void Run(IRegisterRound round, int maxRounds = 20)
    {
        bool isAsked = true;
        while (isAsked && round.Round <= maxRounds)
        {
            isAsked = false;
            for (int member = 0; member < round.MemberCount; member++)
            {
                isAsked |= SendTo(round, member);
            }
        }
    }

    private bool SendTo(IRegisterRound round, int member, bool isAnswerLost = false)
    {
        if (round.NextFor(member) is not { } request)
        {
            return false;
        }

        RegisterAnswer? answer = isUp[member] ? Handle(member, request) : null;
        if (answer is null || isAnswerLost)
        {
            round.OnUnavailable(member, request);
        }
        else
        {
            round.OnAnswer(member, request, answer);
        }

        return true;
    }

    private RegisterAnswer Handle(int member, RegisterRequest request)
    {
        RegisterState state = states[member];
        AcceptorStep step = request switch
        {
            PrepareRequest prepare => Acceptor.Prepare(state, prepare),
            SealRequest seal when lacking.Contains(member) =>
                new AcceptorStep(state, Acceptor.ChunksMissing(state, seal.Expected, isManifestMissing: true)),
            SealRequest seal => Acceptor.Seal(state, seal),
            AcceptRequest accept => Acceptor.Accept(state, accept),
            DecideRequest decide => Acceptor.Decide(state, decide),
            _ => Acceptor.Read(state, (ReadRequest)request),
        };
        states[member] = step.State;
        return step.Answer;
    }

    private void AcceptAt(int member, long counter, FileRecord record, Guid proposer = default) => states[member] =
        Acceptor.Accept(states[member], new AcceptRequest(Sample.Name, new Ballot(counter, proposer), record)).State;
}
