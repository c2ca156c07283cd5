namespace Dfss.Help;

/// <summary>What is wrong with a page, in the form that MSBuild takes for an error.</summary>
/// <param name="Path">The page.</param>
/// <param name="Line">The line, counted from 1.</param>
/// <param name="Message">What is wrong, and what to do.</param>
internal sealed record PageError(string Path, int Line, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Path}({Line}): error DFSSHELP: {Message}");
}
