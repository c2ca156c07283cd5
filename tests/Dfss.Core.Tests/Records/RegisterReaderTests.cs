using Dfss.Records;
using Xunit;

namespace Dfss.Tests.Records;

public sealed class RegisterReaderTests : RegisterRoundTests
{
    [Fact]
    public void A_read_takes_the_decided_record_and_sends_it_to_members_that_lack_it()
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
    public void A_read_finishes_a_record_that_may_not_be_chosen_yet()
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
}
