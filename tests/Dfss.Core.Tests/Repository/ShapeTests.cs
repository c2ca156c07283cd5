using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>Sizes and forms that keep a file readable, and text that has no business here.</summary>
public sealed class ShapeTests
{
    private const int MaxFileLines = 300;
    /// <summary>As in .editorconfig.</summary>
    private const int MaxLineLength = 120;
    /// <summary>A line with a word of this length, such as an address or a golden value, cannot be broken.</summary>
    private const int MaxWordLength = 80;

    [Fact]
    public void No_file_has_more_than_300_lines() => RepositoryFiles.AssertNone(
        from path in Code
        let lines = RepositoryFiles.ReadLines(path).Length
        where lines > MaxFileLines
        select $"{path}: {lines} lines. Split it by responsibility, as Type.Responsibility.cs");

    [Fact]
    public void No_line_has_more_than_120_characters() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.List("", ".cs", ".ps1", ".psm1", ".psd1", ".ps1xml", ".py")
        from line in RepositoryFiles.ReadLines(path).Select((text, index) => (Text: text, Number: index + 1))
        where line.Text.Length > MaxLineLength && line.Text.Split(' ').All(word => word.Length <= MaxWordLength)
        select $"{path}:{line.Number}: {line.Text.Length} characters");

    [Fact]
    public void No_summary_is_empty() => RepositoryFiles.AssertNone(
        from path in Code
        where Regex.IsMatch(RepositoryFiles.ReadText(path), @"<summary>[\s/]*</summary>")
        select $"{path}: an empty <summary>. Say what the reader needs, or <inheritdoc/>");

    [Fact]
    public void No_text_names_a_place_of_one_machine() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.List(
            "", ".cs", ".md", ".ps1", ".psm1", ".psd1", ".ps1xml", ".csproj", ".props", ".targets", ".sln", ".yml",
            "/run", "packages.lock.json")
        from line in RepositoryFiles.ReadLines(path).Select((text, index) => (Text: text, Number: index + 1))
        where Regex.IsMatch(
            line.Text, @"(?<![\w.:])/(work|home|Users|root)/\w|[A-Z]:\\Users\\", RegexOptions.CultureInvariant)
        select $"{path}:{line.Number}: {line.Text.Trim()}");

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        string solution = RepositoryFiles.ReadText("Dfss.sln").Replace('\\', '/');

        Assert.All(
            RepositoryFiles.List("", ".csproj"),
            path => Assert.Contains($"\"{path}\"", solution, StringComparison.Ordinal));
    }

    private static IReadOnlyList<string> Code =>
        [.. RepositoryFiles.List("src", ".cs"), .. RepositoryFiles.List("tests", ".cs")];
}
