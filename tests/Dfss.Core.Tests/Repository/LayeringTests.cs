using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>Which room may use which, as docs/architecture.md draws it.</summary>
public sealed partial class LayeringTests
{
    private const string Core = "src/Dfss.Core";

    /// <summary>
    /// The rooms of Core, and which others each may use. All may use the root namespace, which uses none.
    /// </summary>
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        [""] = [],
        ["Hashing"] = [],
        ["Protocol"] = [],
        ["Encryption"] = [],
        ["Records"] = [],
        ["Security"] = ["Protocol", "Encryption", "Storage"],
        ["Transport"] = ["Protocol", "Security"],
        ["Storage"] = ["Records", "Hashing"],
        ["Clusters"] = ["Transport", "Storage", "Protocol", "Security"],
        ["Transfer"] = ["Transport", "Storage", "Protocol", "Records", "Security", "Encryption", "Clusters", "Hashing"],
        ["Peers"] = ["Transport", "Storage", "Protocol", "Records", "Security", "Clusters"],
        ["Faults"] = ["Peers", "Transport", "Storage", "Security"],
    };

    /// <summary>
    /// The folders of a room, and which others of the room each may use. A folder may use what lies at its room's root,
    /// the room's own types, and the root may use every folder.
    /// </summary>
    private static readonly Dictionary<string, Dictionary<string, string[]>> FoldersMayUse = new()
    {
        ["Transfer"] = new()
        {
            ["Local"] = [],
            ["Remote"] = [],
            ["Naming"] = ["Remote"],
            ["Reading"] = ["Remote", "Naming"],
            ["Sending"] = ["Remote", "Naming", "Reading", "Local"],
            ["Receiving"] = ["Remote", "Naming", "Reading", "Local"],
            ["Upkeep"] = ["Remote", "Naming", "Reading"],
            ["Health"] = ["Upkeep"],
            ["Editing"] = ["Remote", "Naming", "Reading", "Sending", "Receiving", "Upkeep"],
            ["Tracking"] = ["Sending", "Receiving"],
            ["Copying"] = ["Local", "Naming", "Reading", "Sending", "Receiving"],
        },
        ["Storage"] = new()
        {
            ["Contracts"] = [],
            ["Disk"] = [],
            ["Segments"] = ["Contracts", "Disk"],
            ["Chunks"] = ["Contracts", "Disk", "Segments"],
            ["Registers"] = ["Contracts", "Disk"],
            ["Maintenance"] = ["Contracts", "Disk", "Chunks", "Registers"],
            ["Memory"] = ["Contracts", "Disk", "Chunks", "Registers"],
            ["Objects"] = ["Contracts", "Disk", "Registers", "Maintenance"],
        },
        ["Peers"] = new() { ["Requests"] = [], ["Sessions"] = ["Requests"] },
        ["Transport"] = new() { ["Connections"] = [], ["Memory"] = [], ["Channels"] = ["Connections", "Memory"] },
        ["Clusters"] = new() { ["Member"] = [], ["Issuer"] = ["Member"] },
    };

    /// <summary>
    /// No I/O below Transport and Storage: only bytes and rules, so that a seeded scheduler can run them.
    /// </summary>
    private static readonly string[] InputOutput =
        ["System.Net", "System.IO.File", "File.", "Directory.", "Socket", "FileStream", "SqliteConnection",
            "Task.Delay"];

    [Fact]
    public void Every_file_of_Core_is_in_a_room_and_in_its_namespace() =>
        Assert.All(RepositoryFiles.List(Core, ".cs"), path =>
        {
            string room = RoomOf(path);
            Assert.Contains(room, MayUse);
            Assert.Contains(
                $"namespace {(room.Length == 0 ? "Dfss" : "Dfss." + room)};", RepositoryFiles.ReadLines(path));
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
    public void Every_folder_of_a_room_has_its_place_in_the_order() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.List(Core, ".cs")
        let folder = FolderOf(path)
        where folder.Length > 0 && !(FoldersMayUse.TryGetValue(RoomOf(path), out Dictionary<string, string[]>? folders)
            && folders.ContainsKey(folder))
        select $"{path}: say in {nameof(FoldersMayUse)} which folders of {RoomOf(path)} {folder} may use");

    [Theory]
    [InlineData("Transfer")]
    [InlineData("Storage")]
    [InlineData("Peers")]
    [InlineData("Transport")]
    [InlineData("Clusters")]
    public void No_folder_of_a_room_uses_one_that_it_may_not_use(string room)
    {
        Dictionary<string, string> folderOfType = new(
            from path in RepositoryFiles.List($"{Core}/{room}", ".cs")
            where FolderOf(path).Length > 0
            from line in RepositoryFiles.ReadCode(path)
            from Match type in TypeDeclaration().Matches(line.Code)
            group FolderOf(path) by type.Groups["type"].Value into parts
            select KeyValuePair.Create(parts.Key, parts.First()));
        Assert.True(folderOfType.Count > 4, $"Only {folderOfType.Count} types were found in the folders of {room}.");
        RepositoryFiles.AssertNone(
            from path in RepositoryFiles.List($"{Core}/{room}", ".cs")
            let folder = FolderOf(path)
            where folder.Length > 0
            from line in RepositoryFiles.ReadCode(path)
            from Match name in TypeName().Matches(Literal().Replace(line.Code, string.Empty))
            let other = folderOfType.GetValueOrDefault(name.Value, folder)
            where other != folder && !FoldersMayUse[room][folder].Contains(other)
            select $"{path}:{line.Number}: {room}/{folder} may not use {name.Value} of {room}/{other}");
    }

    [Fact]
    public void Protocol_Records_Encryption_and_Hashing_do_no_input_or_output() => RepositoryFiles.AssertNone(
        from room in new[] { "Protocol", "Records", "Encryption", "Hashing" }
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
    public void Only_the_cmdlets_their_feedback_and_the_store_on_S3_use_Core() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.List("src", ".csproj")
        where !path.StartsWith("src/Dfss.PowerShell/", StringComparison.Ordinal)
            && !path.StartsWith("src/Dfss.Feedback/", StringComparison.Ordinal)
            && !path.StartsWith("src/Dfss.Storage.S3/", StringComparison.Ordinal)
        from line in RepositoryFiles.ReadLines(path)
        where line.Contains("Dfss.Core.csproj", StringComparison.Ordinal)
        select $"{path}: {line.Trim()}");

    private static string RoomOf(string path)
    {
        string[] parts = path.Split('/');
        return parts.Length > 3 ? parts[2] : string.Empty;
    }

    private static string FolderOf(string path)
    {
        string[] parts = path.Split('/');
        return parts.Length > 4 ? parts[3] : string.Empty;
    }

    [Fact]
    public void Only_the_store_on_S3_uses_the_client_of_its_engines() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.List("src", ".csproj", ".cs")
        where !path.StartsWith("src/Dfss.Storage.S3/", StringComparison.Ordinal)
        from line in RepositoryFiles.ReadLines(path)
        where line.Contains("AWSSDK", StringComparison.Ordinal)
            || line.Contains("using Amazon", StringComparison.Ordinal)
        select $"{path}: {line.Trim()}");

    [GeneratedRegex(
        "^(?:public|internal) (?:sealed |static |abstract |partial |readonly )*"
            + @"(?:class|record struct|record|struct|enum|interface) (?<type>\w+)")]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"(?<![\w.])[A-Z]\w+")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"""[^""]*""")]
    private static partial Regex Literal();

    [GeneratedRegex(
        @"(?<![\w.""])(?:Dfss\.)?(?<room>Hashing|Protocol|Encryption|Records|Security|Transport|Storage|Clusters|Transfer|Peers)(?=\.[A-Z]|;)")]
    private static partial Regex RoomReference();
}
