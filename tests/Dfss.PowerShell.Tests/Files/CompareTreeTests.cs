using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>Compare-DfssFile -Recurse.</summary>
public sealed class CompareTreeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Session session = new();

    public CompareTreeTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        session.Run("$peer = Start-DfssPeer -InMemory -Port 0; $key = New-DfssEncryptionKey").ThrowIfFailed();
        foreach (string name in new[] { "t/same", "t/changed", "t/gone", "t/sub/gone", "t/sub/same", "t/.hidden" })
        {
            Write(name, name);
        }

        foreach (string rest in new[] { string.Empty, " -Prefix p", " -Prefix h -HiddenName -EncryptionKey $key" })
        {
            session.Run($"Send-DfssFile t -Recurse -Force -Peer $peer{rest}").ThrowIfFailed();
        }

        session.Run("Send-DfssFile t/same -Name tt -Peer $peer").ThrowIfFailed();
        File.Delete(folder["t", "gone"]);
        File.Delete(folder["t", "sub", "gone"]);
        File.Delete(folder["t", ".hidden"]);
        Write("t/changed", "other");
        Write("t/new", string.Empty);
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("t -Recurse", "t/")]
    [InlineData("t -Recurse -Prefix p", "p/")]
    [InlineData("t -Recurse -RelativeTo t -Prefix p", "p/")]
    [InlineData("t/, t/sub -Recurse -RelativeTo .", "t/")]
    [InlineData("t -Recurse -Prefix h -HiddenName -EncryptionKey $key", "h/")]
    public void Each_file_of_either_side_has_a_state(string arguments, string prefix)
    {
        Assert.Equal(
            [
                $"{prefix}changed Different 5 9 9", $"{prefix}gone OnlyThere  6 6", $"{prefix}new OnlyHere 0  0",
                $"{prefix}same Same 6 6 0", $"{prefix}sub/gone OnlyThere  10 10", $"{prefix}sub/same Same 10 10 0",
            ],
            Compare(arguments));
        Assert.All(
            session.Run($"Compare-DfssFile {arguments} -Peer $peer").As<DfssFileComparison>(),
            file => Assert.Equal(file.State == DfssComparisonState.OnlyThere, file.PSPath is null));
    }

    [Theory]
    [InlineData("t -Recurse -Exclude s*, changed, new", "t/gone OnlyThere  6 6")]
    [InlineData("t -Recurse -Include gone", "t/gone OnlyThere  6 6|t/sub/gone OnlyThere  10 10")]
    [InlineData("t -Recurse -Include .h* -Force", "t/.hidden OnlyThere  9 9")]
    [InlineData("t -Recurse -Include sub/*", "t/sub/gone OnlyThere  10 10|t/sub/same Same 10 10 0")]
    public void What_is_left_out_is_left_out_on_both_sides(string arguments, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A leading dot hides nothing there.");
        Assert.Equal(expected.Split('|'), Compare(arguments));
    }

    [Fact]
    public void What_is_here_and_passed_over_is_not_only_there()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege there.");
        Write("other/gone", "t/sub/gone");
        Directory.CreateDirectory(folder["u"]);
        Directory.CreateSymbolicLink(folder["u", "sub"], folder["other"]);
        Assert.Equal(
            ["t/changed", "t/gone", "t/same"],
            session.Run("Compare-DfssFile u -Recurse -Prefix t -Peer $peer").As<DfssFileComparison>()
                .Select(file => file.Name));
    }

    [Fact]
    public void What_is_in_a_folder_that_cannot_be_read_is_not_only_there()
    {
        Assert.SkipWhen(PermissionBits.Obstacle is not null, PermissionBits.Obstacle ?? string.Empty);
        File.SetUnixFileMode(folder["t", "sub"], UnixFileMode.None);
        Result result = session.Run("Compare-DfssFile t -Recurse -Include same, gone -Peer $peer");
        File.SetUnixFileMode(
            folder["t", "sub"], UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        Assert.Equal("PathUnreadable", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Equal(
            ["t/gone", "t/same"],
            result.Output.Select(item => ((DfssFileComparison)item.BaseObject).Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_next_command_takes_the_name_of_a_comparison_literally_and_as_the_peers_have_it()
    {
        session.Run(
            """
            $null = Send-DfssFile t/same 't/a[1]' -Peer $peer
            $null = Send-DfssFile t/same t/a1 -Peer $peer
            $null = Send-DfssFile t/same 't/*' -Peer $peer
            Compare-DfssFile t -Recurse -Include 'a`[1`]', '`*' -Peer $peer | Remove-DfssFile -Peer $peer -Force
            """).ThrowIfFailed();
        Assert.Equal(
            [
                "t/.hidden", "t/a1", "t/changed", "t/gone", "t/same", "t/sub/gone", "t/sub/same",
            ],
            session.Run("Get-DfssFileInfo t/* -Peer $peer").As<DfssFileInfo>().Select(file => file.Name));
        const string Hidden = "Compare-DfssFile t -Recurse -Prefix h -HiddenName -EncryptionKey $key -Peer $peer";
        IReadOnlyList<string> names = session.Run($"({Hidden}).StoredName").As<string>();
        Assert.Equal(6, names.Count);
        Assert.All(names, name => Assert.StartsWith("~1~", name, StringComparison.Ordinal));
        session.Run($"{Hidden} -Include same | Test-DfssFile -Peer $peer").ThrowIfFailed();
    }

    [Fact]
    public void Without_Recurse_a_file_that_is_not_stored_is_an_error() => Assert.Equal(
        "FileNotFound", Result.IdOf(Assert.Single(session.Run("Compare-DfssFile t/new -Peer $peer").Errors)));

    private IEnumerable<string> Compare(string arguments) =>
        session.Run($"Compare-DfssFile {arguments} -Peer $peer").As<DfssFileComparison>()
            .Select(file => FormattableString.Invariant(
                $"{file.Name} {file.State} {file.LocalLength} {file.StoredLength} {file.DifferentBytes}"))
            .Order(StringComparer.Ordinal);

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder[name])!);
        File.WriteAllText(folder[name], text);
    }
}
