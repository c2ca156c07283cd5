using System.IO.Compression;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using Xunit;
using Engine = System.Management.Automation.PowerShell;

namespace Dfss.Tests;

/// <summary>What <c>build.ps1 -Task Pack</c> checks of the nupkg: its function runs on small archives.</summary>
public sealed class PackageArchiveTests : IDisposable
{
    private const string Spec =
        """
        <package xmlns="http://schemas.microsoft.com/packaging/2011/08/nuspec.xsd"><metadata>
        <id>Dfss</id><version>0.1.0</version><licenseUrl>https://example.org/mit</licenseUrl>
        <description>Files.</description></metadata></package>
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("dfss-package-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void An_archive_of_the_package_and_of_what_NuGet_adds_is_right() => Assert.Equal([], FindFaults());

    [Theory]
    [InlineData("lib/a.dll", null, "lib/a.dll is missing.")]
    [InlineData("lib/a.dll", "other", "lib/a.dll differs from the one in ")]
    [InlineData("lib/b.pdb", "more", "lib/b.pdb is not expected.")]
    [InlineData("Dfss.nuspec", null, "Dfss.nuspec is missing.")]
    [InlineData("Dfss.nuspec", "9.9.9", "Dfss.nuspec says '9.9.9', Dfss.psd1 '0.1.0'.")]
    public void What_is_wrong_in_an_archive_is_named(string file, string? content, string fault) => Assert.StartsWith(
        fault, Assert.Single(FindFaults(file, file == "Dfss.nuspec" && content is not null
            ? Spec.Replace("0.1.0", content, StringComparison.Ordinal)
            : content)),
        StringComparison.Ordinal);

    /// <summary>The faults of an archive in which one file has this content, or is missing.</summary>
    private IEnumerable<string> FindFaults(string? file = null, string? content = null)
    {
        Directory.CreateDirectory(Path.Combine(folder, "lib"));
        File.WriteAllText(Path.Combine(folder, "lib", "a.dll"), "code");
        File.WriteAllText(Path.Combine(folder, "Dfss.psd1"), "@{ }");
        var entries = new Dictionary<string, string?>
        {
            ["lib/a.dll"] = "code",
            ["Dfss.psd1"] = "@{ }",
            ["Dfss.nuspec"] = Spec,
            ["_rels/.rels"] = "",
            ["[Content_Types].xml"] = "",
            ["package/services/metadata/core-properties/1.psmdcp"] = "",
        };
        if (file is not null)
        {
            entries[file] = content;
        }

        string path = Path.Combine(folder, "Dfss.0.1.0.nupkg");
        using (ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            foreach ((string name, string? text) in entries.Where(entry => entry.Value is not null))
            {
                using var writer = new StreamWriter(archive.CreateEntry(name).Open());
                writer.Write(text);
            }
        }

        ScriptBlockAst build = Parser.ParseFile(ModuleSession.RepositoryPath("build.ps1"), out _, out _);
        string function = build.Find(
            node => node is FunctionDefinitionAst { Name: "Compare-Archive" },
            searchNestedScriptBlocks: true)!.Extent.Text;
        using Runspace runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
        runspace.Open();
        using Engine engine = Engine.Create();
        engine.Runspace = runspace;
        engine.AddScript(
            $$"""
            Set-StrictMode -Version Latest
            $ErrorActionPreference = 'Stop'
            $package = '{{folder}}'
            $manifest = [pscustomobject]@{
                Name = 'Dfss'; Version = [version]'0.1.0'
                LicenseUri = [uri]'https://example.org/mit'; Description = 'Files.'
            }
            {{function}}
            Compare-Archive '{{path}}' 'lib/a.dll', 'Dfss.psd1' $manifest
            """);
        return [.. engine.Invoke<string>()];
    }
}
