using System.Globalization;
using System.Management.Automation;
using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests;

/// <summary>
/// The examples of the help that need only the bare engine run, each in a scope, a folder and with peers of its own
/// that ExampleFolder.ps1 makes. They share the session. The others run in the Pester suite.
/// </summary>
[Collection(ModuleSession.OneProcess)]
public sealed partial class HelpExampleTests(ModuleSession session) : IClassFixture<ModuleSession>, IDisposable
{
    private const string FixtureScript = "tests/Dfss.Pester/ExampleFolder.ps1";

    private static readonly string[] Variables = ["XDG_STATE_HOME", "DFSS_CLUSTER_PASSPHRASE", "DFSS_INVITATION"];

    private readonly Dictionary<string, string?> before =
        Variables.ToDictionary(name => name, Environment.GetEnvironmentVariable);

    private readonly string folder = Directory.CreateTempSubdirectory("dfss-help-").FullName;

    public static TheoryData<string, int> Bare =>
        [.. Read().Where(example => example.Kind == "bare").Select(example => (example.Page, example.Line))];

    public void Dispose()
    {
        session.Run("$env:DFSS_PEER = $null; Get-DfssPeer | Stop-DfssPeer; $env:DFSS_HOST = $null");
        session.Run("$null = $ExecutionContext.SessionState.Path.SetLocation('/')");
        foreach ((string name, string? value) in before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Bare))]
    public void An_example_for_the_bare_engine_runs(string page, int line)
    {
        string command = Read().Single(example => example.Page == page && example.Line == line).Command;
        session.Run($"$env:DFSS_HOST = '{ModuleSession.ShellPath}'");
        string cluster = IsOfCluster().IsMatch(command)
            && !command.Contains("New-DfssCluster", StringComparison.Ordinal) ? "-Cluster" : "";
        IReadOnlyList<PSObject> ports =
            session.Run($"& '{ModuleSession.RepositoryPath(FixtureScript)}' '{folder}' {cluster}");
        // Ports that the example starts peers on are free ones; those it only names are the fixture's.
        int[] numbers = StartsPeers().IsMatch(command)
            ? [FreePort.Find(), FreePort.Find()]
            : [.. ports.Select(port => (int)port.BaseObject)];
        string runnable = command
            .Replace("9001", numbers[0].ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("9002", numbers[1].ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

        Exception? failure = Record.Exception(() => session.RunScoped(runnable));

        Assert.True(failure is null, $"{page}.md, line {line}: {failure?.Message}\n{runnable}");
    }

    [Fact]
    public void Every_example_says_what_it_needs() => Assert.All(
        Read(), example => Assert.True(
            example.Kind is "bare" or "pwsh",
            $"{example.Page}.md, line {example.Line}: write ```powershell bare or ```powershell pwsh."));

    [Fact]
    public void No_example_starts_a_peer_on_a_port_that_the_tests_cannot_replace() => Assert.All(
        Read().SelectMany(example => StartsPeers().Matches(example.Command).Select(match => (example, match))),
        start => Assert.True(
            start.match.Groups["port"].Value is "0" or "9001" or "9002",
            $"{start.example.Page}.md, line {start.example.Line}: give -Port 0, 9001 or 9002."));

    private static IReadOnlyList<HelpExample> Read() =>
        HelpExample.ReadAll(ModuleSession.RepositoryPath("docs/cmdlets"));

    [GeneratedRegex("Invitation|(Join|Remove)-DfssCluster|DfssCertificate")]
    private static partial Regex IsOfCluster();

    [GeneratedRegex(@"Start-DfssPeer[^\n]*?(-Port (?<port>\d+)|$)", RegexOptions.Multiline)]
    private static partial Regex StartsPeers();
}
