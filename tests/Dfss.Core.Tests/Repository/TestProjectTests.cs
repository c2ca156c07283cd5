using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>What the programs below tests/ have in common.</summary>
public sealed partial class TestProjectTests
{
    private const string Continuous = ".ci/run";

    /// <summary>
    /// Loading Dfss.Testing sets the state folder. A program that does not link the initializer into its own assembly
    /// loads Dfss.Testing at some later moment: the peers it started before have their tokens in another folder than
    /// its later commands look in.
    /// </summary>
    [Fact]
    public void Each_program_has_a_state_folder_of_its_own_from_its_start() => RepositoryFiles.AssertNone(
        RepositoryFiles.List("tests", ".csproj")
            .Where(path => !path.EndsWith("/Dfss.Testing.csproj", StringComparison.Ordinal))
            .Where(path => UsesTesting().IsMatch(RepositoryFiles.ReadText(path)))
            .Where(
                path => !RepositoryFiles.ReadText(path)
                    .Contains("Dfss.Testing/OwnStateFolder.cs", StringComparison.Ordinal))
            .Select(path => $"{path} does not link Dfss.Testing/OwnStateFolder.cs."));

    [Fact]
    public void Each_benchmark_runs_in_continuous_integration()
    {
        string[] benchmarks = [.. BenchmarkCase().Matches(RepositoryFiles.ReadText("tests/Dfss.Benchmarks/Program.cs"))
            .Select(match => match.Groups["name"].Value)];
        Assert.Contains("compare", benchmarks);
        string script = RepositoryFiles.ReadText(Continuous);
        RepositoryFiles.AssertNone(
            benchmarks
                .Where(name => !Regex.IsMatch(script, $@"^\s*(begin_)?benchmark {name}\b", RegexOptions.Multiline))
                .Select(name => $"{Continuous} does not run the benchmark {name}."));
    }

    /// <summary>
    /// The classes of the cmdlet tests run side by side in one process, and Get-DfssPeer lists the peers of all of
    /// them.
    /// </summary>
    [Fact]
    public void No_test_of_the_cmdlets_stops_the_peers_of_other_tests() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.List("tests/Dfss.PowerShell.Tests", ".cs")
        from line in RepositoryFiles.ReadCode(path)
        where StopsAll().IsMatch(line.Code)
        select $"{path}:{line.Number}: stops every peer of the process. Stop those that the test has started");

    [GeneratedRegex(@"Get-DfssPeer\s*\|\s*Stop-DfssPeer")]
    private static partial Regex StopsAll();

    [GeneratedRegex(@"<ProjectReference Include=""[^""]*Dfss\.Testing\.csproj""|Microsoft\.NET\.Test\.Sdk")]
    private static partial Regex UsesTesting();

    [GeneratedRegex(@"case \[""(?<name>\w+)""")]
    private static partial Regex BenchmarkCase();
}
