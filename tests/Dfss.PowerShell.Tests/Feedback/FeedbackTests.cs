using System.Management.Automation;
using System.Management.Automation.Subsystem.Feedback;
using Dfss.Testing;
using Xunit;
using Engine = System.Management.Automation.PowerShell;

namespace Dfss.Tests.Feedback;

/// <summary>What PowerShell answers to a failed line, asked as its console asks before the next prompt.</summary>
public sealed class FeedbackTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Session session = new();

    public FeedbackTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        File.WriteAllText(Path.Combine(folder.Path, "disk1.iso"), "content");
        Directory.CreateDirectory(Path.Combine(folder.Path, "tree"));
        File.WriteAllText(Path.Combine(folder.Path, "tree/leaf"), "leaf");
        session.Run(
            """
            $peers = foreach ($number in 1..3) { Start-DfssPeer -InMemory -Port 0 }
            Send-DfssFile disk1.iso -Peer $peers
            Send-DfssFile disk1.iso -Name "o'clock [1]" -Peer $peers
            """).ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("Get-DfssFileInfo Disk1.iso -Peer $peers", "Get-DfssFileInfo disk1.iso -Peer $peers")]
    [InlineData(
        "$info = Get-DfssFileInfo -Name 'disk1.is' -Peer $peers[0]",
        "$info = Get-DfssFileInfo -Name disk1.iso -Peer $peers[0]")]
    [InlineData(
        "Get-DfssFileInfo -LiteralName \"O'clock [1]\" -Peer $peers",
        "Get-DfssFileInfo -LiteralName 'o''clock [1]' -Peer $peers")]
    [InlineData(
        "Receive-DfssFile disk2.iso -Destination x -Peer $peers | Out-Null",
        "Receive-DfssFile disk1.iso -Destination x -Peer $peers | Out-Null")]
    [InlineData(
        "Receive-DfssFile disk1.iso -Destination ./tree/leaf -Peer $peers",
        "Receive-DfssFile disk1.iso -Destination ./tree/leaf -Peer $peers -Force")]
    [InlineData("Send-DfssFile tree -Peer $peers", "Send-DfssFile tree -Peer $peers -Recurse")]
    [InlineData("Get-DfssFileInfo absent -Peer $peers", "Get-DfssFileInfo -Peer $peers")]
    public void The_suggested_line_succeeds(string line, string suggested)
    {
        FeedbackItem item = Assert.IsType<FeedbackItem>(Ask(line));
        Assert.EndsWith(":", item.Header, StringComparison.Ordinal);
        Assert.Equal([suggested], item.RecommendedActions!);
        session.Run(suggested).ThrowIfFailed();
    }

    [Fact]
    public void For_a_name_that_exists_the_line_with_Force_replaces_the_file()
    {
        const string Line = "Send-DfssFile ./tree/leaf -Name disk1.iso -Peer $peers";
        FeedbackItem item = Assert.IsType<FeedbackItem>(Ask(Line));
        Assert.Equal([$"{Line} -Force"], item.RecommendedActions!);
        session.Run($"{Line} -Force").ThrowIfFailed();
        Assert.Equal(4L, Assert.Single(
            session.Run("Get-DfssFileInfo disk1.iso -Peer $peers").ThrowIfFailed().Output).Properties["Length"].Value);
    }

    [Fact]
    public void For_too_few_copies_the_line_with_one_copy_succeeds()
    {
        session.Run("Stop-DfssPeer $peers[2]").ThrowIfFailed();
        FeedbackItem item = Assert.IsType<FeedbackItem>(
            Ask("Send-DfssFile tree/leaf -Peer $peers -Replicas 3 -MinimumReplicas 3"));
        Assert.Equal(
            ["Get-DfssPeer -Peer $peers", "Send-DfssFile tree/leaf -Peer $peers -Replicas 3 -MinimumReplicas 1"],
            item.RecommendedActions!);

        // What cannot be changed is not repeated as it failed.
        FeedbackItem unchanged = Assert.IsType<FeedbackItem>(
            Ask("Send-DfssFile tree/leaf -Peer $peers -Replicas 3 -MinimumReplicas:3"));
        Assert.Equal(["Get-DfssPeer -Peer $peers"], unchanged.RecommendedActions!);
        session.Run(item.RecommendedActions![1]).ThrowIfFailed();
    }

    [Fact]
    public void For_a_peer_of_this_machine_that_does_not_run_the_start_on_its_port_is_suggested()
    {
        string address = (string)session.Run("$stopped = $peers[2].Endpoints[0]; Stop-DfssPeer $peers[2]; $stopped")
            .ThrowIfFailed().Output[0].BaseObject;
        FeedbackItem item = Assert.IsType<FeedbackItem>(Ask($"Get-DfssFileInfo -Peer {address}"));
        Assert.Equal([$"Start-DfssPeer STOREPATH -Port {address.Split(':')[^1]}"], item.RecommendedActions!);
    }

    [Theory]
    [InlineData(
        "Remove-DfssFile Disk1.iso -Force -Peer $peers", "Get-DfssFileInfo -LiteralName disk1.iso -Peer $peers")]
    [InlineData("Rename-DfssFile Disk1.iso x -Peer $peers", "Get-DfssFileInfo -LiteralName disk1.iso -Peer $peers")]
    [InlineData(
        "'Disk1.iso' | Receive-DfssFile -Destination x -Peer $peers",
        "Get-DfssFileInfo -LiteralName disk1.iso -Peer $peers")]
    [InlineData("Receive-DfssFile d*.iso, disk1.iso -Destination ./tree/leaf -Peer $peers", null)]
    [InlineData("'./tree/leaf' | Send-DfssFile -Name disk1.iso -Peer $peers", null)]
    [InlineData("Send-DfssFile -Path ./tree/*f -Name disk1.iso -Peer $peers", null)]
    public void What_could_change_more_than_was_meant_is_not_suggested(string line, string? suggested)
    {
        FeedbackItem? item = Ask(line);
        Assert.Equal(suggested is null ? [] : [suggested], item?.RecommendedActions ?? []);
    }

    [Fact]
    public void Only_the_statement_that_failed_is_repeated()
    {
        FeedbackItem item = Assert.IsType<FeedbackItem>(
            Ask("$ran++; $info = Get-DfssFileInfo Disk1.iso -Peer $peers"));
        Assert.Equal(["$info = Get-DfssFileInfo disk1.iso -Peer $peers"], item.RecommendedActions!);
    }

    [Fact]
    public void What_a_function_ran_is_not_rewritten()
    {
        session.Run(
            "function Get-It { Receive-DfssFile disk1.iso -Destination ./tree/leaf -Peer $peers -ErrorAction Stop }")
            .ThrowIfFailed();
        Assert.Null(Ask("Get-It"));
    }

    [Theory]
    [InlineData("Get-DfssFileInfo -Peer $peers")]
    [InlineData("throw 'PeerMissing'")]
    [InlineData("Get-DfssFileInfo Disk1.iso -Peer $peers; throw 'another'")]
    public void A_line_that_succeeds_and_a_failure_of_others_get_no_answer(string line) => Assert.Null(Ask(line));

    private FeedbackItem? Ask(string line)
    {
        using (Engine engine = session.Create())
        {
            try
            {
                engine.AddScript(line).Invoke<PSObject>(
                    input: null, new PSInvocationSettings { AddToHistory = true });
            }
            catch (RuntimeException)
            {
                // The engine keeps it in $Error, which is where the feedback looks.
            }
        }

        return FeedbackHub.GetFeedback(session.Runspace)?.SingleOrDefault(result => result.Name == "dfss")?.Item;
    }
}
