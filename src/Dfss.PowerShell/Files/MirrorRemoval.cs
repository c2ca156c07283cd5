using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>The questions and refusals of -Mirror: what is only on the other side is removed there.</summary>
/// <param name="cmdlet">The cmdlet.</param>
internal sealed class MirrorRemoval(DfssCmdlet cmdlet)
{
    private const int ShownNames = 3;

    /// <summary>Why nothing may be removed; null if it may.</summary>
    /// <param name="source">The source as the user has given it.</param>
    /// <param name="empty">A part of it that has no file; null if there is none.</param>
    internal ErrorRecord? FindObstacle(string source, string? empty)
    {
        if (cmdlet.HasFailed)
        {
            return CreateIncomplete(source, "not all of the source was read and transferred");
        }

        return empty is null ? null : ErrorRecords.Create(
            "MirrorSourceEmpty", ErrorCategory.InvalidOperation, empty,
            $"-Mirror found no file in '{empty}', and removes nothing.",
            "Check the source, or leave this part out. To remove everything, use Remove-DfssFile or Remove-Item.");
    }

    /// <summary>The error of a source that is not known as a whole.</summary>
    internal static ErrorRecord CreateIncomplete(string source, string why) => ErrorRecords.Create(
        "MirrorIncomplete", ErrorCategory.InvalidOperation, source, $"-Mirror removes nothing: {why}.",
        "Correct the other errors, or leave their files out, and run the command again. Start the peers that do not "
            + "answer; of one that is gone for good, move its files with Repair-DfssFile -Move.");

    /// <summary>The error of a command from which it does not follow what would be removed.</summary>
    internal static CmdletException Refuse(string why, string action) => new(ErrorRecords.Create(
        "MirrorNeedsFolder", ErrorCategory.InvalidArgument, target: null, $"-Mirror {why}.", action));

    /// <summary>Why -Mirror cannot run in a job, which cannot ask; null if it need not ask.</summary>
    internal static ErrorRecord? FindJobObstacle(IReadOnlyDictionary<string, object?> bound) =>
        bound.TryGetValue("Confirm", out object? confirm) && confirm is SwitchParameter { IsPresent: false }
            ? null
            : ErrorRecords.Create(
                "MirrorNeedsAnswer", ErrorCategory.InvalidArgument, target: null,
                "-Mirror asks before it removes, and a job cannot ask.",
                "Look at the plan with -PlanOnly, then give -Confirm:$false.");

    /// <summary>
    /// Asks once whether to remove files, as a command of high impact does: unless -Confirm is given, or
    /// $ConfirmPreference has another value than High, with which each file is asked about, or none.
    /// </summary>
    internal Task<bool> AskAsync(IReadOnlyList<string> names, string place) => cmdlet.InvokeAsync(() =>
    {
        if (names.Count == 0 || cmdlet.IsWhatIf() || cmdlet.IsBound("Confirm")
            || !LanguagePrimitives.TryConvertTo(
                cmdlet.GetVariableValue("ConfirmPreference"), out ConfirmImpact preference)
            || preference != ConfirmImpact.High)
        {
            return true;
        }

        string shown = string.Join(", ", names.Take(ShownNames).Select(name => $"'{name}'"));
        string rest = names.Count > ShownNames
            ? FormattableString.Invariant($" and {names.Count - ShownNames} more")
            : string.Empty;
        return cmdlet.ShouldContinue(
            $"The source does not have {shown}{rest}. Remove {(names.Count == 1 ? "it" : "them")} {place}?", "-Mirror");
    });
}
