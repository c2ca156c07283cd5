using System.Management.Automation.Language;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests;

/// <summary>
/// The recipes of docs/cookbook.md: the blocks of a section run in their order, in a folder and with peers of their own
/// that ExampleFolder.ps1 makes, and what the recipe is for is checked. The CI templates have no engine to run in:
/// their scripts are parsed, and their commands looked up. CopyItem.Tests.ps1 runs the recipe that needs a session.
/// </summary>
[Collection(ModuleSession.OneProcess)]
public sealed partial class CookbookTests(ModuleSession session) : IClassFixture<ModuleSession>, IDisposable
{
    /// <summary>Commands before the recipe, commands after it, and what those give.</summary>
    private static readonly Dictionary<string, (string Before, string After, string[] Expected)> Recipes = new()
    {
        ["Back up a folder every night"] = (
            "",
            """
            Get-Hash restored/2025/a.jpg; Get-Hash restored/2026/a.jpg
            [IO.File]::Delete("$PWD/photos/2026/a.jpg")
            $null = & { FIRST }
            (Get-DfssFileInfo backup/*).Name
            """,
            ["photos/2025/a.jpg", "photos/2026/a.jpg", "backup/photos/2025/a.jpg", "backup/photos/2026/a.jpg"]),
        ["Hand over artifacts from one CI job to the next"] = (
            """
            $null = [IO.Directory]::CreateDirectory("$PWD/out")
            [IO.File]::Copy("$PWD/disk1.iso", "$PWD/out/app")
            """,
            "Get-Hash in/app; @(Get-DfssFileInfo ci/*).Count",
            ["disk1.iso", "0"]),
        ["Bring one image to many hosts"] = ("", "Get-Hash vm/base.iso", ["disk1.iso"]),
        ["Read one file out of a stored archive"] = (
            "$null = Send-DfssFile backup.zip -Force", "Get-Hash a.jpg", ["photos/2025/a.jpg"]),
        ["Replace a machine that is lost"] = (
            """
            $third = Start-DfssPeer -InMemory -Port 0
            $env:DFSS_PEER += ",$($third.Endpoint)"
            $null = Send-DfssFile photos -Recurse
            $third | Stop-DfssPeer
            """,
            """
            @(Test-DfssFile *).Where({ -not $_ }).Count
            (Get-DfssFileInfo photos/2025/a.jpg).Peers
            """,
            ["0", "localhost:9001", "localhost:9002", "localhost:9003"]),
        ["Move everything to new machines"] = (
            "",
            """
            Get-DfssPeer -Peer localhost:9001, localhost:9002 | Stop-DfssPeer
            $null = Receive-DfssFile reports/q2.pdf -Destination ./q2.pdf
            Get-Hash q2.pdf
            """,
            ["report.pdf"]),
        ["Test your own script against a cluster with faults"] = ("", "$healthy; $cluster.IsRemoved", ["True", "True"]),
    };

    private readonly string? state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-cookbook-").FullName;

    public static TheoryData<string> Titles => [.. Recipes.Keys];

    public static TheoryData<string> Templates => ["github-actions.yml", "azure-pipelines.yml"];

