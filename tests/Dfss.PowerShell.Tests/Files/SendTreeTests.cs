using System.Management.Automation;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>Folders as the input of Send-DfssFile and Compare-DfssFile.</summary>
public sealed class SendTreeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Session session = new();

    public SendTreeTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        session.Run("$peer = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
        foreach (string name in new[]
        {
            "t/a.jpg", "t/b.tmp", "t/sub/a.jpg", "t/sub/deep/c.txt", "t/cache/d.jpg", "u/e"
        })
        {
            Make(name);
        }
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void The_advice_for_a_file_of_a_folder_whose_name_is_not_allowed_is_not_Name()
    {
        Make("t/ x");
        ErrorRecord error = Assert.Single(session.Run("Send-DfssFile t -Recurse -Peer $peer").Errors);
        Assert.Equal("InvalidName", Result.IdOf(error));
        Assert.Equal("Rename the file, or leave it out (-Exclude).", error.ErrorDetails.RecommendedAction);
    }

    [Theory]
    [InlineData("t -Recurse", "t/a.jpg t/b.tmp t/cache/d.jpg t/sub/a.jpg t/sub/deep/c.txt")]
    [InlineData("./t/sub/ -Recurse", "sub/a.jpg sub/deep/c.txt")]
    [InlineData("-LiteralPath t/sub -Recurse", "sub/a.jpg sub/deep/c.txt")]
    [InlineData("t/* -Recurse", "a.jpg b.tmp cache/d.jpg sub/a.jpg sub/deep/c.txt")]
    [InlineData("t/sub, u, t/a.jpg -Recurse", "a.jpg sub/a.jpg sub/deep/c.txt u/e")]
    [InlineData("t -Recurse -Include *.JPG", "t/a.jpg t/cache/d.jpg t/sub/a.jpg")]
    [InlineData("t -Recurse -Include *.jpg, c.* -Exclude a*", "t/cache/d.jpg t/sub/deep/c.txt")]
    [InlineData("t -Recurse -Exclude cache, *.tmp", "t/a.jpg t/sub/a.jpg t/sub/deep/c.txt")]
    [InlineData("t -Recurse -Exclude cache/, ./sub/, /b.tmp", "t/a.jpg")]
    [InlineData("t -Recurse -Exclude ./a.jpg, deep/", "t/b.tmp t/cache/d.jpg t/sub/a.jpg")]
    [InlineData("t -Recurse -Include sub/*", "t/sub/a.jpg t/sub/deep/c.txt")]
    [InlineData("t -Recurse -Exclude sub/deep, sub\\a.*", "t/a.jpg t/b.tmp t/cache/d.jpg")]
    [InlineData("t/*.* -Exclude *.tmp", "a.jpg")]
    [InlineData("t/sub -Recurse -Prefix p/q", "p/q/a.jpg p/q/deep/c.txt")]
    [InlineData("t/sub, t/a.jpg -Recurse -Prefix p/", "p/a.jpg p/deep/c.txt", "NameUsedTwice")]
    [InlineData("t/sub -Recurse -Prefix ''", "sub/a.jpg sub/deep/c.txt")]
    [InlineData("t/sub -Recurse -RelativeTo t", "sub/a.jpg sub/deep/c.txt")]
    [InlineData("t/sub -Recurse -RelativeTo t/sub -Prefix p", "p/a.jpg p/deep/c.txt")]
    [InlineData("t/sub, u -Recurse -RelativeTo . -Prefix p", "p/t/sub/a.jpg p/t/sub/deep/c.txt p/u/e")]
    [InlineData("t/sub, u -Recurse -RelativeTo t", "sub/a.jpg sub/deep/c.txt", "PathOutsideRelativeTo")]
    [InlineData("t/a.jpg -Prefix p", "p/a.jpg")]
    [InlineData("t/a.jpg -Prefix p -Name n", "p/n")]
    [InlineData("t/a.jpg, t/sub", "a.jpg", "PathIsFolder")]
    [InlineData("t/a.jpg, t -Recurse -RelativeTo t -Include a.jpg", "a.jpg sub/a.jpg")]
    public void The_files_below_a_folder_get_their_paths_as_names(string arguments, string names, string? error = null)
    {
        Result result = session.Run($"Send-DfssFile {arguments} -Peer $peer");
        Assert.Equal(error is null ? [] : [error], result.Errors.Select(Result.IdOf));
        Assert.Null(result.Ending);
        Assert.Equal(names, Stored());
        Result compared = session.Run($"Compare-DfssFile {arguments} -Peer $peer");
        Assert.Equal(
            names.Split(' '),
            compared.Output.Select(item => ((DfssFileComparison)item.BaseObject).Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("t/* -Recurse -Prefix p")]
    [InlineData("t, u -Recurse -Prefix p")]
    [InlineData("-InputObject ([IO.DirectoryInfo]\"$PWD/t\") -Recurse -Prefix p")]
    public void A_prefix_takes_the_place_of_one_named_folder_only(string arguments)
    {
        ErrorRecord error = session.RunUntilError($"Send-DfssFile {arguments} -Peer $peer");
        Assert.Equal("PrefixNeedsRelativeTo", Result.IdOf(error));
        Assert.Equal(string.Empty, Stored());
    }

    [Theory]
    [InlineData("Send-DfssFile t -Recurse -Name n -Peer $peer", "NameAndRecurse")]
    [InlineData("Send-DfssFile t -Recurse -Prefix ../p -Peer $peer", "InvalidName")]
    [InlineData("Send-DfssFile t -Recurse -Include '[a' -Peer $peer", "NameInvalid")]
    [InlineData("Send-DfssFile t -Recurse -Exclude '/' -Peer $peer", "NameInvalid")]
    public void What_cannot_succeed_ends_the_command(string script, string id) =>
        Assert.Equal(id, Result.IdOf(session.RunUntilError(script)));

    [Fact]
    public void Folders_from_the_pipeline_are_passed_over_and_verbose_says_so()
    {
        Result result = session.Run(
            """
            $all = [IO.DirectoryInfo]::new("$PWD/t").GetFileSystemInfos('*', 'AllDirectories')
            $all | Send-DfssFile -RelativeTo t -Peer $peer -Verbose
            $copies = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize(
                @([pscustomobject]@{ PSPath = "$PWD/u" }, [pscustomobject]@{ PSPath = "$PWD/u/e" })))
            $copies | Send-DfssFile -Peer $peer
            """).ThrowIfFailed();
        Assert.Equal("a.jpg b.tmp cache/d.jpg e sub/a.jpg sub/deep/c.txt", Stored());
        Assert.Equal(
            new[] { "t/cache", "t/sub", "t/sub/deep" }.Select(name =>
                $"'{folder[name]}' is a folder, and is passed over."),
            result.Verbose.Where(line => line.EndsWith("passed over.", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Folders_from_the_pipeline_are_walked_through_with_Recurse_and_no_file_is_sent_twice()
    {
        session.Run(
            """
            $all = [IO.DirectoryInfo]::new("$PWD/t").GetFileSystemInfos('*', 'AllDirectories')
            $all | Send-DfssFile -Recurse -RelativeTo t -Peer $peer
            """).ThrowIfFailed();
        Assert.Equal("a.jpg b.tmp cache/d.jpg sub/a.jpg sub/deep/c.txt", Stored());
    }

    [Fact]
    public void Hidden_files_are_sent_with_Force()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A leading dot hides nothing there.");
        Make("h/.dot");
        Make("h/.folder/x");
        Make("h/seen");
        session.Run("Send-DfssFile h -Recurse -Peer $peer").ThrowIfFailed();
        Assert.Equal("h/seen", Stored());
        session.Run("Send-DfssFile h -Recurse -Force -Peer $peer").ThrowIfFailed();
        Assert.Equal("h/.dot h/.folder/x h/seen", Stored());
    }

    [Fact]
    public void A_folder_with_a_decomposed_name_is_left_out_by_its_composed_one()
    {
        Make("n/a\u0308/x");
        Make("n/y");
        session.Run("Send-DfssFile n -Recurse -Exclude '\u00e4*' -Peer $peer").ThrowIfFailed();
        Assert.Equal("n/y", Stored());
    }

    [Fact]
    public void Links_and_what_is_no_file_are_passed_over_and_named()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege there.");
        Make("l/x");
        SystemTool.Run("mkfifo", [folder["l", "fifo"]]);
        Directory.CreateSymbolicLink(folder["l", "up"], folder["l"]);
        Directory.CreateSymbolicLink(folder["l", "other"], folder["u"]);
        File.CreateSymbolicLink(folder["l", "file"], folder["u", "e"]);
        Result plain = session.Run("Send-DfssFile l -Recurse -Peer $peer -Verbose").ThrowIfFailed();
        Assert.Equal("l/file l/x", Stored());
        Assert.Equal(
            [
                $"'{folder["l", "fifo"]}' is a FIFO, socket or device, and is passed over.",
                Passed("other", folder["u"]),
                Passed("up", folder["l"]),
            ],
            plain.Verbose.Where(line => line.Contains("is passed over", StringComparison.Ordinal)));
        Assert.Empty(plain.Warnings);
        Result followed = session.Run("Send-DfssFile l -Recurse -FollowSymlink -Force -Peer $peer").ThrowIfFailed();
        Assert.Equal("l/file l/other/e l/x", Stored());
        Assert.Equal(
            $"'{folder["l", "up"]}' is a link to the folder '{folder["l"]}', which it is in. It is not followed.",
            Assert.Single(followed.Warnings));
    }

    [Fact]
    public void A_folder_that_cannot_be_read_is_one_error_and_the_rest_is_sent()
    {
        Assert.SkipWhen(PermissionBits.Obstacle is not null, PermissionBits.Obstacle ?? string.Empty);
        File.SetUnixFileMode(folder["t", "cache"], UnixFileMode.None);
        Result result = session.Run("Send-DfssFile t -Recurse -Peer $peer");
        File.SetUnixFileMode(
            folder["t", "cache"], UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        ErrorRecord error = Assert.Single(result.Errors);
        Assert.Equal("PathUnreadable", Result.IdOf(error));
        Assert.Equal(folder["t", "cache"], error.TargetObject);
        Assert.Equal("t/a.jpg t/b.tmp t/sub/a.jpg t/sub/deep/c.txt", Stored());
    }

    [Fact]
    public void WhatIf_names_each_file_also_where_no_peer_can_be_reached() =>
        Assert.Empty(session.Run("Send-DfssFile t -Recurse -WhatIf -Peer localhost:1").ThrowIfFailed().Output);

    private void Make(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder[name])!);
        File.WriteAllText(folder[name], name);
    }

    private string Stored() => string.Join(
        ' ', session.Run("Get-DfssFileInfo -Peer $peer").As<DfssFileInfo>().Select(file => file.Name));

    private string Passed(string link, string target) => $"'{folder["l", link]}' is a link to the folder '{target}', "
        + "and is passed over. -FollowSymlink follows it.";
}
