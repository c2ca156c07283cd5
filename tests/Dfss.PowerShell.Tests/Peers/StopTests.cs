using System.Diagnostics;
using System.Management.Automation.Runspaces;
using Dfss.Commands;
using Dfss.Peers;
using Dfss.Tests.Conventions;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>Stopping peers that another caller stops too, or that do not stop.</summary>
public sealed class StopTests : IDisposable
{
    private readonly List<ProbePeer> probes = [];
    private readonly Session session;

    // What to do when the user is asked.
    private Action asked = () => { };

    public StopTests() => session = new Session(new AnsweringHost(_ =>
    {
        asked();
        return true;
    }));

    public void Dispose()
    {
        probes.ForEach(probe => SessionPeers.Remove(probe));
        session.Dispose();
    }

    [Fact]
    public async Task A_detached_peer_that_another_command_disposed_of_is_stopped()
    {
        var announcement = new PeerAnnouncement(
            PeerAnnouncement.Mark, Environment.ProcessId, Port: 1, ["localhost:1"], StoreId: string.Empty,
            DfssErrorCode.None, Message: null, Advice: null);
        var peer = new DetachedPeer(Process.GetCurrentProcess(), announcement, new PeerOptions(), session.Runspace);
        Assert.Equal(DfssPeerState.Running, peer.State);
        await peer.DisposeAsync();
        Assert.Equal(DfssPeerState.Stopped, peer.State);
    }

    [Fact]
    public async Task A_peer_that_another_caller_takes_meanwhile_is_not_stopped_twice()
    {
        ProbePeer peer = await AddAsync();
        asked = () => Assert.True(SessionPeers.Remove(peer));
        Result result = session.Run("Stop-DfssPeer -Id $id -Confirm -PassThru", ("id", peer.Id));
        Assert.Null(result.Ending);
        Assert.Equal("PeerNotOfSession", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Empty(result.Output);
        Assert.Equal((0, 0), (peer.Stops, peer.Disposals));
    }

    [Fact]
    public async Task A_peer_is_not_listed_while_it_is_stopped_and_disposed_of_once()
    {
        ProbePeer peer = await AddAsync();
        bool isListed = true;
        peer.Stopping = () => isListed = SessionPeers.List().Contains(peer);
        Assert.Equal(DfssPeerState.Stopped,
            session.Run("Stop-DfssPeer -Id $id -PassThru", ("id", peer.Id)).As<DfssPeerInfo>()[0].State);
        Assert.False(isListed);
        Assert.Equal((1, 1), (peer.Stops, peer.Disposals));
    }

    [Fact]
    public async Task A_peer_that_cannot_be_stopped_stays_listed_and_does_not_keep_the_others_from_it()
    {
        ProbePeer bad = await AddAsync();
        ProbePeer good = await AddAsync();
        bad.Stopping = () => throw new DfssException(DfssErrorCode.StoreFailed, "The store cannot be closed.");
        Result result = session.Run("Stop-DfssPeer -Id $ids -PassThru", ("ids", new[] { bad.Id, good.Id }));
        Assert.Null(result.Ending);
        Assert.Equal(
            ("StoreFailed", (object)bad.Id),
            (Result.IdOf(Assert.Single(result.Errors)), result.Errors[0].TargetObject));
        Assert.Equal(good.Id, ((DfssPeerInfo)Assert.Single(result.Output).BaseObject).Id);
        Assert.Contains(bad, SessionPeers.List());
        Assert.Equal((1, 0), (bad.Stops, bad.Disposals));
    }

    [Fact]
    public async Task A_peer_of_another_session_that_does_not_end_does_not_keep_the_others_from_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux shows what a process was started for.");
        using Process deaf = await StartShellAsync("trap '' TERM; ");
        using Process good = await StartShellAsync(string.Empty);
        try
        {
            DfssPeerInfo[] peers = [.. new[] { deaf, good }.Select(process => new DfssPeerInfo
            {
                Kind = DfssPeerKind.Remote,
                Endpoints = ["localhost:1"],
                ProcessId = process.Id,
                StopTimeout = TimeSpan.FromSeconds(process == deaf ? 0.3 : 60),
            })];
            Result result = session.Run("Stop-DfssPeer -InputObject $peers -PassThru", ("peers", peers));
            Assert.Null(result.Ending);
            Assert.Equal("TimedOut", Result.IdOf(Assert.Single(result.Errors)));
            Assert.Same(peers[0], result.Errors[0].TargetObject);
            Assert.Equal(good.Id, ((DfssPeerInfo)Assert.Single(result.Output).BaseObject).ProcessId);
            Assert.False(deaf.HasExited);
        }
        finally
        {
            deaf.Kill();
            good.Kill();
        }
    }

    private async Task<ProbePeer> AddAsync()
    {
        var peer = new ProbePeer(session.Runspace);
        await SessionPeers.AddAsync(peer);
        probes.Add(peer);
        return peer;
    }

    /// <summary>Starts what shows itself as a detached peer with a store in memory, and waits until it runs.</summary>
    private static async Task<Process> StartShellAsync(string first)
    {
        Process process = Process.Start(new ProcessStartInfo(
            "/bin/sh", ["-c", $"{first}echo ready; read line; : {ForeignDetachedPeer.CommandMark} -InMemory"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        return process;
    }

    private sealed class ProbePeer(Runspace session) : SessionPeer(session, identityName: null)
    {
        public int Stops { get; private set; }

        public int Disposals { get; private set; }

        public Action Stopping { get; set; } = () => { };

        internal override DfssPeerKind Kind => DfssPeerKind.Session;

        internal override int Port => 1;

        internal override IReadOnlyList<string> Addresses => ["localhost:1"];

        internal override DfssPeerState State => DfssPeerState.Running;

        internal override string StoreId => new('0', 32);

        internal override string? StorePath => null;

        internal override int ProcessId => Environment.ProcessId;

        internal override Task StopAsync(CancellationToken cancellationToken)
        {
            Stops++;
            Stopping();
            return Task.CompletedTask;
        }

        public override ValueTask DisposeAsync()
        {
            Disposals++;
            return ValueTask.CompletedTask;
        }
    }
}
