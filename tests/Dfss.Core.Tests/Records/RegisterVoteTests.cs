using Dfss.Records;
using Dfss.Tests.Storage;
using Xunit;

namespace Dfss.Tests.Records;

/// <summary>Which registers have a vote once their store was put back, and what rests on a forgotten promise.</summary>
public sealed class RegisterVoteTests
{
    private const long Now = 1_000_000;

    private static readonly StoreId Own = IdOf(1);
    private static readonly StoreId Other = IdOf(2);

    private readonly StoreVotes votes = StoreVotes.New(Own, Guid.NewGuid()) with { Counter = 5 };

    [Fact]
    public void A_store_knows_its_own_clocks_over_any_number_of_starts()
    {
        StoreVotes later =
            (votes.Begin(Guid.NewGuid()) with { Counter = 9 }).Begin(Guid.NewGuid()) with { Counter = 20 };

        Assert.False(later.IsContradictedBy(votes.Clock));
        Assert.False(later.IsContradictedBy(later.Clock));
        Assert.False(later.IsContradictedBy(later.Clock with { StoreId = Other, Counter = 100 }));
        Assert.False(later.IsContradictedBy(StoreClock.Unknown(Own)));
    }

    [Fact]
    public void A_store_put_back_does_not_know_what_it_voted_later_however_often_it_votes_since()
    {
        StoreClock later = votes.Clock with { Counter = 8 };
        StoreClock ofLaterStart = (votes.Begin(Guid.NewGuid()) with { Counter = 7 }).Clock;
        StoreVotes putBack =
            (votes.Begin(Guid.NewGuid()) with { Counter = 50 }).Begin(Guid.NewGuid()) with { Counter = 99 };

        Assert.True(putBack.IsContradictedBy(later));
        Assert.True(putBack.IsContradictedBy(ofLaterStart));
        StoreVotes broken = putBack.Break(later, Now, Guid.NewGuid());
        Assert.False(broken.IsContradictedBy(later));
        Assert.False(broken.IsContradictedBy(ofLaterStart));
        Assert.True(putBack.IsContradictedBy(broken.Clock));
        Assert.True(broken.Counter > putBack.Counter);
    }

    [Fact]
    public void Without_a_vote_nothing_is_promised_accepted_or_read_until_a_round_of_the_others_brings_it_up()
    {
        StoreVotes broken = votes.Break(votes.Clock with { Counter = 8 }, Now, Guid.NewGuid());
        RegisterVote vote = new(broken, _ => null);
        IReadOnlyList<StoreClock> clocks = [broken.Clock];
        foreach (RegisterRequest request in new RegisterRequest[]
        {
            Registers.Prepare("x", 1) with { Clocks = clocks }, Registers.Accept("x", 1) with { Clocks = clocks },
            new ReadRequest("x"),
        })
        {
            AcceptorStep step = vote.Take(RegisterState.Empty, request);
            Assert.Equal(RegisterStatus.NoVote, step.Answer.Status);
            Assert.Same(RegisterState.Empty, step.State);
        }

        AcceptorStep old = vote.Take(RegisterState.Empty, Registers.Decide("x", 1) with { Clocks = [votes.Clock] });
        Assert.Equal(RegisterStatus.NoVote, old.Answer.Status);
        AcceptorStep broughtUp = vote.Take(old.State, Registers.Decide("x", 2) with { Clocks = clocks });
        Assert.Equal(RegisterStatus.Done, broughtUp.Answer.Status);
        Assert.Equal(RegisterStatus.Done, vote.Take(broughtUp.State, Registers.Prepare("x", 3)).Answer.Status);
    }

    /// <summary>
    /// A writer at 3 counted the other member's promise; that one was put back, forgot it, was brought up, and voted at
    /// 2. This member accepted at 2, and so has heard of its new generation. The writer at 3 must begin again.
    /// </summary>
    [Fact]
    public void An_acceptance_that_rests_on_a_forgotten_promise_is_refused()
    {
        StoreVotes others = StoreVotes.New(Other, Guid.NewGuid()) with { Counter = 5 };
        StoreVotes broken = others.Break(others.Clock with { Counter = 8 }, Now, Guid.NewGuid());
        RegisterVote vote = new(votes, store => store == Other ? broken.Clock : null);
        AcceptRequest late = Accept(3) with { Clocks = [votes.Clock, others.Clock] };

        Assert.Equal(RegisterStatus.Refused, vote.Take(RegisterState.Empty, late).Answer.Status);
        Assert.Equal(RegisterStatus.Refused, vote.Take(RegisterState.Empty, Accept(3)).Answer.Status);
        Assert.Equal(
            RegisterStatus.Done,
            vote.Take(RegisterState.Empty, late with { Clocks = [votes.Clock, broken.Clock] }).Answer.Status);
    }

    /// <summary>
    /// The other member was put back and does not know it yet. It promised again, to a writer that sent it no clock.
    /// </summary>
    [Fact]
    public void An_acceptance_that_rests_on_a_promise_of_a_member_put_back_is_refused_before_that_one_notices()
    {
        StoreVotes others = StoreVotes.New(Other, Guid.NewGuid()) with { Counter = 8 };
        StoreClock putBack = ((others with { Counter = 5 }).Begin(Guid.NewGuid()) with { Counter = 20 }).Clock;
        StoreClock restarted = (others.Begin(Guid.NewGuid()) with { Counter = 20 }).Clock;
        RegisterVote vote = new(votes, store => store == Other ? others.Clock : null);
        RegisterStatus StatusOf(params StoreClock[] clocks) =>
            vote.Take(RegisterState.Empty, Accept(3) with { Clocks = [votes.Clock, .. clocks] }).Answer.Status;

        Assert.Equal(RegisterStatus.Refused, StatusOf(putBack));
        Assert.Equal(RegisterStatus.Done, StatusOf(restarted, others.Clock));
        Assert.Equal(RegisterStatus.Refused, StatusOf(restarted, others.Clock with { Counter = 7 }));
        Assert.Equal(RegisterStatus.Done, StatusOf(others.Clock with { Counter = 3 }));
        Assert.Equal(RegisterStatus.Done, StatusOf(putBack with { Counter = 0 }));
    }

    [Fact]
    public void A_limited_client_teaches_nothing()
    {
        StoreClock clock = StoreVotes.New(Other, Guid.NewGuid()).Clock;

        Assert.Equal([clock], RegisterVote.ToRemember(Own, Accept(1) with { Clocks = [clock, votes.Clock] }));
        Assert.Empty(RegisterVote.ToRemember(Own, Accept(1) with { Clocks = [clock], Teaches = false }));
        Assert.Empty(RegisterVote.ToRemember(Own, Registers.Prepare("x", 1) with { Clocks = [clock] }));
    }

    private static AcceptRequest Accept(long counter)
    {
        AcceptRequest accept = Registers.Accept("x", counter);
        return accept with
        {
            Record = accept.Record with { Home = [new HomeMember(Own, ["a:1"]), new HomeMember(Other, ["b:1"])] }
        };
    }

    private static StoreId IdOf(byte number)
    {
        byte[] bytes = new byte[StoreId.SizeBytes];
        bytes[0] = number;
        return new StoreId(bytes);
    }
}
