using System.Management.Automation.Runspaces;
using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Peers;

public sealed class SessionPeersTests
{
    [Fact]
    public async Task A_peer_takes_the_place_of_a_stopped_one_of_its_store()
    {
        using Runspace session = RunspaceFactory.CreateRunspace(InitialSessionState.Create());
        await using EndingPeer first = new(session, "one");
        await using EndingPeer other = new(session, "two");
        await using EndingPeer running = new(session, "one");
        await using EndingPeer second = new(session, "one");
        try
        {
            await SessionPeers.AddAsync(first);
            await SessionPeers.AddAsync(other);
            await SessionPeers.AddAsync(running);
            Assert.Contains(first, SessionPeers.List());
            first.End();
            other.End();
            await SessionPeers.AddAsync(second);

            Assert.DoesNotContain(first, SessionPeers.List());
            Assert.True(first.IsDisposed);
            Assert.Equal([other, running, second], SessionPeers.List().OfType<EndingPeer>());
        }
        finally
        {
            Assert.Equal(
                [false, true, true, true], new[] { first, other, running, second }.Select(SessionPeers.Remove));
        }
    }

    private sealed class EndingPeer(Runspace session, string storeId) : SessionPeer(session, identityName: null)
    {
        private DfssPeerState state = DfssPeerState.Running;

        internal bool IsDisposed { get; private set; }

        internal override DfssPeerKind Kind => DfssPeerKind.Detached;

        internal override int Port => 1;

        internal override IReadOnlyList<string> Addresses => [];

        internal override DfssPeerState State => state;

        internal override string StoreId => storeId;

        internal override string? StorePath => null;

        internal override int ProcessId => 1;

        public override ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }

        internal override Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        internal void End() => state = DfssPeerState.Stopped;
    }
}
