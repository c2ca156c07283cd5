using System.Management.Automation;
using System.Net.Sockets;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

public sealed class PeerCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();

    public PeerCommandTests() => session.Runspace.SessionStateProxy.Path.SetLocation(folder);

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_peer_listens_until_it_is_stopped()
    {
        DfssPeerInfo peer = Start("store");
        Assert.Equal(DfssPeerState.Running, peer.State);
        Assert.Equal(Path.Combine(folder, "store"), peer.StorePath);
        Assert.True(Listens(peer.Port));
        session.Run("$peer | Stop-DfssPeer", ("peer", peer)).ThrowIfFailed();
        Assert.False(Listens(peer.Port));
        Assert.Equal("PeerNotOfSession", Result.IdOf(Assert.Single(session.Run("$peer | Stop-DfssPeer", ("peer",
            peer)).Errors)));
    }

    [Fact]
    public void A_stopped_store_can_be_served_again_and_keeps_its_id()
    {
        DfssPeerInfo first = Start("store");
        session.Run($"Stop-DfssPeer -Port {first.Port}").ThrowIfFailed();
        Assert.Equal(first.StoreId, Start("store").StoreId);
    }

    [Fact]
    public void Many_peers_are_named_by_one_property()
    {
        Result result = session.Run(
            """
            $peers = foreach ($number in 1..2) { Start-DfssPeer -InMemory -Port 0 }
            $peers.Endpoint
            (Get-DfssPeer -Peer ($peers.Endpoint -join ',')).Port
            @(Get-DfssFileInfo -Peer $peers).Count
            $peers.Port
            """);
        object[] output = [.. result.As<object>()];
        Assert.Equal([$"localhost:{output[5]}", $"localhost:{output[6]}"], output[..2]);
        Assert.Equal(output[5..], output[2..4]);
        Assert.Equal(0, output[4]);
    }

    [Fact]
    public void Two_peers_on_one_store_are_an_error()
    {
        Start("store");
        Assert.Equal("StoreInUse", Result.IdOf(session.RunUntilError("Start-DfssPeer store -Port 0")));
    }

    [Fact]
    public void A_copied_store_starts_with_StoreCopied_or_StoreMoved()
    {
        Assert.SkipUnless(CopiedFolder.IsSupported, "Needs cp.");
        DfssPeerInfo original = Start("store");
        CopiedFolder.Copy(Path.Combine(folder, "store"), Path.Combine(folder, "copy"));
        Assert.Equal("StoreRelocated", Result.IdOf(session.RunUntilError("Start-DfssPeer copy -Port 0")));
        Assert.Equal(
            "MovedAndCopied",
            Result.IdOf(session.RunUntilError("Start-DfssPeer copy -Port 0 -StoreMoved -StoreCopied")));
        Result copied = session.Run("Start-DfssPeer copy -Port 0 -StoreCopied");
        copied.ThrowIfFailed();
        Assert.Contains("registers of 0 names are in", Assert.Single(copied.Warnings), StringComparison.Ordinal);
        DfssPeerInfo copy = Assert.Single(copied.As<DfssPeerInfo>());
        Assert.NotEqual(original.StoreId, copy.StoreId);
        session.Run("$peer | Stop-DfssPeer", ("peer", copy)).ThrowIfFailed();
        Assert.Equal(copy.StoreId, Start("copy").StoreId);
    }

    [Fact]
    public void Both_peers_of_a_store_that_runs_twice_are_listed_and_stopped()
    {
        Assert.SkipUnless(CopiedFolder.IsSupported, "Needs cp.");
        DfssPeerInfo first = Start("store");
        session.Run("$peer | Stop-DfssPeer", ("peer", first)).ThrowIfFailed();
        CopiedFolder.CopyUnnoticed(Path.Combine(folder, "store"), Path.Combine(folder, "copy"));
        DfssPeerInfo[] peers = [Start("store"), Start("copy")];
        Result listed = session.Run("Get-DfssPeer -Peer $peers", ("peers", peers));
        Assert.Equal(peers.Select(peer => peer.Id), listed.As<DfssPeerInfo>().Select(peer => peer.Id));
        File.WriteAllText(Path.Combine(folder, "file"), "content");
        Assert.Equal("StoreRunsTwice", Result.IdOf(Assert.Single(
            session.Run("Send-DfssFile file -Peer $peers", ("peers", peers)).Errors)));
        session.Run("Get-DfssPeer -Peer $peers | Stop-DfssPeer", ("peers", peers)).ThrowIfFailed();
        Assert.All(peers, peer => Assert.False(Listens(peer.Port)));
    }

    [Fact]
    public void A_port_in_use_is_an_error()
    {
        DfssPeerInfo peer = Start("store");
        Assert.Equal("AddressUnavailable",
            Result.IdOf(session.RunUntilError($"Start-DfssPeer -InMemory -Port {peer.Port}")));
    }

    [Fact]
    public void Listening_beyond_loopback_needs_the_switch() =>
        Assert.Equal("InvalidArgument",
            Result.IdOf(session.RunUntilError("Start-DfssPeer -InMemory -Port 0 -Address *")));

    [Fact]
    public void Peers_of_the_session_are_listed_with_what_they_hold()
    {
        DfssPeerInfo started = Start("store");
        DfssPeerInfo listed = session.Run($"Get-DfssPeer -Id {started.Id}").As<DfssPeerInfo>()[0];
        Assert.Equal(started.StoreId, listed.StoreId);
        Assert.Equal(DfssPeerKind.Session, listed.Kind);
        Assert.Equal(0, listed.Chunks);
        Assert.Equal(Environment.ProcessId, listed.ProcessId);
        Assert.NotNull(listed.FreeBytes);
        Assert.NotNull(listed.Scrub);
        Assert.Equal((8L << 20, 0, 0), (listed.ScrubRate, listed.CorruptChunks, listed.QuarantinedChunks));
        Assert.Null(started.Scrub);
    }

    [Fact]
    public void A_peer_can_be_asked_by_its_address()
    {
        DfssPeerInfo started = Start("store");
        DfssPeerInfo asked = session.Run("Get-DfssPeer -Peer $peer", ("peer", started)).As<DfssPeerInfo>()[0];
        Assert.Equal(started.StoreId, asked.StoreId);
        Result result = session.Run("Get-DfssPeer -Peer localhost:1, $peer", ("peer", started));
        Assert.Equal("PeerUnreachable", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Single(result.Output);
    }

    [Fact]
    public void Removing_the_module_stops_the_peers_of_that_session_only()
    {
        using var other = new Session();
        other.Runspace.SessionStateProxy.Path.SetLocation(folder);
        DfssPeerInfo mine = Start("mine");
        DfssPeerInfo theirs = other.Run("Start-DfssPeer theirs -Port 0").As<DfssPeerInfo>()[0];
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }").ThrowIfFailed();
        Assert.False(Listens(mine.Port));
        Assert.True(Listens(theirs.Port));
        other.Run("$peer | Stop-DfssPeer", ("peer", theirs)).ThrowIfFailed();
        Assert.False(Listens(theirs.Port));
    }

    [Fact]
    public async Task Waiting_ends_with_Ctrl_C_and_the_peer_with_it()
    {
        using System.Management.Automation.PowerShell engine = session.Create();
        engine.AddScript("Start-DfssPeer -InMemory -Port 0 -Wait");
        using var output = new PSDataCollection<PSObject>();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        output.DataAdded += (_, _) => started.TrySetResult();
        IAsyncResult running = engine.BeginInvoke<PSObject, PSObject>(null, output);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        int port = ((DfssPeerInfo)output[0].BaseObject).Port;
        Assert.True(Listens(port));
        await Task.Factory.FromAsync(engine.BeginStop(null, null), engine.EndStop);
        Assert.Throws<PipelineStoppedException>(() => engine.EndInvoke(running));
        Assert.False(Listens(port));
    }

    private DfssPeerInfo Start(string store) => session.Run($"Start-DfssPeer {store} -Port 0").As<DfssPeerInfo>()[0];

    private static bool Listens(int port)
    {
        using var client = new TcpClient();
        try
        {
            client.Connect("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
