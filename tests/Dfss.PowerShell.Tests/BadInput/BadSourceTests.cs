using System.Management.Automation;
using System.Net.Sockets;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.BadInput;

/// <summary>Local files that cannot be sent.</summary>
public sealed class BadSourceTests : BadInputTests
{
    [Theory]
    [InlineData("")]
    [InlineData(" -WhatIf")]
    public void A_link_to_nothing_or_to_itself_is_reported_and_does_not_stop_the_others(string whatIf)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege there.");
        File.CreateSymbolicLink(In("loop"), In("loop"));
        File.CreateSymbolicLink(In("dangling"), In("none"));
        foreach (string name in new[] { "loop", "dangling" })
        {
            ErrorRecord error = Fails($"Send-DfssFile in/{name} -Peer $peer{whatIf}");
            Check(error, "PathNotFound", ErrorCategory.ObjectNotFound, In(name),
                $"'{In(name)}' is a link that leads to no file");
        }

        File.CreateSymbolicLink(In("link"), In("good.txt"));
        Run($"Send-DfssFile in/link -Peer $peer{whatIf}").ThrowIfFailed();
    }

    [Fact]
    public void A_folder_does_not_stop_the_others()
    {
        Directory.CreateDirectory(In("folder"));
        ErrorRecord error = Fails("Send-DfssFile in/folder, in/good.txt -Peer $peer", results: 1);
        Check(error, "PathIsFolder", ErrorCategory.InvalidType, In("folder"), $"'{In("folder")}' is a folder");
        IsStored("good.txt");
    }

    [Theory]
    [InlineData("Send-DfssFile in/none.txt, in/good.txt -Peer $peer", "in/none.txt", "none.txt")]
    [InlineData("Send-DfssFile -LiteralPath in/none.txt, in/good.txt -Peer $peer", null, "none.txt")]
    public void A_file_that_does_not_exist_does_not_stop_the_others(string script, string? target, string mentioned)
    {
        Check(Fails(script, results: 1), "PathNotFound", ErrorCategory.ObjectNotFound,
            target ?? In("none.txt"), mentioned);
        IsStored("good.txt");
    }

    [Theory]
    [InlineData("Send-DfssFile -LiteralPath $path, in/good.txt -Peer $peer")]
    [InlineData("Send-DfssFile $path, in/good.txt -Peer $peer")]
    [InlineData("$path, 'in/good.txt' | Send-DfssFile -Peer $peer")]
    public void A_path_with_the_character_null_does_not_stop_the_others(string script)
    {
        Set("path", "a\0b");
        Check(Fails(script, results: 1), "PathInvalid", ErrorCategory.InvalidArgument, "a\0b", "U+0000");
        IsStored("good.txt");
    }

    [Theory]
    [InlineData("Send-DfssFile in/good.txt -RelativeTo $path -Peer $peer")]
    [InlineData("Receive-DfssFile good.txt -Destination $path -Peer $peer")]
    [InlineData("Start-DfssPeer -StorePath $path -Port 0")]
    public void A_folder_with_the_character_null_ends_the_command(string script)
    {
        Set("path", "a\0b");
        Check(Ends(script), "PathInvalid", ErrorCategory.InvalidArgument, "a\0b", "U+0000");
    }

    [Fact]
    public void A_file_removed_since_it_was_listed_does_not_stop_the_others()
    {
        File.WriteAllText(In("gone.txt"), "gone");
        ErrorRecord error = Fails(
            """
            $files = [System.IO.DirectoryInfo]::new("$PWD/in").GetFiles() | ForEach-Object { $_ }
            [System.IO.File]::Delete("$PWD/in/gone.txt")
            $files | Send-DfssFile -Peer $peer
            """,
            results: 1);
        Check(error, "PathNotFound", ErrorCategory.ObjectNotFound, In("gone.txt"), In("gone.txt"));
        IsStored("good.txt");
    }

    [Fact]
    public void A_link_without_a_target_is_reported()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege there.");
        File.CreateSymbolicLink(In("dangling"), In("none"));
        ErrorRecord error = Fails("Send-DfssFile in/dangling, in/good.txt -Peer $peer", results: 1);
        Check(
            error, "PathNotFound", ErrorCategory.ObjectNotFound, In("dangling"),
            $"'{In("dangling")}' is a link that leads to no file",
            In("none"));
        IsStored("good.txt");
    }

    [Fact]
    public void A_file_that_may_not_be_read_is_reported()
    {
        Assert.SkipWhen(PermissionBits.Obstacle is not null, PermissionBits.Obstacle ?? string.Empty);
        File.WriteAllText(In("secret"), "secret");
        File.SetUnixFileMode(In("secret"), UnixFileMode.None);
        ErrorRecord error = Fails("Send-DfssFile in/secret, in/good.txt -Peer $peer", results: 1);
        Check(error, "SourceUnreadable", ErrorCategory.ReadError, In("secret"), $"'{In("secret")}'");
        IsStored("good.txt");
    }

    [Theory]
    [InlineData("in/*/f", true)]
    [InlineData("in/closed/*", true)]
    [InlineData("in/closed/f", true)]
    [InlineData("in/closed/*/f", true)]
    [InlineData("in/closed/f", false)]
    public void A_folder_that_may_not_be_read_is_one_error_and_the_others_go_on(string path, bool isPattern)
    {
        Assert.SkipWhen(PermissionBits.Obstacle is not null, PermissionBits.Obstacle ?? string.Empty);
        Directory.CreateDirectory(In("closed"));
        Directory.CreateDirectory(In("open"));
        File.WriteAllText(In("closed/f"), "closed");
        File.WriteAllText(In("open/f"), "open");
        File.SetUnixFileMode(In("closed"), UnixFileMode.None);
        try
        {
            ErrorRecord error = Fails(
                $"Send-DfssFile -{(isPattern ? "Path" : "LiteralPath")} {path} -Peer $peer", path == "in/*/f" ? 1 : 0);
            string place = isPattern ? In("closed") : In("closed/f");
            Check(error, "PathUnreadable", ErrorCategory.PermissionDenied, place, $"'{place}' is denied");
        }
        finally
        {
            File.SetUnixFileMode(
                In("closed"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Theory]
    [InlineData("Send-DfssFile in/*.txt -Peer $peer", "good.txt")]
    [InlineData("Send-DfssFile in/*.txt -Force -Peer $peer", ".dot.txt", "good.txt")]
    [InlineData("Send-DfssFile in/.*.txt -Force -Peer $peer", ".dot.txt")]
    [InlineData("Send-DfssFile in/.dot.txt -Peer $peer", ".dot.txt")]
    [InlineData("Send-DfssFile in/*/*.txt -Force -RelativeTo in -Peer $peer", ".sub/x.txt")]
    public void Wildcards_match_hidden_files_with_Force_as_those_of_Get_ChildItem(
        string script, params string[] expected)
    {
        Directory.CreateDirectory(In(".sub"));
        foreach (string name in new[] { ".dot.txt", ".sub/x.txt" })
        {
            File.WriteAllText(In(name), name);
        }

        if (OperatingSystem.IsWindows())
        {
            File.SetAttributes(In(".dot.txt"), FileAttributes.Hidden);
            File.SetAttributes(In(".sub"), FileAttributes.Hidden | FileAttributes.Directory);
        }

        Run(script).ThrowIfFailed();
        IsStored(expected);
        string compare = script.Replace("Send", "Compare", StringComparison.Ordinal);
        Assert.Equal(
            expected, Run(compare).As<DfssFileComparison>().Select(file => file.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_file_whose_reading_fails_is_reported()
    {
        Assert.SkipUnless(File.Exists("/proc/self/mem"), "It takes a file that fails to be read: /proc/self/mem.");
        ErrorRecord error = Fails("Send-DfssFile /proc/self/mem, in/good.txt -Peer $peer", results: 1);
        Check(error, "SourceUnreadable", ErrorCategory.ReadError, "/proc/self/mem", "'/proc/self/mem'");
        IsStored("good.txt");
    }

    [Theory]
    [InlineData("/dev/null")]
    [InlineData("/dev/zero")]
    public void A_device_is_not_read(string device)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Devices are no files there.");
        Check(
            Fails($"Send-DfssFile {device}, in/good.txt -Peer $peer", results: 1), "SourceUnreadable",
            ErrorCategory.ReadError,
            device, $"'{device}': it is not a regular file");
        IsStored("good.txt");
    }

    [Fact]
    public void A_fifo_is_not_waited_for()
    {
        Assert.SkipWhen(SystemTool.Find("mkfifo") is null, "mkfifo is not here.");
        SystemTool.Run("mkfifo", [In("fifo")]);
        ErrorRecord error = Fails("Send-DfssFile in/fifo, in/good.txt -Peer $peer", results: 1);
        Check(error, "SourceUnreadable", ErrorCategory.ReadError, In("fifo"),
            $"'{In("fifo")}': it is not a regular file");
        IsStored("good.txt");
    }

    [Fact]
    public void A_socket_is_not_read()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Sockets are no files there.");
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(In("socket")));
        ErrorRecord error = Fails("Send-DfssFile in/socket, in/good.txt -Peer $peer", results: 1);
        Check(error, "SourceUnreadable", ErrorCategory.ReadError, In("socket"),
            $"'{In("socket")}': it is not a regular file");
        IsStored("good.txt");
    }

    [Fact]
    public void Of_two_sources_for_one_name_only_the_first_is_sent()
    {
        Directory.CreateDirectory(In("sub"));
        File.WriteAllText(In("sub/good.txt"), "other");
        ErrorRecord error = Fails("Send-DfssFile in/good.txt, in/sub/good.txt -Peer $peer", results: 1);
        Check(
            error, "NameUsedTwice", ErrorCategory.InvalidArgument, In("sub/good.txt"), $"'{In("good.txt")}'",
            $"'{In("sub/good.txt")}'", "'good.txt'");
        Run("Receive-DfssFile good.txt -Peer $peer -Destination out").ThrowIfFailed();
        Assert.Equal("good", File.ReadAllText(Out("good.txt")));
    }

    [Fact]
    public void A_name_that_exists_is_kept_and_does_not_stop_the_others()
    {
        Send("old.txt");
        byte[] before = File.ReadAllBytes(In("old.txt"));
        File.WriteAllText(In("old.txt"), "new");
        ErrorRecord error = Fails("Send-DfssFile in/old.txt, in/good.txt -Peer $peer", results: 1);
        Check(error, "FileExists", ErrorCategory.ResourceExists, In("old.txt"), "'old.txt' exists at version 1.");
        Run("Receive-DfssFile old.txt -Peer $peer -Destination out").ThrowIfFailed();
        Assert.Equal(before, File.ReadAllBytes(Out("old.txt")));
    }

    [Fact]
    public void No_input_is_no_work_and_no_error()
    {
        foreach (string command in new[] { "Send-DfssFile", "Receive-DfssFile", "Compare-DfssFile" })
        {
            Assert.Empty(Run($"@() | {command} -Peer $peer").ThrowIfFailed().Output);
        }

        Assert.Empty(Run("Send-DfssFile in/*.none -Peer $peer").ThrowIfFailed().Output);
        IsStored();
    }
}
