using Dfss.Records;
using Xunit;

namespace Dfss.Tests.Records;

public sealed class ProposerTests : RegisterRoundTests
{
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
    public void A_minority_that_is_down_does_not_matter_and_gets_no_request()
    {
        isUp[2] = false;

        Proposer proposer = Write(3, WriteCondition.CreateOnly, 1);

        Assert.Equal(ProposerState.Chosen, proposer.State);
        Assert.Null(states[2].Decided);
    }

    [Fact]
    public void A_first_record_may_have_a_higher_version_and_each_later_one_has_one_more()
    {
        Proposer proposer = Create(3, WriteCondition.CreateOnly);
        proposer.LeastVersion = 7;
        Run(proposer);
        proposer.Propose(Build(1), Plan(3));
        Run(proposer);

        Assert.Equal(7, proposer.Chosen!.Record.Version);
        Assert.Equal(8, Write(3, WriteCondition.ReplaceVersion(7), 2, Guid.NewGuid()).Chosen!.Record.Version);
    }

    [Fact]
    public void The_least_version_does_not_count_where_the_name_has_a_file()
    {
        Write(3, WriteCondition.CreateOnly, 1, Guid.NewGuid());
        Proposer proposer = Create(3, WriteCondition.ReplaceAny);
        proposer.LeastVersion = 7;
        Run(proposer);
        proposer.Propose(Build(2), Plan(3, file: 2));
        Run(proposer);

        Assert.Equal(2, proposer.Chosen!.Record.Version);
    }

    [Fact]
    public void A_lost_answer_is_own_success_also_where_the_numbers_have_a_gap_since()
    {
        Proposer proposer = ProposeUntilAccepting(3, WriteCondition.ReplaceVersion(0));
        SendTo(proposer, 0);
        SendTo(proposer, 1);
        Proposer remover = Create(3, WriteCondition.ReplaceVersion(1), Guid.NewGuid());
        Run(remover);
        remover.Propose(
            current => Build(2)(current) with { State = FileRecordState.Removed }, SealPlan.None);
        Run(remover);
        Proposer copier = Create(3, WriteCondition.CreateOnly, Guid.NewGuid());
        copier.LeastVersion = 9;
        Run(copier);
        copier.Propose(Build(3), Plan(3, file: 3));
        Run(copier);
        Assert.Equal(9, copier.Chosen!.Record.Version);

        Run(proposer);

        Assert.Equal((ProposerState.Chosen, 1), (proposer.State, proposer.Chosen!.Record.Version));
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
        removal.Propose(
            current => current!.Record with { State = FileRecordState.Removed, FileId = default }, SealPlan.None);
        Run(removal);
        Assert.Equal(ProposerState.Chosen, removal.State);

        Proposer again = Write(3, WriteCondition.CreateOnly, 2);

        Assert.Equal(3, again.Chosen!.Record.Version);
        Assert.Equal(
            [removal.Chosen!.Record.WriterId, .. removal.Chosen.Record.PreviousWriterIds],
            again.Chosen.Record.PreviousWriterIds);
    }

    [Fact]
    public void Missing_chunks_are_reported_by_member_and_sealed_when_put_again()
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
    public void A_member_lost_while_sealing_is_reported_and_another_plan_goes_on_without_it()
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
    /// What an attempt left at one member can come back as long as nothing is accepted above it. So the record in the
    /// way is accepted once more before the conflict is reported, though it is decided. Found by reasoning; random
    /// schedules hardly meet it.
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
            states[member] = Acceptor.Decide(
                states[member], new DecideRequest(Sample.Name, states[member].Promised, other)).State;
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
}
