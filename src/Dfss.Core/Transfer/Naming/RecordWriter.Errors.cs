using Dfss.Records;

namespace Dfss.Transfer;

/// <content>Why a change was not made.</content>
internal sealed partial class RecordWriter
{
    private static string Describe(FileRecord? current) => current switch
    {
        null => "was never sent",
        { State: FileRecordState.Removed } => $"was removed at version {current.Version}",
        _ => $"is at version {current.Version}",
    };

    private void ThrowIfFailed()
    {
        string reasons = driver.Reasons.Length > 0 ? $" {driver.Reasons}" : string.Empty;
        switch (round.State)
        {
            case ProposerState.Conflict when condition == WriteCondition.CreateOnly
                && round.Current?.Record is { State: FileRecordState.File } current:
                throw new DfssException(
                    DfssErrorCode.FileExists, $"'{name}' exists at version {current.Version}.",
                    "Use -Force to replace it, or another name.");
            case ProposerState.Conflict
                when condition.Version is long version && round.Current?.Record.Version != version:
                throw new DfssException(
                    DfssErrorCode.Conflict,
                    $"'{name}' {Describe(round.Current?.Record)}, not at version {version}.", LookAgain);
            case ProposerState.Conflict:
                throw new DfssException(
                    DfssErrorCode.Conflict, $"'{name}' was changed by another client meanwhile.", LookAgain);
            case ProposerState.Moved:
                throw new DfssException(
                    DfssErrorCode.Conflict, $"'{name}' was moved to other peers meanwhile. Nothing was changed.",
                    "Run the command again.");
            case ProposerState.NoMajority:
                throw new DfssException(
                    driver.CommonError ?? DfssErrorCode.NoMajority,
                    $"'{name}' is decided by {home.Count} peers of which {home.Majority} must answer, and fewer did. "
                        + $"Nothing was changed.{reasons}",
                    driver.CommonAdvice);
            case ProposerState.Uncertain:
                throw new DfssException(
                    DfssErrorCode.CommitUncertain,
                    $"It is unknown whether '{name}' was changed: too few of its {home.Count} peers answered the last "
                        + $"step.{reasons}",
                    driver.CommonAdvice is string advice
                        ? $"{advice} Then run the same command again: it determines the outcome."
                        : "Run the same command again: it determines the outcome.");
        }
    }
}
