using System.Collections;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>Completes names of stored files where wildcards are expanded: those of a name are escaped.</summary>
internal class StoredNameCompletion : CachedCompletion
{
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

/// <summary>Completes names of stored files where every character stands for itself.</summary>
internal sealed class LiteralNameCompletion : StoredNameCompletion
{
    /// <inheritdoc/>
    private protected override string ToArgument(string name) => name;

    /// <inheritdoc/>
    private protected override Func<string, bool> Match(string word) =>
        name => name.StartsWith(word, StringComparison.OrdinalIgnoreCase);
}
