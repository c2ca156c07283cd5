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
        // Some disks have decomposed names; stored names and what users type are composed.
        name = FileName.TryNormalize(name, out string? composed, out _) ? composed : name;
        string leaf = name[(name.LastIndexOf('/') + 1)..];
        bool IsMatch(Pattern pattern) => pattern.Wildcard.IsMatch(pattern.IsPath ? name : leaf);
        return !Array.Exists(excluded, IsMatch)
            && (isFolder || included.Length == 0 || Array.Exists(included, IsMatch));
    }

    private static Pattern Parse(string text)
    {
        // 'cache/' is the folder 'cache', './cache' and '/cache' the one in the walked folder.
        string pattern = text.Replace('\\', '/').TrimEnd('/');
        string path = pattern.StartsWith("./", StringComparison.Ordinal) ? pattern[2..] : pattern.TrimStart('/');
        if (path.Length == 0)
        {
            throw Refuse(text, "it names nothing.", exception: null);
        }

        var wildcard = new WildcardPattern(path, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);
        try
        {
            _ = wildcard.IsMatch(string.Empty);
        }
        catch (WildcardPatternException exception)
        {
            throw Refuse(text, exception.Message, exception);
        }

        return new Pattern(wildcard, pattern.Contains('/', StringComparison.Ordinal));
    }

    private static CmdletException Refuse(string text, string problem, Exception? exception) => new(ErrorRecords.Create(
        "NameInvalid", ErrorCategory.InvalidArgument, text, $"'{text}' is not a pattern: {problem}",
        "Put a backtick before a bracket that stands for itself.", exception));

    private readonly record struct Pattern(WildcardPattern Wildcard, bool IsPath);
}
