using System.Management.Automation;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>What comes out on which stream.</summary>
public sealed class StreamTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();
    private readonly string peer;

    public StreamTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        peer = session.Run("$peer = Start-DfssPeer -InMemory -Port 0; $peer").As<DfssPeerInfo>()[0].Endpoint;
        Array.ForEach(["a.txt", "b.txt"], name => File.WriteAllText(Path.Combine(folder, name), name));
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("Start-DfssPeer -InMemory -Port 0", "Start-DfssPeer")]
    [InlineData("Get-DfssPeer", "Get-DfssPeer")]
    [InlineData("Get-DfssPeer -Peer $peer", "Get-DfssPeer")]
    [InlineData("Send-DfssFile a.txt -Peer $peer -Force", "Send-DfssFile")]
    [InlineData("Get-DfssFileInfo -Peer $peer", "Get-DfssFileInfo")]
    [InlineData("Get-DfssFileInfo kept -Chunk -Peer $peer", "Get-DfssFileInfo")]
    [InlineData("Test-DfssFile kept -Peer $peer", "Test-DfssFile")]
    [InlineData("Repair-DfssFile kept -Peer $peer", "Repair-DfssFile")]
    [InlineData("Optimize-DfssStore -Peer $peer -Confirm:$false", "Optimize-DfssStore")]
    [InlineData("Test-DfssFile kept -Detailed -Deep -Peer $peer", "Test-DfssFile")]
    [InlineData("Receive-DfssFile kept -Peer $peer -Destination out/", "Receive-DfssFile")]
    [InlineData("Compare-DfssFile a.txt kept -Peer $peer", "Compare-DfssFile")]
    [InlineData("Test-DfssFile kept -PassThru -Peer $peer", "Test-DfssFile")]
    [InlineData("Copy-DfssFile kept other -Peer $peer -PassThru", "Copy-DfssFile")]
    [InlineData(
        "Remove-DfssFile kept -Force -Peer $peer; Restore-DfssFile kept -Peer $peer -PassThru", "Restore-DfssFile")]
    [InlineData("Rename-DfssFile kept other -Peer $peer -PassThru", "Rename-DfssFile")]
    [InlineData("Remove-DfssFile kept -Peer $peer -PassThru -Confirm:$false", "Remove-DfssFile")]
    [InlineData("Start-DfssPeer -InMemory -Port 0 | Stop-DfssPeer -PassThru", "Stop-DfssPeer")]
    public void What_comes_out_has_the_declared_type_and_nothing_else_comes(string script, string command)
    {
        session.Run("Send-DfssFile a.txt kept -Peer $peer").ThrowIfFailed();
        Result result = session.Run(script).ThrowIfFailed();
        Assert.NotEmpty(result.Output);
        object[] declared =
            [.. session.Run("(Get-Command $command).OutputType.Type", ("command", command)).As<object>()];
        Assert.All(result.Output, item => Assert.Contains(item.BaseObject.GetType(), declared));
        Assert.Empty(result.Warnings);
        Assert.Empty(result.Verbose);
    }

    [Fact]
    public void A_peer_is_stopped_without_output_and_is_returned_with_PassThru()
    {
        DfssPeerInfo[] peers =
            [.. session.Run("$two = Start-DfssPeer -InMemory -Port 0; $two, (Start-DfssPeer -InMemory -Port 0)")
                .As<DfssPeerInfo>()];
        Assert.Empty(session.Run("Stop-DfssPeer -Id $two.Id").As<object>());
        DfssPeerInfo stopped = session.Run(
            "Stop-DfssPeer -Id $id -PassThru", ("id", peers[1].Id)).As<DfssPeerInfo>()[0];
        Assert.Equal(
            (peers[1].Id, peers[1].StoreId, DfssPeerState.Stopped), (stopped.Id, stopped.StoreId, stopped.State));

        // A snapshot: what was given out before does not change.
        Assert.Equal(DfssPeerState.Running, peers[1].State);
    }

    [Theory]
    [InlineData("-Verbose")]
    [InlineData("-Verbose:$true")]
    [InlineData("; ")]
    public void Verbose_shows_for_each_file_the_action_the_peers_the_bytes_and_the_time(string how)
    {
        string start = how == "; " ? "$VerbosePreference = 'Continue'; " : string.Empty;
        string end = how == "; " ? string.Empty : how;
        string script = $"{start}Send-DfssFile *.txt -Peer $peer {end}; "
            + $"Receive-DfssFile a.txt -Peer $peer -Destination out/ {end}; Compare-DfssFile a.txt -Peer $peer {end}";
        IReadOnlyList<string> lines = session.Run(script).ThrowIfFailed().Verbose;
        AssertOne(lines, $"Sent '{Path.Combine(folder, "a.txt")}' as 'a.txt' version 1: 5 B in ");
        AssertOne(lines, $"Sent '{Path.Combine(folder, "b.txt")}' as 'b.txt' version 1: 5 B in ");
        AssertOne(lines, $"Received '{Path.Combine(folder, "out", "a.txt")}' from 'a.txt' version 1: 5 B in ");
        AssertOne(lines, $"Compared '{Path.Combine(folder, "a.txt")}' with 'a.txt' version 1: 5 B in ");
        Assert.Contains(lines, line => line.StartsWith($"Connected to {peer}: store ", StringComparison.Ordinal));
    }

    [Fact]
    public void Verbose_says_that_a_pattern_matched_nothing() => Assert.Contains(
        "No file matches '*.none'.", session.Run("Send-DfssFile *.none -Peer $peer -Verbose").ThrowIfFailed().Verbose);

    [Fact]
    public void Verbose_off_is_off() => Assert.Empty(session.Run(
        "$VerbosePreference = 'Continue'; Send-DfssFile a.txt -Peer $peer -Verbose:$false").ThrowIfFailed().Verbose);

    [Theory]
    [InlineData("Send-DfssFile a.txt -Peer $peer -Debug 5>&1")]
    [InlineData("$DebugPreference = 'Continue'; Send-DfssFile a.txt -Peer $peer 5>&1")]
    public void Debug_shows_each_request_its_bytes_its_outcome_and_its_time(string script)
    {
        string[] lines = [.. session.Run(script).ThrowIfFailed().Output.Select(item => item.BaseObject)
            .OfType<DebugRecord>().Select(record => record.Message)];
        Assert.All(
            lines,
            line => Assert.Matches(@"^localhost:\d+ [a-z_]+, \d+ B out: (ok, \d+ B back|\w+), \d+\.\d ms$", line));
        Assert.Contains(lines, line => line.StartsWith($"{peer} store_chunks, 37 B out: ok", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains(" seal, ", StringComparison.Ordinal));
    }

    [Fact]
    public void A_summary_with_the_tag_Dfss_can_be_collected_and_is_not_shown()
    {
        Result result = session.Run("Send-DfssFile *.txt -Peer $peer -InformationVariable said > $null; $said");
        InformationRecord record = Assert.Single(result.As<InformationRecord>());
        Assert.Equal(["Dfss"], record.Tags);
        Assert.Matches(@"^Sending: 2 files, 10 B in \d+\.\d\d s\.$", record.MessageData.ToString());
        result = session.Run("Send-DfssFile a.txt -Force -Peer $peer -InformationVariable said > $null; $said");
        Assert.StartsWith(
            "Sending: 1 file, ", Assert.Single(result.As<InformationRecord>()).MessageData.ToString(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Send-DfssFile *.txt -SkipUnchanged -Peer $peer", @"Sending: 0 files in \d+\.\d\d s; 2 unchanged\.")]
    [InlineData(
        "Send-DfssFile *.txt -Checksum -WhatIf -Force -Peer $peer", @"Sending: 0 files in \S+ s; 2 unchanged\.")]
    [InlineData(
        "Receive-DfssFile *.txt . -SkipUnchanged -Force -Peer $peer", @"Receiving: 0 files in \S+ s; 2 unchanged\.")]
    [InlineData("Receive-DfssFile *.txt new/ -SkipUnchanged -WhatIf -Peer $peer", @"Receiving: 0 files in \S+ s\.")]
    [InlineData("Remove-DfssFile *.txt -Force -Peer $peer", @"Removing: 2 files in \S+ s\.")]
    public void A_summary_counts_what_was_transferred_and_beside_it_what_is_unchanged(string command, string summary)
    {
        session.Run("$null = Send-DfssFile *.txt -Force -Peer $peer").ThrowIfFailed();
        Result result = session.Run(
            $"$null = {command} -InformationVariable said; $said.Where{{ 'Dfss' -in $_.Tags }}");
        Assert.Matches(
            $"^{summary}$", Assert.Single(result.ThrowIfFailed().As<InformationRecord>()).MessageData.ToString());
    }

    [Fact]
    public void A_good_run_warns_of_nothing() => Assert.Empty(session.Run(
        "Send-DfssFile *.txt -Peer $peer | Receive-DfssFile -Destination out/; Get-DfssFileInfo -Peer $peer; "
            + "Get-DfssPeer")
        .ThrowIfFailed().Warnings);

    [Fact]
    public void Errors_obey_the_preference_the_switch_and_the_variable()
    {
        const string Script = "Send-DfssFile none.txt, a.txt -Peer $peer -Force";
        Assert.Equal("PathNotFound", Result.IdOf(session.RunUntilError($"{Script} -ErrorAction Stop")));
        Assert.Equal("PathNotFound", Result.IdOf(session.RunUntilError($"$ErrorActionPreference = 'Stop'; {Script}")));
        Result result = session.Run(
            $"$sent = {Script} -ErrorAction SilentlyContinue -ErrorVariable failed; $sent; $failed");
        Assert.Empty(result.Errors);
        Assert.IsType<DfssFileInfo>(result.Output[0].BaseObject);
        Assert.Equal("PathNotFound", Result.IdOf(Assert.IsType<ErrorRecord>(result.Output[1].BaseObject)));
        Assert.Equal(2, result.Output.Count);
        Assert.Empty(
            session.Run("$error.Clear(); $null = Send-DfssFile none.txt -Peer $peer -ErrorAction Ignore; $error")
                .ThrowIfFailed().Output);
    }

    [Fact]
    public void Objects_come_while_the_command_still_runs()
    {
        // The first peer's answer is there before the second one, which refuses, has been asked.
        Result result = session.Run(
            "foreach ($once in 1) { Get-DfssPeer -Peer $peer, localhost:1 | ForEach-Object { $_; break } }");
        Assert.Single(result.As<DfssPeerInfo>());
    }

    private static void AssertOne(IReadOnlyList<string> lines, string start)
    {
        string line = Assert.Single(lines, line => line.StartsWith(start, StringComparison.Ordinal));
        Assert.Matches(@" in \d+\.\d\d s, peers localhost:\d+\.$", line);
    }
}
