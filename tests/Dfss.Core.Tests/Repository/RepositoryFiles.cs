using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>The text of the repository: what a person wrote, without what a build made.</summary>
internal static class RepositoryFiles
{
    private static readonly string[] Generated =
        [".git", ".vs", ".idea", "bin", "obj", "lib", "en-US", "artifacts", "TestResults", "BenchmarkDotNet.Artifacts"];

    public static string Root { get; } = FindRoot();

    /// <summary>Paths relative to the root, with '/', in ordinal order.</summary>
    /// <param name="folder">Below which to look; empty for all.</param>
    /// <param name="extensions">How the names end.</param>
    public static IReadOnlyList<string> List(string folder, params string[] extensions)
    {
        string[] found = [.. Walk(new DirectoryInfo(Path.Combine(Root, folder)))
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => extensions.Any(extension => path.EndsWith(extension, StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal)];
        Assert.NotEmpty(found);
        return found;
    }

    public static string[] ReadLines(string path) => File.ReadAllLines(Path.Combine(Root, path));

    public static string ReadText(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>The lines of code of a file with their numbers: comments and what follows // are left out.</summary>
    public static IEnumerable<(int Number, string Code)> ReadCode(string path) => ReadLines(path)
        .Select((line, index) => (Number: index + 1, Code: WithoutComment(line)))
        .Where(line => line.Code.Length > 0);

    /// <summary>Fails with every breach, not only with the first.</summary>
    public static void AssertNone(IEnumerable<string> breaches)
    {
        string[] all = [.. breaches];
        Assert.True(all.Length == 0, $"{all.Length} found:\n{string.Join('\n', all)}");
    }

    private static string WithoutComment(string line)
    {
        // "://" is an address inside a string, not a comment.
        int start = line.IndexOf("//", StringComparison.Ordinal);
        return (start < 0 || (start > 0 && line[start - 1] == ':') ? line : line[..start]).Trim();
    }

    private static IEnumerable<string> Walk(DirectoryInfo folder) =>
        folder.EnumerateFiles().Select(file => file.FullName)
            .Concat(folder.EnumerateDirectories().Where(child => !Generated.Contains(child.Name)).SelectMany(Walk));

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Dfss.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("No folder above the tests has Dfss.sln.");
    }
}
