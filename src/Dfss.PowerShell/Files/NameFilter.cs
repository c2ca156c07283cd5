using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// -Include and -Exclude: patterns for names, without case. A pattern with '/' is matched against the path below the
/// walked folder, any other against the name alone. A folder that is excluded is not walked through.
/// </summary>
internal sealed class NameFilter
{
    private readonly Pattern[] included;
    private readonly Pattern[] excluded;

    /// <summary>Makes a filter.</summary>
    /// <param name="include">Of these patterns a file must match one; none: all files do.</param>
    /// <param name="exclude">Of these patterns no file or folder may match one.</param>
    /// <exception cref="CmdletException">A pattern is not well formed.</exception>
    internal NameFilter(string[] include, string[] exclude)
    {
        included = Array.ConvertAll(include, Parse);
        excluded = Array.ConvertAll(exclude, Parse);
    }

    /// <summary>Whether a file is taken, or a folder walked through.</summary>
    /// <param name="name">The path below the walked folder, with '/', or the name alone.</param>
    /// <param name="isFolder">Whether it is a folder.</param>
    internal bool Selects(string name, bool isFolder)
    {
        string leaf = name[(name.LastIndexOf('/') + 1)..];
        bool IsMatch(Pattern pattern) => pattern.Wildcard.IsMatch(pattern.IsPath ? name : leaf);
        return !Array.Exists(excluded, IsMatch)
            && (isFolder || included.Length == 0 || Array.Exists(included, IsMatch));
    }

    private static Pattern Parse(string text)
    {
        string pattern = text.Replace('\\', '/');
        var wildcard = new WildcardPattern(pattern, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);
        try
        {
            _ = wildcard.IsMatch(string.Empty);
        }
        catch (WildcardPatternException exception)
        {
            throw new CmdletException(ErrorRecords.Create(
                "NameInvalid", ErrorCategory.InvalidArgument, text, $"'{text}' is not a pattern: {exception.Message}",
                "Put a backtick before a bracket that stands for itself.", exception));
        }

        return new Pattern(wildcard, pattern.Contains('/', StringComparison.Ordinal));
    }

    private readonly record struct Pattern(WildcardPattern Wildcard, bool IsPath);
}
