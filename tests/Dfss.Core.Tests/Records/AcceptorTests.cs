using Dfss.Records;
using Xunit;

namespace Dfss.Tests.Records;

public sealed class AcceptorTests
{
    private static readonly FileRecord First = Sample.Record(1);
    private static readonly FileRecord Second = Sample.Record(2, version: 2);

    [Fact]
    public void Prepare_promises_and_answers_what_was_accepted_and_decided()
    {
        RegisterState state = Decide(Accept(RegisterState.Empty, 1, First), 1, First);
        state = Accept(state, 2, Second);

        AcceptorStep step = Acceptor.Prepare(state, new PrepareRequest(Sample.Name, Sample.Ballot(3)));

        Assert.Equal(RegisterStatus.Done, step.Answer.Status);
        Assert.Equal(Sample.Ballot(3), step.State.Promised);
        Assert.Equal(Sample.Ballot(3), step.Answer.Promised);
        Assert.Same(Second, step.Answer.Accepted!.Record);
        Assert.Same(First, step.Answer.Decided!.Record);
    }

    [Fact]
    public void Prepare_below_the_promise_is_refused_and_changes_nothing()
    {
        RegisterState state = Prepare(RegisterState.Empty, 5);

        AcceptorStep step = Acceptor.Prepare(state, new PrepareRequest(Sample.Name, Sample.Ballot(4)));

        Assert.Same(state, step.State);
        Assert.Equal(RegisterStatus.Refused, step.Answer.Status);
        Assert.Equal(Sample.Ballot(5), step.Answer.Promised);
    }

    [Fact]
    public void The_same_prepare_again_is_done_again()
    {
        RegisterState state = Prepare(RegisterState.Empty, 5);

        AcceptorStep step = Acceptor.Prepare(state, new PrepareRequest(Sample.Name, Sample.Ballot(5)));

        Assert.Equal(RegisterStatus.Done, step.Answer.Status);
        Assert.Same(state, step.State);
    }

    [Fact]
    public void Of_two_ballots_with_one_counter_the_bytes_decide()
    {
        Ballot low = new(5, new Guid("00000000-0000-0000-0000-0000000000ff"));
        Ballot high = new(5, new Guid("01000000-0000-0000-0000-000000000000"));
        RegisterState state = Acceptor.Prepare(RegisterState.Empty, new PrepareRequest(Sample.Name, high)).State;

        Assert.Equal(
            RegisterStatus.Refused, Acceptor.Prepare(state, new PrepareRequest(Sample.Name, low)).Answer.Status);
    }

    [Fact]
    public void Accept_below_the_promise_is_refused()
    {
        RegisterState state = Prepare(RegisterState.Empty, 5);

        AcceptorStep step = Acceptor.Accept(state, new AcceptRequest(Sample.Name, Sample.Ballot(4), First));

        Assert.Equal(RegisterStatus.Refused, step.Answer.Status);
        Assert.Null(step.State.Accepted);
    }

    [Fact]
    public void Accept_without_a_prepare_promises_too()
    {
        RegisterState state = Accept(RegisterState.Empty, 3, First);

        Assert.Equal(Sample.Ballot(3), state.Promised);
        Assert.Equal(
            RegisterStatus.Refused,
            Acceptor.Accept(state, new AcceptRequest(Sample.Name, Sample.Ballot(2), Second)).Answer.Status);
    }

    [Fact]
    public void The_same_accept_again_changes_nothing()
    {
        RegisterState state = Accept(RegisterState.Empty, 3, First);

        AcceptorStep step = Acceptor.Accept(state, new AcceptRequest(Sample.Name, Sample.Ballot(3), First));

        Assert.Same(state, step.State);
        Assert.Equal(RegisterStatus.Done, step.Answer.Status);
    }

