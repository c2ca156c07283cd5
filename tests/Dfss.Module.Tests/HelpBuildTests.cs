using System.Diagnostics;
using System.Xml.Linq;
using Xunit;

namespace Dfss.Tests;

/// <summary>
/// The build step of the help: it names every defect of the pages with file and line, and writes nothing then.
/// </summary>
public sealed class HelpBuildTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-help-").FullName;

    public HelpBuildTests()
    {
        Directory.CreateDirectory(Pages);
        foreach (string page in Directory.GetFiles(ModuleSession.RepositoryPath("docs/cmdlets"), "*.md"))
        {
            File.Copy(page, Path.Combine(Pages, Path.GetFileName(page)));
        }
    }

    private string Pages => Path.Combine(folder, "pages with a space");

    private string Output => Path.Combine(folder, "out");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Good_pages_give_the_files_that_the_module_has()
    {
        Assert.Equal([], Run());

        Assert.Equal(
            Directory.GetFiles(Path.Combine(ModuleSession.Folder, "en-US")).Select(Path.GetFileName).Order(),
            Directory.GetFiles(Output).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void The_help_of_the_provider_lies_beside_its_assembly_with_machine_code_and_without()
    {
        Assert.Equal([], Run());
        string made = Assert.Single(Directory.GetFiles(Path.Combine(Output, "provider")));
        string[] assemblies = Directory.GetFiles(
            Path.Combine(ModuleSession.Folder, "lib"), "Dfss.PowerShell.dll", SearchOption.AllDirectories);
        Assert.NotEmpty(assemblies);
        Assert.All(assemblies, assembly => Assert.Equal(
            File.ReadAllText(made),
            File.ReadAllText(Path.Combine(Path.GetDirectoryName(assembly)!, "en-US", Path.GetFileName(made)))));
    }

    [Fact]
    public void Every_defect_is_named_with_its_page_and_line()
    {
        File.Delete(PathOf("Stop-DfssPeer"));
        File.WriteAllText(PathOf("Watch-DfssFile"), "# Watch-DfssFile");
        Edit("Send-DfssFile", text => text
            .Replace("### -Force", "### -Frce", StringComparison.Ordinal)
            .Replace(
                "Sends files to peers, which store each under a name.", "{{ Fill in the synopsis }}",
                StringComparison.Ordinal)
            .Replace("[[-Name] <string>]", "[-Name <string>]", StringComparison.Ordinal)
            .Replace("```powershell pwsh", "```powershell", StringComparison.Ordinal));
        Edit("Get-DfssPeer", text => text[..text.IndexOf("### Example 3", StringComparison.Ordinal)]
            + text[text.IndexOf("## PARAMETERS", StringComparison.Ordinal)..]);
        Edit("Get-DfssFileInfo",
            text => text.Replace("### System.String", "### System.Int32", StringComparison.Ordinal));
        Edit("about_Dfss", text => text.Replace("## SEE ALSO", "## SEE", StringComparison.Ordinal));

        string[] errors = Run();

        AssertError(errors, "Stop-DfssPeer", "", "has no page");
        AssertError(errors, "Watch-DfssFile", "", "no cmdlet of this name");
        AssertError(errors, "Send-DfssFile", "## PARAMETERS", "a parameter -Force, which is not described");
        AssertError(errors, "Send-DfssFile", "### -Frce", "no parameter of its own '-Frce'");
        AssertError(errors, "Send-DfssFile", "{{ Fill in the synopsis }}", "placeholder");
        AssertError(errors, "Send-DfssFile", "## SYNTAX", "differs from the code");
        AssertError(errors, "Send-DfssFile", "### Example 4", "one block of code");
        AssertError(errors, "Get-DfssPeer", "## EXAMPLES", "2 examples");
        AssertError(errors, "Get-DfssFileInfo", "## INPUTS", "must be: System.String");
        AssertError(errors, "about_Dfss", "", "'SEE ALSO' is missing");
        Assert.False(Directory.Exists(Output));
    }

    [Fact]
    public void The_syntax_is_written_on_request_and_nothing_else_is_touched()
    {
        string before = File.ReadAllText(PathOf("Send-DfssFile"));
        Edit("Send-DfssFile", text => text.Replace("[[-Name] <string>]", "", StringComparison.Ordinal));

        Assert.Equal([], Run("--update"));

        Assert.Equal(before, File.ReadAllText(PathOf("Send-DfssFile")));
    }

    [Fact]
    public void No_character_of_the_prose_is_lost()
    {
        Edit("about_Dfss_Drive", text => text.Replace(
            "## SEE ALSO",
            "Of '[', ']', '*', '_', '~', '|', '<', '!', `[a]`, `*`, and `` ` `` none [is] lost ![here.\n\n## SEE ALSO",
            StringComparison.Ordinal));

        Assert.Equal([], Run());

        string shown = string.Join(' ', File.ReadAllText(Path.Combine(Output, "about_Dfss_Drive.help.txt"))
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(
            "Of '[', ']', '*', '_', '~', '|', '<', '!', [a], *, and ` none [is] lost ![here.", shown,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Each_page_below_the_site_is_what_Get_Help_Online_opens()
    {
        Assert.Equal([], Run("--site=https://example.org/docs/cmdlets"));

        string file = Path.Combine(Output, "Dfss.PowerShell.dll-Help.xml");
        XNamespace maml = "http://schemas.microsoft.com/maml/2004/10";
        XNamespace command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
        var addresses = XDocument.Load(file).Descendants(command + "command").ToDictionary(
            help => help.Descendants(command + "name").First().Value,
            help => help.Descendants(maml + "uri").Select(uri => uri.Value).First(value => value.Length > 0));
        Assert.Equal(
            Directory.GetFiles(Pages, "*-*.md").Select(Path.GetFileName).Order(),
            addresses.Keys.Select(name => $"{name}.md").Order());
        Assert.All(addresses, pair => Assert.Equal($"https://example.org/docs/cmdlets/{pair.Key}.md", pair.Value));
    }

    private string PathOf(string page) => Path.Combine(Pages, $"{page}.md");

    private void Edit(string page, Func<string, string> change)
    {
        string text = File.ReadAllText(PathOf(page)).ReplaceLineEndings("\n");
        string changed = change(text);
        Assert.NotEqual(text, changed);
        File.WriteAllText(PathOf(page), changed);
    }

    /// <summary>An error at the first line that starts with a text; at line 1 without one.</summary>
    private void AssertError(string[] errors, string page, string line, string message)
    {
        int number = line.Length == 0 ? 1 : Array.FindIndex(
            File.ReadAllLines(PathOf(page)), text => text.StartsWith(line, StringComparison.Ordinal)) + 1;
        string start = FormattableString.Invariant($"{PathOf(page)}({number}): error DFSSHELP: ");
        Assert.True(
            Array.Exists(errors, error => error.StartsWith(start, StringComparison.Ordinal)
                && error.Contains(message, StringComparison.Ordinal)),
            $"No '{message}' at {start}\n{string.Join('\n', errors)}");
    }

    private string[] Run(params string[] options)
    {
        using Process process = Process.Start(new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [ModuleSession.HelpProgramPath, Path.Combine(ModuleSession.Folder, "lib", "Dfss.PowerShell.dll"), Pages,
                Output, .. options])
        {
            RedirectStandardError = true,
        })!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        string[] errors = said.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(errors.Length == 0 ? 0 : 1, process.ExitCode);
        return errors;
    }
}
