using System.Management.Automation;
using Xunit;

namespace Dfss.Tests;

/// <summary>What PowerShell binds to what, seen through -WhatIf, which contacts no peer.</summary>
public sealed class BindingTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();

    public BindingTests()
    {
        Directory.CreateDirectory(Path.Combine(folder, "a"));
        Directory.CreateDirectory(Path.Combine(folder, "b"));
        File.WriteAllText(Path.Combine(folder, "a", "x.txt"), "ax");
        File.WriteAllText(Path.Combine(folder, "b", "x.txt"), "bx");
        File.WriteAllText(Path.Combine(folder, "[1] ü.txt"), "brackets");
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
    }

    public void Dispose()
    {
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void WhatIf_of_a_send_whose_peers_cannot_be_reached_is_no_error() =>
        Assert.Empty(session.Run("Send-DfssFile a/x.txt -Peer localhost:1 -WhatIf").As<object>());

    [Fact]
    public void No_peer_is_a_terminating_error() =>
        Assert.Equal("PeerMissing", Result.IdOf(session.RunUntilError("Send-DfssFile a/x.txt -WhatIf")));

    [Fact]
    public void A_misspelt_peer_is_a_terminating_error() => Assert.Equal(
        "PeerAddressInvalid", Result.IdOf(session.RunUntilError("Send-DfssFile a/x.txt -Peer 'host:port' -WhatIf")));

    [Theory]
    [InlineData("'a:1, b:2', 'c:9000'")]
    [InlineData("'a:1,b:2,c:9000,'")]
    [InlineData("[pscustomobject]@{ Endpoint = 'a:1' }, @('b:2', 'c:9000')")]
    public void Peers_come_as_lists_and_objects(string given)
    {
        object input = session.Run($", @({given})").Output[0].BaseObject;
        object peers = new Commands.PeerArgumentAttribute().Transform(null!, input);
        Assert.Equal(["a:1", "b:2", "c:9000"], Assert.IsType<string[]>(peers));
    }

    [Fact]
    public void The_name_of_a_FileInfo_is_not_taken_for_the_stored_name()
    {
        string script =
            "[IO.FileInfo]::new(\"$PWD/a/x.txt\"), [IO.FileInfo]::new(\"$PWD/b/x.txt\") | Send-DfssFile -Peer "
                + "localhost:1 -RelativeTo . -WhatIf";
        Assert.Empty(session.Run(script).As<object>());
    }

    [Fact]
    public void Two_files_of_one_name_are_an_error_for_the_second()
    {
        // Reading ahead comes first, so that the error is there before the peer, which is none, ends the command.
        Result result = session.Run("Compare-DfssFile a/x.txt, b/x.txt -Peer localhost:1");
        ErrorRecord error = result.Errors[0];
        Assert.Equal("NameUsedTwice", Result.IdOf(error));
        Assert.Equal(Path.Combine(folder, "b", "x.txt"), error.TargetObject);
    }

    [Fact]
    public void Path_and_name_bind_by_property()
    {
        string script =
            "[pscustomobject]@{ Path = 'a/x.txt'; Name = 'one' }, [pscustomobject]@{ Path = 'b/x.txt'; Name = 'two' }"
            + " | Send-DfssFile -Peer localhost:1 -WhatIf";
        Assert.Empty(session.Run(script).As<object>());
    }

    [Fact]
    public void Names_given_by_property_are_judged()
    {
        Result result = session.Run(
            "[pscustomobject]@{ Path = 'a/x.txt'; Name = '../one' } | Send-DfssFile -Peer localhost:1 -WhatIf");
        Assert.Equal("InvalidName", Result.IdOf(Assert.Single(result.Errors)));
    }

    [Theory]
    [InlineData("Send-DfssFile a -Peer localhost:1 -WhatIf", "PathIsFolder")]
    [InlineData("Send-DfssFile -InputObject ([IO.DirectoryInfo]\"$PWD/a\") -Peer localhost:1 -WhatIf", "PathIsFolder")]
    [InlineData("'a' | Send-DfssFile -Peer localhost:1 -WhatIf", "PathIsFolder")]
    [InlineData("Send-DfssFile none.txt -Peer localhost:1 -WhatIf", "PathNotFound")]
    [InlineData("Send-DfssFile -LiteralPath '*.txt' -Peer localhost:1 -WhatIf", "PathNotFound")]
    [InlineData("Send-DfssFile a/x.txt -RelativeTo b -Peer localhost:1 -WhatIf", "PathOutsideRelativeTo")]
    [InlineData("Send-DfssFile env:PATH -Peer localhost:1 -WhatIf", "PathNotOfFileSystem")]
    public void A_bad_file_is_a_non_terminating_error(string script, string id)
    {
        Result result = session.Run($"try {{ {script} }} catch {{ throw }}");
        Assert.Null(result.Ending);
        Assert.Equal(id, Result.IdOf(Assert.Single(result.Errors)));
    }

    [Theory]
    [InlineData("Send-DfssFile a/x.txt -Name n -RelativeTo . -Peer localhost:1 -WhatIf", "NameAndRelativeTo")]
    [InlineData("Start-DfssPeer -InMemory -Port 0 -Wait -Detached", "WaitAndDetached")]
    [InlineData("Receive-DfssFile x -Destination env:x -Peer localhost:1", "PathNotOfFileSystem")]
    public void A_command_that_cannot_succeed_is_a_terminating_error(string script, string id) =>
        Assert.Equal(id, Result.IdOf(session.RunUntilError(script)));

    [Fact]
    public void Brackets_in_a_literal_path_stand_for_themselves() =>
        Assert.Empty(session.Run("Send-DfssFile -LiteralPath '[1] ü.txt' -Peer localhost:1 -WhatIf").As<object>());

    [Theory]
    [InlineData("Receive-DfssFile", "Name")]
    [InlineData("Test-DfssFile", "Name")]
    [InlineData("Repair-DfssFile", "Name")]
    [InlineData("Remove-DfssFile", "Name")]
    [InlineData("Rename-DfssFile", "Name NewName")]
    [InlineData("Copy-DfssFile", "Name")]
    [InlineData("Restore-DfssFile", "Name")]
    public void Where_no_file_is_given_its_name_is_asked_for(string command, string missing)
    {
        // What a host that can ask asks for is what one that cannot is told to be missing.
        ErrorRecord error = session.RunUntilError($"{command} -Peer localhost:1");
        Assert.Equal("MissingMandatoryParameter", Result.IdOf(error));
        string[] named = error.Exception.Message.TrimEnd('.').Split(": ")[1].Split(' ');
        Assert.Equal(missing.Split(' '), named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void WhatIf_starts_no_peer()
    {
        session.Run("Start-DfssPeer store -Port 0 -WhatIf").ThrowIfFailed();
        Assert.False(Directory.Exists(Path.Combine(folder, "store")));
    }

    [Fact]
    public void Stopping_a_peer_that_this_session_did_not_start_is_an_error() =>
        Assert.Equal("PeerNotOfSession",
            Result.IdOf(Assert.Single(session.Run("Stop-DfssPeer -Id 2147483647").Errors)));

    [Fact]
    public void What_only_detached_processes_take_is_not_shown() => Assert.Equal(true, session.Run(
        "(Get-Command Start-DfssPeer).Parameters['Announce'].Attributes.Where({ $_.DontShow }).Count -gt 0")
        .Output[0].BaseObject);
}
