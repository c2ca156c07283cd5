using Dfss.Records;

namespace Dfss.Tests.Records.Simulation;

/// <summary>How an operation ended, as its caller saw it.</summary>
internal enum HistoryOutcome
{
    /// <summary>
    /// Still going on, its client crashed, or uncertain: it may have taken effect, or may at any later time.
    /// </summary>
    Maybe,

    /// <summary>A change that was made, or a read that is current.</summary>
    Done,

    /// <summary>A change refused since its condition did not hold.</summary>
    Conflict,

    /// <summary>The same, and no answer gave the reason.</summary>
    Refused,

    /// <summary>A read that saw no file: the name was never sent, or is removed.</summary>
    Absent,

    /// <summary>A change of which nothing must ever be seen, or a read that promises nothing.</summary>
    Nothing,
}

/// <summary>One operation on one name, from its call to its return (in events of the schedule).</summary>
internal sealed class HistoryOperation
{
    public required string Name { get; init; }

    public required bool IsRead { get; init; }

    public WriteCondition Condition { get; init; }

    /// <summary>A change's writer id.</summary>
    public Guid Id { get; set; }

    public bool Removes { get; init; }

    public required int Called { get; init; }

    public int Returned { get; private set; } = int.MaxValue;

    public HistoryOutcome Outcome { get; private set; }

    /// <summary>The record that was made, read, or in the way; null: none.</summary>
    public FileRecord? Seen { get; private set; }

    public void Return(int at, HistoryOutcome outcome, FileRecord? seen)
    {
        Returned = outcome == HistoryOutcome.Maybe ? int.MaxValue : at;
        Outcome = outcome;
        Seen = seen;
    }

    public override string ToString() =>
        $"[{Called},{(Returned == int.MaxValue ? "..." : Returned)}] {Name} "
        + $"{(IsRead ? "read" : $"write {Id:N} {Condition}")} "
        + $"{Outcome} {(Seen is null ? "none" : $"v{Seen.Version} {Seen.WriterId:N}")}";
}
