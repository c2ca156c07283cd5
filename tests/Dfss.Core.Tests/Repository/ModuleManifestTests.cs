using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>The module's manifest says what the module has. Read as text: this process has no engine.</summary>
public sealed partial class ModuleManifestTests
{
    private const string ManifestPath = "module/Dfss/Dfss.psd1";

    [Fact]
    public void The_manifest_exports_the_cmdlets_there_are()
    {
        string[] cmdlets = [.. RepositoryFiles.List("src/Dfss.PowerShell", ".cs")
            .SelectMany(path => CmdletAttribute().Matches(RepositoryFiles.ReadText(path)))
            .Select(match => $"{match.Groups["verb"].Value}-{match.Groups["noun"].Value}")
            .Order(StringComparer.Ordinal)];

        Assert.NotEmpty(cmdlets);
        Assert.Equal(cmdlets, Entry("CmdletsToExport").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_manifest_exports_nothing_by_wildcard()
    {
        Assert.Equal([], Entry("FunctionsToExport"));
        Assert.Equal([], Entry("VariablesToExport"));
        Assert.DoesNotContain("*", Entry("AliasesToExport"));
    }

    [Fact]
    public void The_manifest_has_the_version_that_the_build_has()
    {
        string version = Regex.Match(
            RepositoryFiles.ReadText("Directory.Build.props"), "<VersionPrefix>(.*)</VersionPrefix>").Groups[1].Value;

        Assert.Contains(
            version, Regex.Match(RepositoryFiles.ReadText(ManifestPath), @"ModuleVersion\s*=\s*'(.*)'").Groups[1].Value,
            StringComparison.Ordinal);
    }

    private static string[] Entry(string key)
    {
        Match list = Regex.Match(RepositoryFiles.ReadText(ManifestPath), $@"\b{key}\s*=\s*(?<list>@\([^)]*\)|'[^']*')");
        Assert.True(list.Success, $"{ManifestPath} has no {key}.");
        return [.. Regex.Matches(list.Groups["list"].Value, "'([^']*)'").Select(match => match.Groups[1].Value)];
    }

    [GeneratedRegex(@"\[Cmdlet\(\s*Verbs\w+\.(?<verb>\w+),\s*""(?<noun>\w+)""")]
    private static partial Regex CmdletAttribute();
}
