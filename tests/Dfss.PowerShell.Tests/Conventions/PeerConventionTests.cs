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
        Assert.Equal(
            "AmbiguousParameterSet", Result.IdOf(session.RunUntilError("Get-DfssPeer -Id 1 -Peer $peer")));

    [Theory]
    [InlineData("Get-DfssPeer $peer.Endpoint")]
    [InlineData("Get-DfssPeer $peer")]
    [InlineData("Get-DfssPeer $peer.Id")]
    public void A_peer_is_named_without_its_parameter(string script) =>
        Assert.Equal([peer.StoreId], session.Run(script).As<DfssPeerInfo>().Select(found => found.StoreId));

    [Fact]
    public void The_store_to_optimize_is_named_without_its_parameter() => Assert.Equal(
        [peer.Endpoint],
        session.Run("Optimize-DfssStore $peer 0 -Confirm:$false").As<DfssStoreOptimization>()
            .Select(one => one.Endpoint));

    [Theory]
    [InlineData("Stop-DfssPeer -Peer $other.Endpoint -PassThru")]
    [InlineData("Stop-DfssPeer $other.Endpoint -PassThru")]
    [InlineData("Stop-DfssPeer -Peer $other -PassThru")]
    [InlineData("Stop-DfssPeer -Peer \"127.0.0.1:$($other.Port)\" -PassThru")]
    public void A_peer_is_stopped_by_its_address(string script)
    {
        DfssPeerInfo other = session.Run("$other = Start-DfssPeer -InMemory -Port 0; $other").As<DfssPeerInfo>()[0];
        DfssPeerInfo stopped = Assert.Single(session.Run(script).As<DfssPeerInfo>());
        Assert.Equal((other.Id, DfssPeerState.Stopped), (stopped.Id, stopped.State));
        Assert.Equal(
            "PeerUnreachable", Result.IdOf(Assert.Single(session.Run("Stop-DfssPeer -Peer $other").Errors)));
        Assert.Equal(DfssPeerState.Running, session.Run("Get-DfssPeer -Id $peer.Id").As<DfssPeerInfo>()[0].State);
    }

    [Fact]
    public void Peers_that_are_piped_are_asked_together_for_their_files()
    {
        string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
        try
        {
            session.Runspace.SessionStateProxy.Path.SetLocation(folder);
            Array.ForEach(["a", "b"], name => File.WriteAllText(Path.Combine(folder, name), name));
            session.Run(
                "$other = Start-DfssPeer -InMemory -Port 0; $null = Send-DfssFile a -Peer $peer, $other; "
                    + "$null = Send-DfssFile b -Peer $other").ThrowIfFailed();
            Assert.Equal(["a", "b"], Names("$peer, $other | Get-DfssFileInfo"));
            Assert.Equal(["b"], Names("$peer, $other | Get-DfssFileInfo b"));
            Assert.Equal(["a", "b"], Names("Get-DfssPeer $peer | Get-DfssFileInfo"));
            Assert.Equal(
                ["b"],
                Names(
                    "[Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]"
                        + "::Serialize($other)) | Get-DfssFileInfo -LiteralName b"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_peers_of_this_session_are_used_where_nothing_names_others()
    {
        string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
        try
        {
            session.Runspace.SessionStateProxy.Path.SetLocation(folder);
            File.WriteAllText(Path.Combine(folder, "a"), "a");
            session.Run("$other = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
            DfssFileInfo sent = Assert.Single(session.Run("Send-DfssFile a").As<DfssFileInfo>());
            Assert.Equal(2, sent.PresentReplicas);
            IEnumerable<string> listed =
                session.Run("Get-DfssPeer").As<DfssPeerInfo>().Take(2).Select(one => one.Endpoint);
            Assert.Equal(sent.Peers.Order(), listed.Order());

            // Another session of this process has no peers of its own.
            using Session second = new();
            Assert.Equal("PeerMissing", Result.IdOf(second.RunUntilError("Get-DfssFileInfo")));
            session.Run("Stop-DfssPeer -InputObject $other").ThrowIfFailed();
            Assert.Equal(["a"], Names("Get-DfssFileInfo -WarningAction Ignore"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("Send-DfssFile x -Peer ", "Endpoint")]
    [InlineData("Get-DfssFileInfo -Peer 'localhost:", "Endpoint")]
    [InlineData("Stop-DfssPeer -Port ", "Port")]
    [InlineData("Stop-DfssPeer -Id ", "Id")]
    [InlineData("Get-DfssPeer ", "Id")]
    [InlineData("Get-DfssPeer localhost:", "Endpoint")]
    [InlineData("Stop-DfssPeer localhost:", "Endpoint")]
    public void Peers_of_the_session_are_offered_while_typing(string text, string property)
    {
        string expected = PSObject.AsPSObject(peer).Properties[property].Value.ToString()!;
        Assert.Contains(expected, Complete(text));
        Assert.All(Complete(text), Assert.NotNull);
        Assert.DoesNotContain(expected, Complete($"{text}no-such"));
    }

    private string[] Names(string script) =>
        [.. session.Run(script).As<DfssFileInfo>().Select(file => file.Name)];

    private string[] Complete(string text) => [.. session.Run(
        "[Management.Automation.CommandCompletion]::CompleteInput($text, $text.Length, $null).CompletionMatches"
            + " | ForEach-Object { $_.CompletionText }",
        ("text", text)).As<string>()];
}
