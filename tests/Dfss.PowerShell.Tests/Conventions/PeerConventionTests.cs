using System.Management.Automation;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>Naming peers: objects of other sessions, completion, and what excludes what.</summary>
public sealed class PeerConventionTests : IDisposable
{
    private readonly Session session = new();
    private readonly DfssPeerInfo peer;

    public PeerConventionTests() =>
        peer = session.Run("$peer = Start-DfssPeer -InMemory -Port 0; $peer").As<DfssPeerInfo>()[0];

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
    }

    [Fact]
    public void Peers_that_came_over_remoting_can_be_asked_and_are_not_stopped_by_their_number()
    {
        session.Run(
            "$copy = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($peer))")
            .ThrowIfFailed();
        Assert.Equal(peer.StoreId, session.Run("Get-DfssPeer -Peer $copy").As<DfssPeerInfo>()[0].StoreId);
        ErrorRecord error = Assert.Single(session.Run("$copy | Stop-DfssPeer").Errors);
        Assert.StartsWith(
            "ParameterArgumentTransformationError", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains($"{peer.Endpoint} is of another session", error.Exception.Message, StringComparison.Ordinal);
        Assert.Equal(DfssPeerState.Running, session.Run("Get-DfssPeer -Id $peer.Id").As<DfssPeerInfo>()[0].State);
    }

    [Theory]
    [InlineData("Stop-DfssPeer -InputObject $copies")]
    [InlineData("Stop-DfssPeer -InputObject $peer, $copies[1]")]
    public void Peers_that_came_over_remoting_are_refused_in_an_array_too(string script)
    {
        session.Run(
            "$copies = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize("
                + "@($peer, $peer)))").ThrowIfFailed();
        Assert.Contains($"{peer.Endpoint} is of another session", session.RunUntilError(script).Exception.Message,
            StringComparison.Ordinal);
        Assert.Equal(DfssPeerState.Running, session.Run("Get-DfssPeer -Id $peer.Id").As<DfssPeerInfo>()[0].State);
    }

    [Theory]
    [InlineData("@{ Endpoint = $peer.Endpoint }")]
    [InlineData("@{ Peers = @($peer.Endpoint) }")]
    [InlineData("[pscustomobject]@{ Endpoint = $peer.Endpoint }")]
    public void Peers_are_taken_from_what_has_an_endpoint(string given) => Assert.Equal(
        peer.StoreId, session.Run($"Get-DfssPeer -Peer ({given})").As<DfssPeerInfo>()[0].StoreId);

    [Fact]
    public void Files_that_came_over_remoting_bind_by_their_names()
    {
        string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
        try
        {
            session.Runspace.SessionStateProxy.Path.SetLocation(folder);
            File.WriteAllText(Path.Combine(folder, "[1].txt"), "brackets");
            session.Run(
                "$sent = Send-DfssFile -LiteralPath '[1].txt' -Peer $peer; $copy = [Management.Automation.PSSerializer]"
                    + "::Deserialize([Management.Automation.PSSerializer]::Serialize($sent))").ThrowIfFailed();
            Assert.Equal("PeerMissing",
                Result.IdOf(session.RunUntilError("$copy | Receive-DfssFile -Destination out/")));
            FileInfo received =
                session.Run("$copy | Receive-DfssFile -Destination out/ -Peer $copy").As<FileInfo>()[0];
            Assert.Equal("brackets", File.ReadAllText(received.FullName));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Several_peers_are_stopped_as_an_array()
    {
        session.Run("$two = (Start-DfssPeer -InMemory -Port 0), (Start-DfssPeer -InMemory -Port 0)").ThrowIfFailed();
        Assert.Equal(2, session.Run("Stop-DfssPeer -InputObject $two -PassThru").As<DfssPeerInfo>().Count);
    }

    [Fact]
    public void Id_and_Peer_exclude_each_other() =>
        Assert.Equal("IdAndPeer", Result.IdOf(session.RunUntilError("Get-DfssPeer -Id 1 -Peer $peer")));

    [Theory]
    [InlineData("Send-DfssFile x -Peer ", "Endpoint")]
    [InlineData("Get-DfssFileInfo -Peer 'localhost:", "Endpoint")]
    [InlineData("Stop-DfssPeer -Port ", "Port")]
    [InlineData("Stop-DfssPeer -Id ", "Id")]
    [InlineData("Get-DfssPeer ", "Id")]
    public void Peers_of_the_session_are_offered_while_typing(string text, string property)
    {
        string expected = PSObject.AsPSObject(peer).Properties[property].Value.ToString()!;
        Assert.Contains(expected, Complete(text));
        Assert.DoesNotContain(expected, Complete($"{text}no-such"));
    }

    private string[] Complete(string text) => [.. session.Run(
        "[Management.Automation.CommandCompletion]::CompleteInput($text, $text.Length, $null).CompletionMatches"
            + " | ForEach-Object { $_.CompletionText }",
        ("text", text)).As<string>()];
}
