using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Files;

public sealed class LocalNameTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("a.txt")]
    [InlineData("a/b/c d [1].txt")]
    [InlineData("über/文件")]
    [InlineData("...")]
    public void A_name_becomes_a_path_below_the_folder(string name) =>
        Assert.Equal(Path.Combine(folder, Path.Combine(name.Split('/'))), LocalName.Combine(folder, name));

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("C:\\x")]
    [InlineData("\\\\server\\share\\x")]
    [InlineData("a\0b")]
    public void A_name_that_could_lead_elsewhere_is_refused(string name)
    {
        DfssException refusal = Assert.Throws<DfssException>(() => LocalName.Combine(folder, name));
        Assert.Equal(DfssErrorCode.InvalidName, refusal.Code);
    }

    [Theory]
    [InlineData("C:x")]
    [InlineData("file:stream")]
    [InlineData("CON")]
    [InlineData("nul.txt")]
    [InlineData("a/com1")]
    [InlineData("LPT\u00b9.log")]
    [InlineData("COM0")]
    [InlineData("con .txt")]
    [InlineData("conout$")]
    [InlineData("ends with dot.")]
    [InlineData("ends with space ")]
    [InlineData("what?")]
    [InlineData("a|b")]
    public void What_Windows_reads_otherwise_is_refused_there_and_only_there(string name)
    {
        DfssException refusal = Assert.Throws<DfssException>(() => LocalName.Combine(folder, name, isWindows: true));
        Assert.Equal(DfssErrorCode.InvalidName, refusal.Code);
        Assert.StartsWith(folder, LocalName.Combine(folder, name, isWindows: false), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("console.txt")]
    [InlineData("com10")]
    [InlineData("common/auxiliary")]
    [InlineData(".hidden")]
    public void Harmless_names_are_taken_on_Windows(string name) =>
        Assert.StartsWith(folder, LocalName.Combine(folder, name, isWindows: true), StringComparison.Ordinal);

    [Fact]
    public void A_link_on_the_way_is_refused()
    {
        string outside = Directory.CreateTempSubdirectory("dfss-outside-").FullName;
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(folder, "link"), outside);
            DfssException refusal = Assert.Throws<DfssException>(() => LocalName.Combine(folder, "link/x"));
            Assert.Equal(DfssErrorCode.InvalidName, refusal.Code);
        }
        finally
        {
            Directory.Delete(outside);
        }
    }

    [Fact]
    public void Whether_a_folder_ignores_case_is_found_and_nothing_is_left_there()
    {
        File.WriteAllText(Path.Combine(folder, "probe"), string.Empty);
        bool ignoresCase = File.Exists(Path.Combine(folder, "PROBE"));
        Assert.Equal(ignoresCase, LocalName.IgnoresCase(folder));
        Assert.Single(Directory.GetFileSystemEntries(folder));
    }
}
