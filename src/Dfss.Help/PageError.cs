namespace Dfss.Help;

/// <summary>A defect of a page, in the format that MSBuild recognizes as an error.</summary>
/// <param name="Path">The page.</param>
/// <param name="Line">The line, counted from 1.</param>
/// <param name="Message">The defect, and how to correct it.</param>
internal sealed record PageError(string Path, int Line, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Path}({Line}): error DFSSHELP: {Message}");
}
