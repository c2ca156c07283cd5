using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>
/// A tree goes to the store and comes back by the documented commands, and what is different is what the help of
/// Send-DfssFile states, and nothing else.
/// </summary>
public sealed class TreeRoundTripTests : IDisposable
{
    private const string CountVariable = "DFSS_TREE_FILES";
    private const int DefaultCount = 150;

    /// <summary>Names that are sent as they are.</summary>
    private static readonly string[] OddNames =
    [
        "plain", "a b", "[1]", "a*b", "q?", "$x", "`tick`", "'q'", "\"dq\"", "#hash", "%41", "a;b", "a&b", "-dash", "~",
        "ünïcode", "日本", "🙂", ".hidden", "a.b.c", "COM1", "x:y", "trailing.", "UPPER", "upper", "...",
    ];

    private readonly TemporaryFolder folder = new();
    private readonly Session session = new();
    private readonly Random random = new(14);

    public TreeRoundTripTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        session.Run("$peers = foreach ($number in 1..2) { Start-DfssPeer -InMemory -Port 0 }").ThrowIfFailed();
    }

    private static int Count => int.TryParse(
        Environment.GetEnvironmentVariable(CountVariable), NumberStyles.None, CultureInfo.InvariantCulture,
        out int count) ? count : DefaultCount;

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_tree_comes_back_with_the_differences_that_the_help_states()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Its names are those of Unix.");
        Dictionary<string, string> expected = MakeTree();
        Result sent = session.Run("Send-DfssFile tree -Recurse -Force -Peer $peers");
        Assert.Equal(
            ["InvalidName", "InvalidName", "PathNotFound"],
            sent.Errors.Select(Result.IdOf).Order(StringComparer.Ordinal));
        Assert.Equal(expected.Count, sent.Output.Count);

        session.Run("Receive-DfssFile tree/* back -RelativeTo tree -Peer $peers").ThrowIfFailed();
        Assert.Equal(Sorted(expected), Sorted(Describe(folder["back"])));
        Assert.Equal(
            expected.Keys.Select(name => Path.GetDirectoryName(name)!).SelectMany(Ancestors).Distinct()
                .Order(StringComparer.Ordinal),
            Directory.EnumerateDirectories(folder["back"], "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(folder["back"], path)).Order(StringComparer.Ordinal));

        Assert.All(
            session.Run("Compare-DfssFile back -Recurse -Force -Prefix tree -Peer $peers").As<DfssFileComparison>(),
            file => Assert.Equal(DfssComparisonState.Same, file.State));
        Assert.All(
            session.Run(
                "Send-DfssFile back -Recurse -Force -Prefix tree -SkipUnchanged -Peer $peers").As<DfssFileInfo>(),
            file => Assert.True(file.Skipped, file.Name));
    }

    /// <summary>Makes a tree, and gives what must come back: path, and content, time and mode.</summary>
    private Dictionary<string, string> MakeTree()
    {
        for (int number = 0; number < Count; number++)
        {
            string name = OddNames[number % OddNames.Length] + (number < OddNames.Length ? "" : $" {number}");
            Write(Path.Combine($"d{number % 7}", number % 3 == 0 ? ".h" : "v", name),
                random.Next(3) == 0 ? 0 : random.Next(9000));
        }

        Write("large", 3 << 20);
        Directory.CreateDirectory(folder["tree", "empty", "deeper"]);
        Dictionary<string, string> expected = Describe(folder["tree"]);

        // A link to a file is the file; one to a folder is passed over, as is a FIFO.
        File.CreateSymbolicLink(folder["tree", "link"], folder["tree", "large"]);
        Directory.CreateSymbolicLink(folder["tree", "d0", "loop"], folder["tree"]);
        expected["link"] = expected["large"];
        SystemTool.Run("mkfifo", [folder["tree", "fifo"]]);

        // Each of these is an error.
        File.CreateSymbolicLink(folder["tree", "dangling"], "nowhere");
        File.WriteAllText(folder["tree", "back\\slash"], "x");
        File.WriteAllText(folder["tree", "space "], "x");

        // Stored in NFC.
        File.WriteAllText(folder["tree", "e\u0301"], "x");
        expected["\u00e9"] = Describe(folder["tree"])["e\u0301"];
        return expected;
    }

    private void Write(string name, int length)
    {
        string path = folder["tree", name];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        byte[] content = new byte[length];
        random.NextBytes(content);
        File.WriteAllBytes(path, content);
        File.SetUnixFileMode(path, (UnixFileMode)(0x180 | random.Next(0x80)));
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddTicks(random.NextInt64(2_000_000_000L * 10_000_000)));
    }

    private static Dictionary<string, string> Describe(string root) => Directory
        .EnumerateFiles(
            root, "*",
            new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
        .Where(path => Path.GetFileName(path) is not ("fifo" or "back\\slash" or "space "))
        .ToDictionary(path => Path.GetRelativePath(root, path), path =>
        {
            var text = new StringBuilder(Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))));
            text.Append(' ').Append(File.GetLastWriteTimeUtc(path).Ticks).Append(' ')
                .Append(File.GetUnixFileMode(path));
            return text.ToString();
        });

    private static IEnumerable<string> Ancestors(string path)
    {
        for (; path.Length > 0; path = Path.GetDirectoryName(path)!)
        {
            yield return path;
        }
    }

    private static IEnumerable<string> Sorted(Dictionary<string, string> files) =>
        files.Select(file => $"{file.Key} {file.Value}").Order(StringComparer.Ordinal);
}
