using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>Documents name only what exists.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Types_and_paths_named_in_the_architecture_exist()
    {
        HashSet<string> types = [.. RepositoryFiles.List("src", ".cs").Concat(RepositoryFiles.List("tests", ".cs"))
            .SelectMany(path => TypeDeclaration().Matches(RepositoryFiles.ReadText(path)))
            .Select(match => match.Groups["name"].Value)
            .Concat(Enum.GetNames<DfssErrorCode>())];

        Assert.All(
            CodeSpan().Matches(RepositoryFiles.ReadText("docs/architecture.md"))
                .Select(match => match.Groups["name"].Value).Distinct(),
            name => Assert.True(Exists(name, types), $"docs/architecture.md names `{name}`, which does not exist."));
    }

    [Fact]
    public void Links_between_documents_lead_somewhere() => Assert.All(
        from path in RepositoryFiles.List("", ".md")
        from Match link in RelativeLink().Matches(RepositoryFiles.ReadText(path))
        let target = Path.Combine(RepositoryFiles.Root, Path.GetDirectoryName(path)!, link.Groups["target"].Value)
        select (path, target),
        link => Assert.True(Path.Exists(link.target), $"{link.path} links to {link.target}, which does not exist."));

    private static bool Exists(string name, HashSet<string> types) => name.Contains('/', StringComparison.Ordinal)
        ? Path.Exists(Path.Combine(RepositoryFiles.Root, name.TrimEnd('/')))
        : types.Contains(name);

    [GeneratedRegex(@"\b(class|struct|record|interface|enum)\s+(struct\s+|class\s+)?(?<name>[A-Z]\w+)")]
    private static partial Regex TypeDeclaration();

    /// <summary>A code span that is a type's name or a path from the root.</summary>
    [GeneratedRegex(@"`(?<name>[A-Z]\w*[a-z]\w*|(src|tests|module|docs|examples)/[\w./-]*)`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"\]\((?!\w+:|#)(?<target>[^)#\s]+)(#[^)]*)?\)")]
    private static partial Regex RelativeLink();
}
