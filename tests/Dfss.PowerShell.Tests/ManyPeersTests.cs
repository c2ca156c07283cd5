using System.Management.Automation;
using Xunit;

namespace Dfss.Tests;

/// <summary>What a user is told when destinations do not fit, and when peers are gone.</summary>
public sealed class ManyPeersTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();

    public ManyPeersTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        session.Run("$peers = foreach ($number in 1..3) { Start-DfssPeer -InMemory -Port 0 }").ThrowIfFailed();
        Array.ForEach(["a.txt", "b.txt"], name => File.WriteAllText(Path.Combine(folder, name), name));
        session.Run("Send-DfssFile a.txt, b.txt -Peer $peers").ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("Get-DfssFileInfo *.txt -Peer $peers | Receive-DfssFile -Destination copies")]
    [InlineData("Receive-DfssFile *.txt -Peer $peers -Destination copies -Force")]
    [InlineData("Receive-DfssFile *.txt -Peer $peers -Destination copies -WhatIf")]
    public void Several_files_for_a_path_that_is_no_folder_are_refused_before_one_is_written(string script)
    {
        ErrorRecord error = session.RunUntilError(script);
        Assert.Equal("DestinationNotFolder", Result.IdOf(error));
        Assert.DoesNotContain(
            "-Force", error.Exception.Message + error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.False(Path.Exists(Path.Combine(folder, "copies")));
    }

    [Theory]
    [InlineData("Send-DfssFile a.txt, b.txt -Name two -Peer $peers")]
    [InlineData("Send-DfssFile *.txt -Name two -Peer $peers")]
    [InlineData("Send-DfssFile *.txt -Name two -Peer $peers -WhatIf")]
    [InlineData("'a.txt', 'b.txt' | Send-DfssFile -Name two -Peer $peers")]
    [InlineData("[IO.FileInfo]\"$PWD/a.txt\", [IO.FileInfo]\"$PWD/b.txt\" | Send-DfssFile -Name two -Peer $peers")]
    [InlineData("Compare-DfssFile a.txt, b.txt -Name a.txt -Peer $peers")]
    public void Several_files_for_one_name_are_refused_before_one_is_sent(string script)
    {
        ErrorRecord error = session.RunUntilError(script);
        Assert.Equal("NameUsedTwice", Result.IdOf(error));
        Assert.Contains("Nothing was done.", error.Exception.Message, StringComparison.Ordinal);
        Assert.Equal(
            ["a.txt", "b.txt"],
            session.Run("Get-DfssFileInfo -Peer $peers").As<DfssFileInfo>().Select(file => file.Name));
    }

    [Fact]
    public void A_pattern_of_one_object_that_matches_several_files_sends_and_receives_none_of_them()
    {
        Result result = session.Run("[pscustomobject]@{ Path = '*.txt'; Name = 'two' } | Send-DfssFile -Peer $peers");
        Assert.Equal("NameUsedTwice", Result.IdOf(Assert.Single(result.Errors)));
        result = session.Run(
            "[pscustomobject]@{ Name = '*.txt'; Destination = 'two' } | Receive-DfssFile -Peer $peers");
        Assert.Equal("DestinationNotFolder", Result.IdOf(Assert.Single(result.Errors)));
        Assert.False(Path.Exists(Path.Combine(folder, "two")));
        Assert.Equal(
            ["a.txt", "b.txt"],
            session.Run("Get-DfssFileInfo -Peer $peers").As<DfssFileInfo>().Select(file => file.Name));
    }

    [Fact]
    public void A_separator_at_the_end_makes_the_folder()
    {
        session.Run("Get-DfssFileInfo *.txt -Peer $peers | Receive-DfssFile -Destination ./copies/").ThrowIfFailed();
        Assert.Equal("b.txt", File.ReadAllText(Path.Combine(folder, "copies", "b.txt")));
    }

    [Fact]
    public void Files_that_may_be_out_of_date_are_said_so_once()
    {
        Assert.DoesNotContain(session.Run("Get-DfssFileInfo *.txt -Peer $peers").Warnings, IsAboutDate);
        Result result = session.Run("$peers[0..1] | Stop-DfssPeer; Get-DfssFileInfo *.txt -Peer $peers");
        Assert.Equal([false, false], result.As<DfssFileInfo>().Select(file => file.IsCurrent));
        Assert.Single(result.Warnings, IsAboutDate);
    }

    [Fact]
    public void A_file_asked_for_by_name_that_may_be_out_of_date_is_said_so_once()
    {
        Result result = session.Run("$peers[0..1] | Stop-DfssPeer; Get-DfssFileInfo a.txt -Peer $peers");
        Assert.False(Assert.Single(result.As<DfssFileInfo>()).IsCurrent);
        Assert.Contains("may be out of date", Assert.Single(result.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void When_the_last_peer_is_gone_the_error_names_the_file_and_how_many_were_done()
    {
        ErrorRecord error = session.RunUntilError("$peers | Stop-DfssPeer; Send-DfssFile a.txt -Peer $peers");
        Assert.Equal("PeerUnreachable", Result.IdOf(error));
        Assert.EndsWith("Sending ended with 'a.txt'; files done before: 0.", error.ErrorDetails.Message,
            StringComparison.Ordinal);
    }

    private static bool IsAboutDate(string warning) =>
        warning.Contains("IsCurrent is false", StringComparison.Ordinal);
}
