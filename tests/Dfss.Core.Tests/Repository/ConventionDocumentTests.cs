using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>docs/conventions.md and docs/threat-model.md name tests; each of them exists.</summary>
public sealed partial class ConventionDocumentTests
{
    private const string Document = "docs/conventions.md";

    private static readonly Dictionary<string, string> Sources = RepositoryFiles.List("tests", ".cs")
        .SelectMany(path => ClassDeclaration().Matches(RepositoryFiles.ReadText(path))
            .Select(match => (Name: match.Groups["name"].Value, Text: RepositoryFiles.ReadText(path))))
        .GroupBy(item => item.Name, item => item.Text)
        .ToDictionary(group => group.Key, group => string.Join('\n', group));

    [Theory]
    [InlineData(Document, 50)]
    [InlineData("docs/threat-model.md", 30)]
    public void Every_test_that_it_names_exists(string document, int least)
    {
        string[] spans =
            [.. CodeSpan().Matches(RepositoryFiles.ReadText(document)).Select(match => match.Groups["text"].Value)
                .Distinct().Where(text => XunitTest().IsMatch(text) || PesterTest().IsMatch(text))];
        Assert.True(spans.Length > least, $"{document} names only {spans.Length} tests.");
        RepositoryFiles.AssertNone(
            spans.Where(span => !Exists(span)).Select(span => $"{document} names `{span}`, which does not exist."));
    }

    /// <summary>A rule without a test says that it is not yet there, or that it could not be run here.</summary>
    [Fact]
    public void Every_rule_names_a_test_or_says_why_there_is_none()
    {
        string[] rows =
            [.. RepositoryFiles.ReadLines(Document).Where(line => line.StartsWith("| ", StringComparison.Ordinal)
                && !Regex.IsMatch(line, @"^\| (rule|ask) \|"))];
        Assert.True(rows.Length > 50, $"{Document} has only {rows.Length} rows.");
        RepositoryFiles.AssertNone(
            rows.Where(row => !Regex.IsMatch(row, @"`\w+Tests(\.\w+|\.ps1: [^`]+)?`|`\w+\.Tests\.ps1: ")
                && !Regex.IsMatch(row, "not yet|written, not run here", RegexOptions.IgnoreCase)));
    }

    private static bool Exists(string span)
    {
        if (PesterTest().Match(span) is { Success: true } pester)
        {
            string path = $"tests/Dfss.Pester/{pester.Groups["file"].Value}";
            return File.Exists(Path.Combine(RepositoryFiles.Root, path))
                && RepositoryFiles.ReadText(path)
                    .Contains($"It '{pester.Groups["name"].Value}'", StringComparison.Ordinal);
        }

        Match test = XunitTest().Match(span);
        string method = test.Groups["method"].Value;
        return HasMethod(test.Groups["class"].Value, method);
    }

    /// <summary>Also what a test class inherits: contracts are base classes.</summary>
    private static bool HasMethod(string type, string method)
    {
        if (!Sources.TryGetValue(type, out string? text))
        {
            return false;
        }

        return method.Length == 0 || Regex.IsMatch(text, $@"\b(void|Task) {method}\(")
            || BaseClass().Matches(text).Any(match =>
                match.Groups["name"].Value == type && HasMethod(match.Groups["base"].Value, method));
    }

    [GeneratedRegex(@"\bclass (?<name>\w+)")]
    private static partial Regex ClassDeclaration();

    [GeneratedRegex(@"\bclass (?<name>\w+)(\([^)]*\))?\s*:\s*(?<base>\w+)")]
    private static partial Regex BaseClass();

    [GeneratedRegex("`(?<text>[^`]+)`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"^(?<class>\w+Tests)(\.(?<method>\w+))?$")]
    private static partial Regex XunitTest();

    [GeneratedRegex(@"^(?<file>\w+\.Tests\.ps1): (?<name>.+)$")]
    private static partial Regex PesterTest();
}
