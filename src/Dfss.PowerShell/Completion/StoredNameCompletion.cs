using System.Collections;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>Completes names of stored files where wildcards are expanded: those of a name are escaped.</summary>
internal class StoredNameCompletion : CachedCompletion
{
    /// <summary>Whether wildcards are expanded.</summary>
    private protected virtual bool IsPattern => true;

    /// <summary>Whether the argument may be a path of a drive.</summary>
    private protected virtual bool TakesDrives => true;

    /// <summary>The argument that stands for a name.</summary>
    private protected virtual string ToArgument(string name) => WildcardPattern.Escape(name);

    /// <summary>Whether a name is one that the word may become.</summary>
    private protected virtual Func<string, bool> Match(string word)
    {
        string prefix = WildcardPattern.Unescape(word);
        PatternSearch? pattern = WildcardPattern.ContainsWildcardCharacters(word)
            ? new PatternSearch(word, TimeProvider.System)
            : null;
        return name => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) || pattern?.IsMatch(name) == true;
    }

    /// <inheritdoc/>
    private protected override IEnumerable<CompletionResult> Complete(CompletionWord word, IDictionary bound)
    {
        if (TakesDrives && DrivePathCompletion.Find(word, IsPattern, isFolder: false) is { } ofDrive)
        {
            return ofDrive;
        }

        CompletionScope scope = CompletionScope.Find(bound);
        WaitFor(scope.Names, scope.RefreshAsync());
        string[] found = scope.Names.Find(Match(word.Text));
        return (found.Length > MaxResults ? Fold(found, word.Text.Length) : found).Take(MaxResults)
            .Select(name => word.ToResult(ToArgument(name), name));
    }

    /// <summary>Of too many names: each up to its next '/', as folders are.</summary>
    private static IEnumerable<string> Fold(IEnumerable<string> names, int start) => names.Select(name =>
    {
        int end = name.IndexOf('/', Math.Min(start, name.Length));
        return end < 0 ? name : name[..(end + 1)];
    }).Distinct(StringComparer.Ordinal);
}

/// <summary>Completes names that are no pattern, and paths of drives: the name that a file is to get.</summary>
internal class PlainNameCompletion : StoredNameCompletion
{
    /// <inheritdoc/>
    private protected override bool IsPattern => false;

    /// <inheritdoc/>
    private protected override string ToArgument(string name) => name;

    /// <inheritdoc/>
    private protected override Func<string, bool> Match(string word) =>
        name => name.StartsWith(word, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Completes names of stored files where every character stands for itself, and no path of a drive.</summary>
internal sealed class LiteralNameCompletion : PlainNameCompletion
{
    /// <inheritdoc/>
    private protected override bool TakesDrives => false;
}
