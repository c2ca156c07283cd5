using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>Who may see whom, as docs/architecture.md draws it.</summary>
public sealed partial class LayeringTests
{
    private const string Core = "src/Dfss.Core";

    /// <summary>The rooms of Core, and which others each may use. All may use the root namespace, which uses none.</summary>
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        [""] = [],
        ["Protocol"] = [],
        ["Encryption"] = [],
        ["Records"] = [],
        ["Security"] = ["Protocol", "Encryption", "Storage"],
        ["Transport"] = ["Protocol", "Security"],
        ["Storage"] = ["Records"],
        ["Transfer"] = ["Transport", "Storage", "Protocol", "Records", "Security", "Encryption"],
        ["Peers"] = ["Transport", "Storage", "Protocol", "Records", "Security"],
    };

    /// <summary>No I/O below Transport and Storage: only bytes and rules, so that a seeded scheduler can run them.</summary>
    private static readonly string[] InputOutput =
        ["System.Net", "System.IO.File", "File.", "Directory.", "Socket", "FileStream", "SqliteConnection", "Task.Delay"];

    [Fact]
    public void Every_file_of_Core_is_in_a_room_and_in_its_namespace() =>
        Assert.All(RepositoryFiles.List(Core, ".cs"), path =>
        {
            string room = RoomOf(path);
            Assert.Contains(room, MayUse);
            Assert.Contains($"namespace {(room.Length == 0 ? "Dfss" : "Dfss." + room)};", RepositoryFiles.ReadLines(path));
        });

    [Fact]
    public void No_room_of_Core_sees_one_that_it_may_not_see() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.List(Core, ".cs")
        from line in RepositoryFiles.ReadCode(path)
        from Match match in RoomReference().Matches(line.Code)
        let seen = match.Groups["room"].Value
        where !line.Code.StartsWith("namespace ", StringComparison.Ordinal)
            && seen != RoomOf(path) && MayUse.ContainsKey(seen) && !MayUse[RoomOf(path)].Contains(seen)
        select $"{path}:{line.Number}: {RoomOf(path)} may not see {seen}");

    [Fact]
    public void Protocol_Records_and_Encryption_do_no_input_or_output() => RepositoryFiles.AssertNone(
        from room in new[] { "Protocol", "Records", "Encryption" }
        from path in RepositoryFiles.List($"{Core}/{room}", ".cs")
        from line in RepositoryFiles.ReadCode(path)
        from token in InputOutput
        where Regex.IsMatch(line.Code, @"(?<![\w.])" + Regex.Escape(token))
        select $"{path}:{line.Number}: {token} in {room}, which does no I/O");

    [Fact]
    public void Core_knows_nothing_of_PowerShell() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.List(Core, ".cs", ".csproj")
        from line in RepositoryFiles.ReadLines(path)
        where line.Contains("System.Management.Automation", StringComparison.Ordinal)
            || line.Contains("PowerShellStandard", StringComparison.Ordinal)
        select $"{path}: {line.Trim()}");

    [Fact]
    public void Only_the_cmdlets_use_Core() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.List("src", ".csproj")
        where !path.StartsWith("src/Dfss.PowerShell/", StringComparison.Ordinal)
        from line in RepositoryFiles.ReadLines(path)
        where line.Contains("Dfss.Core.csproj", StringComparison.Ordinal)
        select $"{path}: {line.Trim()}");

    private static string RoomOf(string path)
    {
        string[] parts = path.Split('/');
        return parts.Length > 3 ? parts[2] : string.Empty;
    }

    [GeneratedRegex(@"(?<![\w.""])(?:Dfss\.)?(?<room>Protocol|Encryption|Records|Security|Transport|Storage|Transfer|Peers)(?=\.[A-Z]|;)")]
    private static partial Regex RoomReference();
}
