using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>Completes the versions of the file that the command line names, the newest first.</summary>
internal sealed class VersionCompletion : CachedCompletion
{
    /// <inheritdoc/>
    private protected override IEnumerable<CompletionResult> Complete(CompletionWord word, IDictionary bound)
    {
        CompletionScope scope = CompletionScope.Find(bound);
        WaitFor(scope.Names, scope.RefreshAsync());
        bool isLiteral = bound.Contains("LiteralName");
        return NamesOf(bound[isLiteral ? "LiteralName" : "Name"])
            .SelectMany(name => scope.Names.FindVersions(isLiteral ? name : WildcardPattern.Unescape(name))).Distinct()
            .Select(version => version.ToString(CultureInfo.InvariantCulture))
            .Where(version => version.StartsWith(word.Text, StringComparison.Ordinal))
            .Select(version => new CompletionResult(
                version, version, CompletionResultType.ParameterValue, version));
    }

    private static IEnumerable<string> NamesOf(object? given) => given switch
    {
        null => [],
        string one => [one],
        IEnumerable many => many.Cast<object?>().Select(item => $"{item}"),
        _ => [$"{given}"],
    };
}