    [Fact]
    public void A_seal_is_kept_until_a_decision_at_its_ballot_or_above()
    {
        RegisterState state = Seal(Seal(RegisterState.Empty, 3, 1), 5, 2);

        Assert.Equal([Sample.FileId(1), Sample.FileId(2)], Decide(state, 2, First).Seals.Select(seal => seal.FileId));
        Assert.Equal([Sample.FileId(2)], Decide(state, 3, First).Seals.Select(seal => seal.FileId));
        Assert.Empty(Decide(state, 5, First).Seals);
    }

    [Fact]
    public void A_seal_of_the_same_file_replaces_the_older_one()
    {
        RegisterState state = Seal(Seal(RegisterState.Empty, 3, 1), 5, 1);

        Assert.Equal([new RegisterSeal(Sample.Ballot(5), Sample.FileId(1))], state.Seals);
    }

    [Fact]
    public void A_seal_below_the_promise_is_refused_by_both_halves_of_the_step()
    {
        RegisterState state = Prepare(RegisterState.Empty, 5);
        SealRequest request = new(Sample.Name, Sample.Ballot(4), Sample.FileId(1), Sample.AllOf(1));

        Assert.Equal(RegisterStatus.Refused, Acceptor.CheckSeal(state, request)!.Status);
        Assert.Equal(RegisterStatus.Refused, Acceptor.Seal(state, request).Answer.Status);
        Assert.Empty(Acceptor.Seal(state, request).State.Seals);
    }

    [Fact]
    public void A_seal_at_the_promise_or_above_may_look_at_the_chunks()
    {
        RegisterState state = Prepare(RegisterState.Empty, 5);

        Assert.Null(
            Acceptor.CheckSeal(
                state, new SealRequest(Sample.Name, Sample.Ballot(5), Sample.FileId(1), Sample.AllOf(1))));
    }

    [Fact]
    public void A_late_seal_of_a_round_below_the_decision_is_refused()
    {
        RegisterState state = Decide(RegisterState.Empty, 7, First);

        AcceptorStep step = Acceptor.Seal(
            state, new SealRequest(Sample.Name, Sample.Ballot(5), Sample.FileId(2), Sample.AllOf(1)));

        Assert.Equal(RegisterStatus.Refused, step.Answer.Status);
        Assert.Empty(step.State.Seals);
    }

    [Fact]
    public void More_seals_than_the_limit_are_an_error()
    {
        RegisterState state = RegisterState.Empty;
        for (int i = 0; i < RegisterState.MaxSeals; i++)
        {
            state = Seal(state, 1, i);
        }

        DfssException error = Assert.Throws<DfssException>(() => Seal(state, 2, RegisterState.MaxSeals));
        Assert.Equal(DfssErrorCode.LimitExceeded, error.Code);
        Assert.Equal(RegisterState.MaxSeals, Seal(state, 2, 0).Seals.Count);
    }

    [Fact]
    public void Missing_chunks_are_answered_with_what_the_register_holds()
    {
        RegisterState state = Accept(RegisterState.Empty, 3, First);

        RegisterAnswer answer = Acceptor.ChunksMissing(state, Sample.AllOf(2), isManifestMissing: true);

        Assert.Equal(RegisterStatus.ChunksMissing, answer.Status);
        Assert.True(answer.Missing[1]);
        Assert.True(answer.IsManifestMissing);
        Assert.Same(First, answer.Accepted!.Record);
    }

    [Fact]
    public void A_decision_replaces_what_was_accepted_at_its_ballot_or_below_and_raises_the_promise()
    {
        RegisterState state = Decide(Accept(RegisterState.Empty, 3, Second), 4, First);

        Assert.Equal(new BallotedRecord(Sample.Ballot(4), First), state.Accepted);
        Assert.Equal(state.Accepted, state.Decided);
        Assert.Equal(Sample.Ballot(4), state.Promised);
    }

