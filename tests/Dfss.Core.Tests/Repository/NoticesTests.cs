using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>
/// Every library that the module carries has its licence in the notices. build.ps1 -Task Pack checks the same.
/// </summary>
public sealed class NoticesTests
{
    private const string Notices = "THIRD-PARTY-NOTICES.md";

    private static readonly string[] Allowed = ["MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "public domain"];

    private static readonly Notice[] Rows = [.. RepositoryFiles.ReadLines(Notices)
        .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
        .Where(cells => cells.Length == 5 && cells[0] != "component" && cells[0] != "---")
        .Select(cells => new Notice(
            cells[0], [.. Regex.Matches(cells[1], "`([^`]+)`").Select(match => match.Groups[1].Value)], cells[2]))];

    [Fact]
    public void Every_library_of_the_module_has_a_notice_and_every_notice_a_library()
    {
        string folder = Path.Combine(RepositoryFiles.Root, "module", "Dfss", "lib");
        Assert.SkipUnless(Directory.Exists(folder), "module/Dfss/lib is not built: run dotnet build first.");
        string[] libraries = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetFileName(path))
            .Where(
                name => Path.GetExtension(name) is ".dll" or ".so" or ".dylib"
                    && !name.StartsWith("Dfss.", StringComparison.Ordinal))
            .Distinct()
            .Order(StringComparer.Ordinal)];

        Assert.NotEmpty(libraries);
        Assert.Equal(Rows.SelectMany(row => row.Files).Distinct().Order(StringComparer.Ordinal), libraries);
    }

    [Fact]
    public void Every_license_is_allowed_and_its_text_is_there()
    {
        string text = RepositoryFiles.ReadText(Notices);

        Assert.NotEmpty(Rows);
        Assert.All(Rows, row =>
        {
            Assert.Contains(row.License, Allowed);
            Assert.NotEmpty(row.Files);
            Assert.Matches($@"(?mi)^## {Regex.Escape(row.License)}\s*$", text);
        });
    }

    [Fact]
    public void Each_file_of_the_Pester_suite_uses_its_frame()
    {
        // One that imports module/Dfss by itself would test another build than the rest when $env:DFSS_MODULE names
        // one.
        RepositoryFiles.AssertNone(
            from path in RepositoryFiles.List("tests/Dfss.Pester", ".Tests.ps1")
            let text = RepositoryFiles.ReadText(path)
            where !path.EndsWith("/Zero.Tests.ps1", StringComparison.Ordinal)
                && (!text.Contains("Suite.ps1", StringComparison.Ordinal)
                    || text.Contains("module/Dfss", StringComparison.Ordinal))
            select $"{path}: start it with `. (Join-Path $PSScriptRoot Suite.ps1)`, "
                + "which imports the module under test as $manifest");
    }

    private sealed record Notice(string Component, string[] Files, string License);
}
