using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>
/// The help's page of error ids has those that there are, each once, with meaning and remedy. That the cmdlets' pages
/// fit the cmdlets is checked by the build itself.
/// </summary>
public sealed partial class HelpPageTests
{
    private const string PagePath = "docs/cmdlets/about_Dfss_Troubleshooting.md";

    private static readonly string[] Listed =
        [.. Row().Matches(RepositoryFiles.ReadText(PagePath)).Select(match => match.Groups["id"].Value)];

    [Fact]
    public void Every_error_code_is_described_in_the_help() =>
        AssertListed(Enum.GetNames<DfssErrorCode>().Where(name => name != nameof(DfssErrorCode.None)));

    [Fact]
    public void Every_error_id_of_the_cmdlets_own_is_described_in_the_help() => AssertListed(OwnIds());

    [Fact]
    public void No_error_id_is_described_that_does_not_exist_or_twice() => Assert.Equal(
        Enum.GetNames<DfssErrorCode>().Where(name => name != nameof(DfssErrorCode.None)).Concat(OwnIds()).Distinct()
            .Order(StringComparer.Ordinal),
        Listed.Order(StringComparer.Ordinal));

    [Fact]
    public void Every_cmdlet_is_in_the_table_of_the_README_with_a_link_to_its_page() => Assert.All(
        RepositoryFiles.List("docs/cmdlets", ".md").Select(path => Path.GetFileNameWithoutExtension(path)),
        name => Assert.Contains(
            $"](docs/cmdlets/{name}.md)", RepositoryFiles.ReadText("README.md"), StringComparison.Ordinal));

    private static void AssertListed(IEnumerable<string> ids) => RepositoryFiles.AssertNone(
        ids.Except(Listed).Select(id => $"{PagePath}: add a row: | `{id}` | what it means | what to do |"));

    private static string[] OwnIds()
    {
        string[] ids = [.. RepositoryFiles.List("src/Dfss.PowerShell", ".cs")
            .SelectMany(path => OwnId().Matches(RepositoryFiles.ReadText(path)))
            .Select(match => match.Groups["id"].Value).Distinct()];
        Assert.NotEmpty(ids);
        return ids;
    }

    /// <summary>A row of a table with all three cells filled.</summary>
    [GeneratedRegex(@"^\| `(?<id>\w+)` \| [^|\s][^|]* \| [^|\s][^|]* \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    /// <summary>The first two arguments of an error record of the cmdlets' own.</summary>
    [GeneratedRegex(@"""(?<id>\w+)"",\s*ErrorCategory\.")]
    private static partial Regex OwnId();
}
