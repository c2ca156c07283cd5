using Dfss.Records;
using Xunit;

namespace Dfss.Tests.Records.Simulation;

/// <summary>Histories of a few operations, which a plain register could have or could not have shown.</summary>
public sealed class LinearizabilityCheckerTests
{
    private readonly List<HistoryOperation> history = [];

    [Fact]
    public void One_after_the_other_is_linearizable()
    {
        Guid first = Write(1, 2, WriteCondition.CreateOnly, version: 1);
        Read(3, 4, version: 1, first);
        Guid second = Write(5, 6, WriteCondition.ReplaceAny, version: 2);
        Read(7, 8, version: 2, second);

        Assert.True(LinearizabilityChecker.IsLinearizable(history));
    }

    [Fact]
    public void A_read_beside_a_write_may_show_either()
    {
        Guid first = Write(1, 2, WriteCondition.CreateOnly, version: 1);
        Guid second = Write(3, 8, WriteCondition.ReplaceAny, version: 2);
        Read(4, 5, version: 1, first);
        Read(6, 7, version: 2, second);

        Assert.True(LinearizabilityChecker.IsLinearizable(history));
    }

    [Fact]
    public void A_read_that_goes_back_is_not()
    {
        Guid first = Write(1, 2, WriteCondition.CreateOnly, version: 1);
        Guid second = Write(3, 8, WriteCondition.ReplaceAny, version: 2);
        Read(4, 5, version: 2, second);
        Read(6, 7, version: 1, first);

        Assert.False(LinearizabilityChecker.IsLinearizable(history));
    }

    [Fact]
    public void Two_creations_of_one_name_are_not()
    {
        Write(1, 4, WriteCondition.CreateOnly, version: 1);
        Write(2, 3, WriteCondition.CreateOnly, version: 1);

        Assert.False(LinearizabilityChecker.IsLinearizable(history));
    }

    [Fact]
    public void A_lost_change_is_not()
    {
        Guid first = Write(1, 2, WriteCondition.CreateOnly, version: 1);
        Write(3, 4, WriteCondition.ReplaceVersion(1), version: 2);
        Read(5, 6, version: 1, first);

        Assert.False(LinearizabilityChecker.IsLinearizable(history));
    }

    [Fact]
    public void A_change_that_may_have_been_made_may_show_later_and_once()
    {
        Guid first = Write(1, 2, WriteCondition.CreateOnly, version: 1);
        Guid maybe = Add(3, int.MaxValue, WriteCondition.ReplaceAny, HistoryOutcome.Maybe, version: 0);
        Read(4, 5, version: 1, first);
        Read(6, 7, version: 2, maybe);
        Assert.True(LinearizabilityChecker.IsLinearizable(history));

        Read(8, 9, version: 1, first);
        Assert.False(LinearizabilityChecker.IsLinearizable(history));
    }

    [Fact]
    public void A_change_that_failed_never_shows()
    {
        Write(1, 2, WriteCondition.CreateOnly, version: 1);
        Guid failed = Add(3, 4, WriteCondition.ReplaceAny, HistoryOutcome.Nothing, version: 0);
        Read(5, 6, version: 2, failed);

        Assert.False(LinearizabilityChecker.IsLinearizable(history));
    }

    [Fact]
    public void A_refusal_needs_something_in_the_way()
    {
        Add(1, 2, WriteCondition.CreateOnly, HistoryOutcome.Refused, version: 0);
        Assert.False(LinearizabilityChecker.IsLinearizable(history));

        Add(1, int.MaxValue, WriteCondition.CreateOnly, HistoryOutcome.Maybe, version: 0);
        Assert.True(LinearizabilityChecker.IsLinearizable(history));
    }

    [Fact]
    public void A_read_that_sees_no_file_comes_before_the_first_or_after_a_removal()
    {
        AddRead(1, 2, HistoryOutcome.Absent, seen: null);
        Write(3, 4, WriteCondition.CreateOnly, version: 1);
        Assert.True(LinearizabilityChecker.IsLinearizable(history));

        AddRead(5, 8, HistoryOutcome.Absent, seen: null);
        Assert.False(LinearizabilityChecker.IsLinearizable(history));

        Add(6, 7, WriteCondition.ReplaceAny, HistoryOutcome.Done, version: 2, removes: true);
        Assert.True(LinearizabilityChecker.IsLinearizable(history));
    }

    private Guid Write(int called, int returned, WriteCondition condition, long version) =>
        Add(called, returned, condition, HistoryOutcome.Done, version);

    private Guid Add(
        int called, int returned, WriteCondition condition, HistoryOutcome outcome, long version, bool removes = false)
    {
        Guid id = Guid.NewGuid();
        HistoryOperation operation = new()
        {
            Name = "a",
            IsRead = false,
            Condition = condition,
            Id = id,
            Removes = removes,
            Called = called,
        };
        operation.Return(returned, outcome, version == 0 ? null : Record(version, id));
        history.Add(operation);
        return id;
    }

    private void Read(int called, int returned, long version, Guid writer) =>
        AddRead(called, returned, HistoryOutcome.Done, Record(version, writer));

    private void AddRead(int called, int returned, HistoryOutcome outcome, FileRecord? seen)
    {
        HistoryOperation operation = new() { Name = "a", IsRead = true, Called = called };
        operation.Return(returned, outcome, seen);
        history.Add(operation);
    }

    private static FileRecord Record(long version, Guid writer) =>
        new() { Name = "a", Version = version, Home = [], WriterId = writer };
}
