using System.Reflection;
using System.Xml.Linq;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>The public API of Core is listed in a file, so that a change of it is visible in its commit.</summary>
public sealed class PublicApiTests
{
    private const string ListPath = "docs/PublicApi.txt";

    /// <summary>Set to any value, the list is written instead of compared.</summary>
    private const string UpdateVariable = "DFSS_UPDATE_PUBLIC_API";

    private static readonly Assembly Core = typeof(ChunkId).Assembly;

    [Fact]
    public void The_public_types_and_members_of_Core_are_those_listed()
    {
        string[] actual =
            [.. Core.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal).SelectMany(Describe)];
        string path = Path.Combine(RepositoryFiles.Root, ListPath);
        if (Environment.GetEnvironmentVariable(UpdateVariable) is { Length: > 0 })
        {
            File.WriteAllText(path, string.Join('\n', actual) + "\n");
        }

        string[] listed = File.Exists(path) ? File.ReadAllLines(path) : [];
        string[] added = [.. actual.Except(listed).Select(line => "+ " + line)];
        string[] removed = [.. listed.Except(actual).Select(line => "- " + line)];
        Assert.True(
            added.Length + removed.Length == 0,
            $"{ListPath} is not what Core offers. If that is meant: {UpdateVariable}=1 dotnet test "
                + $"tests/Dfss.Core.Tests " +
            $"--filter PublicApiTests, and commit it.\n{string.Join('\n', [.. added, .. removed])}");
    }

    [Fact]
    public void Every_public_type_of_Core_is_documented()
    {
        XDocument documentation = XDocument.Load(Path.ChangeExtension(Core.Location, ".xml"));
        Dictionary<string, string> summaries = documentation.Descendants("member").ToDictionary(
            member => member.Attribute("name")!.Value,
            member => member.Element("summary")?.Value.Trim() ?? string.Empty);

        Assert.All(Core.GetExportedTypes(), type =>
            Assert.False(
                string.IsNullOrEmpty(summaries.GetValueOrDefault("T:" + type.FullName!.Replace('+', '.'))),
                type.FullName));
    }

    private static IEnumerable<string> Describe(Type type)
    {
        const BindingFlags Declared =
            BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        yield return type.FullName!;
        IEnumerable<string> members = type.GetMembers(Declared)
            .Where(member => member is not MethodInfo { IsSpecialName: true } and not Type)
            .Where(member => !member.Name.Contains('<', StringComparison.Ordinal) && member.Name != "value__")
            .Select(
                member => type.IsEnum ? $"{member.Name} = {(int)Enum.Parse(type, member.Name)}" : member.ToString()!)
            .Order(StringComparer.Ordinal);
        foreach (string member in members)
        {
            yield return $"{type.FullName}: {member}";
        }
    }
}