    public void Dispose()
    {
        session.Run("$env:DFSS_PEER = $null; Get-DfssPeer | Stop-DfssPeer; $env:DFSS_HOST = $null");
        session.Run("$null = $ExecutionContext.SessionState.Path.SetLocation('/')");
        Environment.SetEnvironmentVariable("XDG_STATE_HOME", state);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Titles))]
    public void A_recipe_does_what_it_is_for(string title)
    {
        (string before, string after, string[] expected) = Recipes[title];
        string[] blocks = [.. ReadBlocks().Where(block => block.Title == title).Select(block => block.Script)];
        int[] ports = [.. StartPeers(), FreePort.Find(), FreePort.Find()];
        string script =
            $$"""
            function Get-Hash($Path) {
                [Convert]::ToHexString([Security.Cryptography.SHA256]::HashData([IO.File]::ReadAllBytes("$PWD/$Path")))
            }
            # Stands for a remote session.
            function Invoke-Command([object] $Session, [object[]] $ArgumentList, [scriptblock] $ScriptBlock) {
                & $ScriptBlock @ArgumentList
            }
            {{before}}
            $null = . {
            {{string.Join('\n', blocks)}}
            }
            {{after.Replace("FIRST", blocks[0], StringComparison.Ordinal)}}
            """;
        // An expected path of a local file stands for its hash.
        var hashes = Directory.GetFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(
            path => Path.GetRelativePath(folder, path).Replace('\\', '/'),
            path => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))));

        IEnumerable<string> results = session.RunScoped(Replace(script)).Select(item => item.ToString());

        Assert.Equal(
            expected.Select(text => hashes.TryGetValue(text, out string? hash) ? hash : Replace(text)).Order(),
            results.Order());

        string Replace(string text) => Port().Replace(text, match => $"{ports[match.Value[^1] - '1']}");
    }

    [Fact]
    public void Every_block_is_of_a_recipe_that_a_test_runs()
    {
        Assert.Equal(Recipes.Keys.Order(), ReadBlocks().Select(block => block.Title).Distinct().Order());
        string[] kinds = [.. Fence().Matches(ReadText()).Select(match => match.Groups["kind"].Value).Distinct()];
        Assert.Equal(["powershell bare", "powershell pwsh", "text"], kinds.Where(kind => kind.Length > 0).Order());
    }

    [Theory]
    [MemberData(nameof(Templates))]
    public void A_template_for_CI_has_scripts_that_parse_and_commands_that_exist(string name)
    {
        string path = ModuleSession.RepositoryPath($"examples/ci/{name}");
        string text = File.ReadAllText(path).ReplaceLineEndings("\n");
        MatchCollection scripts = Script().Matches(text);
        Assert.NotEmpty(scripts);
        var commands = new List<CommandAst>();
        foreach (Match match in scripts)
        {
            string script = match.Groups["line"].Success
                ? match.Groups["line"].Value
                : match.Groups["block"].Value;
            ScriptBlockAst ast = Parser.ParseInput(script, out _, out ParseError[] errors);
            Assert.Equal([], errors.Select(error => error.Message));
            commands.AddRange(ast.FindAll(node => node is CommandAst, searchNestedScriptBlocks: true)
                .Cast<CommandAst>()
                .Where(command => command.GetCommandName().Contains("-Dfss", StringComparison.Ordinal)));
        }

        Assert.Equal(
            ["Receive-DfssFile", "Remove-DfssFile", "Send-DfssFile"],
            commands.Select(command => command.GetCommandName()).Order());
        Assert.All(commands, command => Assert.Subset(
            session.Run($"(Get-Command {command.GetCommandName()}).Parameters.Keys")
                .Select(key => key.ToString()).ToHashSet(),
            command.CommandElements.OfType<CommandParameterAst>().Select(parameter => parameter.ParameterName)
                .ToHashSet()));
    }

    /// <summary>Makes the files and two peers; gives their ports.</summary>
    private IEnumerable<int> StartPeers()
    {
        session.Run($"$env:DFSS_HOST = '{ModuleSession.ShellPath}'");
        string fixture = ModuleSession.RepositoryPath("tests/Dfss.Pester/ExampleFolder.ps1");
        return session.Run($"& '{fixture}' '{folder}'").Select(port => (int)port.BaseObject);
    }

    private static string ReadText() =>
        File.ReadAllText(ModuleSession.RepositoryPath("docs/cookbook.md")).ReplaceLineEndings("\n");

    private static IEnumerable<(string Title, string Script)> ReadBlocks() =>
        from section in ReadText().Split("\n## ").Skip(1)
        from block in HelpExample.Read(section)
        where block.Groups["kind"].Value == "bare"
        select (section[..section.IndexOf('\n', StringComparison.Ordinal)], block.Groups["command"].Value);

    [GeneratedRegex("900[1-4]")]
    private static partial Regex Port();

    [GeneratedRegex("^```(?<kind>.*)$", RegexOptions.Multiline)]
    private static partial Regex Fence();

    /// <summary>A script of a step: on the line itself, or the lines below it that are indented deeper.</summary>
    [GeneratedRegex(
        @"^(?<indent> *)(- )?(run|pwsh): (\|\n(?<block>(\k<indent> {2,}.*\n|\n)+)|(?<line>[^|\n]+)$)",
        RegexOptions.Multiline)]
    private static partial Regex Script();
}
