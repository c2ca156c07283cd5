using System.Management.Automation;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>
/// Messages about peers at other addresses, ports and folders, and that their advice leads to the end.
/// </summary>
public sealed class AdviceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Session session = new();

    public AdviceTests() => session.Runspace.SessionStateProxy.Path.SetLocation(WildcardPattern.Escape(folder.Path));

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_store_that_moved_from_a_port_where_another_one_answers_now_is_named_and_found_with_Peer()
    {
        File.WriteAllText(folder["a.txt"], "contents");
        Result moved = session.Run(
            """
            $first = Start-DfssPeer store1 -Port 0
            $second = Start-DfssPeer store2 -Port 0
            $null = Send-DfssFile a.txt -Peer $first, $second
            Stop-DfssPeer -InputObject $first
            $other = Start-DfssPeer -InMemory -Port $first.Port
            Test-DfssFile a.txt -Peer $second
            $first, $other
            """).ThrowIfFailed();
        Assert.Equal([false], moved.Output.Select(one => one.BaseObject).OfType<bool>());
        DfssPeerInfo[] peers = [.. moved.Output.Select(one => one.BaseObject).OfType<DfssPeerInfo>()];
        string warning = string.Join(" ", moved.Warnings);
        Assert.Contains(
            $"At {peers[0].Endpoint} store {peers[1].StoreId} answers now, and not store {peers[0].StoreId}.", warning,
            StringComparison.Ordinal);
        Assert.Contains("give that address with -Peer", warning, StringComparison.Ordinal);
        Assert.DoesNotContain("-StoreMoved", warning, StringComparison.Ordinal);

        Result followed = session.Run(
            "$again = Start-DfssPeer store1 -Port 0; Test-DfssFile a.txt -Peer $second, $again");
        Assert.Equal([true], followed.ThrowIfFailed().As<bool>());
        Assert.Empty(followed.Warnings);
    }

    [Fact]
    public void A_file_whose_peers_do_not_answer_says_that_they_may_run_at_other_addresses()
    {
        File.WriteAllText(folder["a.txt"], "contents");
        Result failed = session.Run(
            """
            $first = Start-DfssPeer store1 -Port 0
            $second = Start-DfssPeer store2 -Port 0
            $null = Send-DfssFile a.txt -Peer $first, $second
            Stop-DfssPeer -InputObject $first
            Send-DfssFile a.txt -Force -Peer $second
            """);
        ErrorRecord error = Assert.Single(failed.Errors);
        Assert.Contains("give these with -Peer", Advice(error), StringComparison.Ordinal);
        session.Run("$first = Start-DfssPeer store1 -Port 0; $null = Send-DfssFile a.txt -Force -Peer $second, $first")
            .ThrowIfFailed();
    }

    [Theory]
    [InlineData("Start-DfssPeer -InMemory -Port 99999", "'Port'", "65535")]
    [InlineData("Start-DfssPeer -InMemory -Port -1", "'Port'", "0")]
    [InlineData("Get-DfssFileInfo -Peer localhost:99999", "localhost:99999", "a port is 1 to 65535")]
    [InlineData("Get-DfssFileInfo -Peer localhost:0", "localhost:0", "a port is 1 to 65535")]
    public void A_port_out_of_range_is_named_with_the_range(string command, string named, string range)
    {
        string message = session.RunUntilError(command).Exception.Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains(range, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_no_store_can_be_opened_in_is_named_with_what_to_do()
    {
        File.WriteAllText(folder["file"], "no folder");
        ErrorRecord error = session.RunUntilError("Start-DfssPeer file/store -Port 0");
        Assert.Equal("StoreFailed", Result.IdOf(error));
        Assert.Contains(folder["file/store"], error.Exception.Message, StringComparison.Ordinal);
        Assert.Contains("another folder with -StorePath", Advice(error), StringComparison.Ordinal);
    }

    private static string Advice(ErrorRecord error) => error.ErrorDetails.RecommendedAction;
}