    [Fact]
    public void A_decision_leaves_what_was_accepted_above_it()
    {
        RegisterState state = Decide(Accept(RegisterState.Empty, 5, Second), 4, First);

        Assert.Same(Second, state.Accepted!.Record);
        Assert.Same(First, state.Decided!.Record);
        Assert.Equal(Sample.Ballot(5), state.Promised);
    }

    [Fact]
    public void A_decision_is_not_refused_for_a_promise_and_is_not_undone_by_an_older_one()
    {
        RegisterState state = Decide(Prepare(RegisterState.Empty, 9), 4, Second);
        AcceptorStep older = Acceptor.Decide(state, new DecideRequest(Sample.Name, Sample.Ballot(3), First));

        Assert.Same(Second, state.Decided!.Record);
        Assert.Same(state, older.State);
        Assert.Equal(RegisterStatus.Done, older.Answer.Status);
    }

    [Fact]
    public void Read_changes_nothing()
    {
        RegisterState state = Accept(RegisterState.Empty, 3, First);

        AcceptorStep step = Acceptor.Read(state, new ReadRequest(Sample.Name));

        Assert.Same(state, step.State);
        Assert.Same(First, step.Answer.Accepted!.Record);
        Assert.Null(step.Answer.Decided);
    }

    [Fact]
    public void A_counter_too_far_ahead_is_refused_in_every_step_and_the_last_one_within_is_not()
    {
        RegisterState state = Prepare(RegisterState.Empty, 5);
        Ballot last = Sample.Ballot(5 + Ballot.MaxJump);
        Ballot tooFar = Sample.Ballot(6 + Ballot.MaxJump);

        Assert.Equal(RegisterStatus.Done, Acceptor.Prepare(state, new PrepareRequest(Sample.Name, last)).Answer.Status);
        AssertInvalid(() => Acceptor.Prepare(state, new PrepareRequest(Sample.Name, tooFar)));
        AssertInvalid(() => Acceptor.CheckSeal(state, new SealRequest(Sample.Name, tooFar, Sample.FileId(1), default)));
        AssertInvalid(() => Acceptor.Seal(state, new SealRequest(Sample.Name, tooFar, Sample.FileId(1), default)));
        AssertInvalid(() => Acceptor.Accept(state, new AcceptRequest(Sample.Name, tooFar, First)));
        AssertInvalid(() => Acceptor.Decide(state, new DecideRequest(Sample.Name, tooFar, First)));
        AssertInvalid(() => Acceptor.Prepare(state, new PrepareRequest(Sample.Name, default)));
    }

    [Fact]
    public void A_record_of_another_name_is_refused()
    {
        FileRecord other = Sample.Record(name: "other");

        AssertInvalid(
            () => Acceptor.Accept(RegisterState.Empty, new AcceptRequest(Sample.Name, Sample.Ballot(1), other)));
        AssertInvalid(
            () => Acceptor.Decide(RegisterState.Empty, new DecideRequest(Sample.Name, Sample.Ballot(1), other)));
    }

    private static void AssertInvalid(Func<object?> action) =>
        Assert.Equal(DfssErrorCode.InvalidArgument, Assert.Throws<DfssException>(action).Code);

    private static RegisterState Prepare(RegisterState state, long counter) =>
        Acceptor.Prepare(state, new PrepareRequest(Sample.Name, Sample.Ballot(counter))).State;

    private static RegisterState Seal(RegisterState state, long counter, int file) =>
        Acceptor.Seal(
            state, new SealRequest(Sample.Name, Sample.Ballot(counter), Sample.FileId(file), Sample.AllOf(1))).State;

    private static RegisterState Accept(RegisterState state, long counter, FileRecord record) =>
        Acceptor.Accept(state, new AcceptRequest(Sample.Name, Sample.Ballot(counter), record)).State;

    private static RegisterState Decide(RegisterState state, long counter, FileRecord record) =>
        Acceptor.Decide(state, new DecideRequest(Sample.Name, Sample.Ballot(counter), record)).State;
}
