namespace Dfss.Tests.Records.Simulation;

/// <content>What must hold of the history.</content>
internal sealed partial class Schedule
{
    private string? Check(string name)
    {
        HistoryOperation[] operations = [.. History.Where(operation => operation.Name == name)];
        if (operations[^1].Outcome != HistoryOutcome.Done)
        {
            return $"the last read of '{name}' is not current";
        }

        if (operations.FirstOrDefault(
            o => o is { IsRead: true, Outcome: HistoryOutcome.Nothing, Seen: not null } && !chosen.IsReal(o.Seen!))
                is { } unreal)
        {
            return $"a flagged read shows what was never chosen: {unreal}";
        }

        return LinearizabilityChecker.IsLinearizable(operations)
            ? null
            : $"'{name}' is not linearizable:\n{string.Join('\n', operations)}";
    }
}
