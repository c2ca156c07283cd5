using System.Numerics;
using Xunit;

namespace Dfss.Tests.Records.Simulation;

/// <summary>
/// Whether there is an order of the operations of one name that keeps real time (what returned before another was
/// called comes before it) and in which each saw what a plain register would have shown: the search of Wing and Gong
/// with the memory of Lowe. An operation that may have been made stands anywhere after its call, or nowhere.
/// </summary>
internal sealed class LinearizabilityChecker
{
    private const int NoWriter = -1;

    private readonly HistoryOperation[] operations;
    private readonly ulong required;
    private readonly ulong writes;
    private readonly HashSet<(ulong Done, int Writer)> visited = [];

    private LinearizabilityChecker(IEnumerable<HistoryOperation> history)
    {
        operations = [.. history.Where(operation => operation.Outcome != HistoryOutcome.Nothing
            && !(operation.IsRead && operation.Outcome == HistoryOutcome.Maybe))];
        Assert.InRange(operations.Length, 0, 64);
        for (int i = 0; i < operations.Length; i++)
        {
            required |= operations[i].Outcome == HistoryOutcome.Maybe ? 0 : 1UL << i;
            writes |= operations[i].IsRead || operations[i].Outcome is HistoryOutcome.Conflict or HistoryOutcome.Refused
                ? 0
                : 1UL << i;
        }
    }

    /// <summary>Whether the operations, all of one name, are linearizable.</summary>
    public static bool IsLinearizable(IEnumerable<HistoryOperation> history) =>
        new LinearizabilityChecker(history).Search(0, NoWriter);

    private bool Search(ulong done, int writer)
    {
        if ((done & required) == required)
        {
            return true;
        }

        if (!visited.Add((done, writer)))
        {
            return false;
        }

        int firstReturn = int.MaxValue;
        for (int i = 0; i < operations.Length; i++)
        {
            firstReturn = IsIn(done, i) ? firstReturn : Math.Min(firstReturn, operations[i].Returned);
        }

        for (int i = 0; i < operations.Length; i++)
        {
            if (!IsIn(done, i) && operations[i].Called <= firstReturn && CanStandHere(i, done, writer)
                && Search(done | (1UL << i), IsIn(writes, i) ? i : writer))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsIn(ulong set, int index) => (set & (1UL << index)) != 0;

    /// <summary>
    /// The register holds what <paramref name="writer"/> wrote, at the version that counts the changes made so far.
    /// </summary>
    private bool CanStandHere(int index, ulong done, int writer)
    {
        HistoryOperation operation = operations[index];
        long version = BitOperations.PopCount(done & writes);
        FileRecord? current = writer == NoWriter ? null : new FileRecord
        {
            Name = operation.Name,
            Version = version,
            State = operations[writer].Removes ? FileRecordState.Removed : FileRecordState.File,
            Home = [],
            WriterId = operations[writer].Id,
        };
        bool seesCurrent = operation.Seen?.WriterId == current?.WriterId && operation.Seen?.Version == current?.Version;
        return operation switch
        {
            { Outcome: HistoryOutcome.Absent } => current is not { State: FileRecordState.File },
            { IsRead: true } => seesCurrent,
            { Outcome: HistoryOutcome.Refused } => !operation.Condition.HoldsFor(current),
            { Outcome: HistoryOutcome.Conflict } => seesCurrent && !operation.Condition.HoldsFor(current),
            { Outcome: HistoryOutcome.Done } => operation.Condition.HoldsFor(current)
                && operation.Seen?.Version == version + 1 && operation.Seen.WriterId == operation.Id,
            _ => operation.Condition.HoldsFor(current),
        };
    }
}
