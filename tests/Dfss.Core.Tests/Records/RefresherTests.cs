using Dfss.Records;
using Xunit;

namespace Dfss.Tests.Records;

/// <summary>The same record once more, with other addresses: the same change to every reader and writer.</summary>
public sealed class RefresherTests : RegisterRoundTests
{
    private const string Address = "new.example:9000";

    [Fact]
    public void A_refresh_changes_the_addresses_and_nothing_else()
    {
        FileRecord before = Write(3, WriteCondition.CreateOnly, file: 1).Chosen!.Record;

        Refresher refresher = Refresh(
            before,
            current => Readdress(current) with { Version = 7, FileId = Sample.FileId(9), WriterId = Guid.NewGuid() });
        Run(refresher);

        Assert.Equal(ProposerState.Chosen, refresher.State);
        FileRecord after = Read(3).Result!.Record;
        Assert.Equal((before.Version, before.WriterId, before.FileId), (after.Version, after.WriterId, after.FileId));
        Assert.Equal([Address], Assert.Single(after.Home).Addresses);
        Assert.Equal(before.Home.Single().StoreId, after.Home.Single().StoreId);
    }

    [Fact]
    public void A_record_that_was_replaced_is_not_refreshed()
    {
        FileRecord before = Write(3, WriteCondition.CreateOnly, file: 1).Chosen!.Record;
        Write(3, WriteCondition.ReplaceAny, file: 2, Guid.NewGuid());

        Refresher refresher = new(Sample.Home(3), before, Guid.NewGuid);
        Run(refresher);

        Assert.Equal(ProposerState.Conflict, refresher.State);
        Assert.Equal(Sample.FileId(2), Read(3).Result!.Record.FileId);
    }

    [Theory]
    [InlineData(true, ProposerState.Conflict)]
    [InlineData(false, ProposerState.Chosen)]
    public void One_that_gives_way_ends_where_another_client_has_a_higher_ballot(bool givesWay, object expected)
    {
        FileRecord before = Write(3, WriteCondition.CreateOnly, file: 1).Chosen!.Record;
        Refresher refresher = Refresh(before, Readdress, givesWay);
        Proposer rival = Create(3, WriteCondition.ReplaceAny, Guid.NewGuid());
        Run(rival);

        Run(refresher);

        Assert.Equal(expected, refresher.State);
        rival.Propose(Build(2), Plan(3, file: 2));
        Run(rival);
        Assert.Equal((ProposerState.Chosen, 2L), (rival.State, Read(3).Result!.Record.Version));
    }

    [Fact]
    public void One_that_gives_way_leaves_a_writer_to_its_work_that_began_before_it()
    {
        BallotedRecord before = Write(3, WriteCondition.CreateOnly, file: 1).Chosen!;
        Proposer rival = Create(3, WriteCondition.ReplaceAny, Guid.NewGuid());
        Run(rival);
        int round = rival.Round;
        Refresher refresher = BeginGivingWay(before);

        Run(refresher);

        Assert.Equal(ProposerState.Conflict, refresher.State);
        rival.Propose(Build(2), Plan(3, file: 2));
        Run(rival);
        Assert.Equal((ProposerState.Chosen, round), (rival.State, rival.Round));
    }

    [Fact]
    public void One_that_gives_way_has_a_ballot_above_the_decided_one_with_the_highest_id_too()
    {
        BallotedRecord before = new(new Ballot(5, Guid.AllBitsSet), Sample.Record());
        for (int member = 0; member < 3; member++)
        {
            AcceptAt(member, before.Ballot.Counter, before.Record, before.Ballot.Proposer);
        }

        Refresher refresher = BeginGivingWay(before);
        Run(refresher);

        Assert.Equal((ProposerState.Prepared, 1), (refresher.State, refresher.Round));
    }

    [Fact]
    public void One_that_gives_way_ends_where_one_member_has_promised_a_higher_ballot()
    {
        BallotedRecord before = Write(3, WriteCondition.CreateOnly, file: 1).Chosen!;
        states[0] = Acceptor.Prepare(states[0], new PrepareRequest(Sample.Name, new Ballot(100, Guid.NewGuid()))).State;
        Refresher refresher = BeginGivingWay(before);

        Run(refresher);

        Assert.Equal((ProposerState.Conflict, 1), (refresher.State, refresher.Round));
    }

    [Fact]
    public void One_that_gives_way_asks_no_silent_member_again()
    {
        FileRecord before = Write(3, WriteCondition.CreateOnly, file: 1).Chosen!.Record;
        Refresher refresher = Refresh(before, Readdress, givesWay: true);
        isUp[1] = isUp[2] = false;
        int round = refresher.Round;

        Run(refresher);

        Assert.Equal((ProposerState.NoMajority, round), (refresher.State, refresher.Round));
    }

    /// <summary>Whichever addresses it sees, a reader sees the same change, and a writer replaces that.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_refresh_that_a_minority_has_accepted_is_no_change(int accepting)
    {
        FileRecord before = Write(3, WriteCondition.CreateOnly, file: 1).Chosen!.Record;
        Refresher refresher = Refresh(before, Readdress);
        SendTo(refresher, accepting, isAnswerLost: true);

        FileRecord read = Read(3).Result!.Record;
        Assert.Equal((before.Version, before.WriterId, before.FileId), (read.Version, read.WriterId, read.FileId));
        Assert.Equal(2, Write(3, WriteCondition.ReplaceVersion(1), file: 2, Guid.NewGuid()).Chosen!.Record.Version);
    }

    private static FileRecord Readdress(FileRecord record) =>
        record with { Home = [.. record.Home.Select(member => member with { Addresses = [Address] })] };

    private static Refresher BeginGivingWay(BallotedRecord current) =>
        new(Sample.Home(3), current.Record, Guid.NewGuid, current.Ballot);

    /// <summary>Up to its request to accept the record.</summary>
    private Refresher Refresh(FileRecord record, Func<FileRecord, FileRecord> readdress, bool givesWay = false)
    {
        Refresher refresher = new(Sample.Home(3), record, Guid.NewGuid, givesWay ? Read(3).Result!.Ballot : null);
        Run(refresher);
        Assert.Equal(ProposerState.Prepared, refresher.State);
        refresher.Propose(current => readdress(current!.Record), SealPlan.None);
        return refresher;
    }
}
