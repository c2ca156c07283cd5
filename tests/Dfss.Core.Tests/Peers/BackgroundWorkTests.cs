using System.Collections.Concurrent;
using System.Net;
using Dfss.Peers;
using Dfss.Security;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Transfer;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>What a peer does in the background outlives its failures, and a peer's stop tells of its own.</summary>
public sealed class BackgroundWorkTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Work_that_met_an_unexpected_exception_is_restarted_and_clients_see_it()
    {
        FailingClock clock = new();
        ConcurrentQueue<string> log = new();
        int asked = 0;
        using TestAuthority authority = new();
        await using TlsPeer peer = await TlsPeer.StartAsync(
            authority.IdentifyPeer,
            options => options with
            {
                TimeProvider = clock,
                Log = log.Enqueue,
                RenewIdentity = (shown, _, _) =>
                    ++asked <= 2 ? throw new InvalidOperationException("no certificate today") : Task.FromResult(shown),
            },
            Token);
        // A failure is shown before its line is in the log.
        await WaitUntilAsync(() => log.Any(
            line => line.Contains("Certificate renewal failed", StringComparison.Ordinal)));
        await using DfssClient client = new(
            [peer.Address], new TransferOptions { Identity = authority.Identify(DfssRole.Reader) });
        BackgroundTaskInfo seen = (await client.GetPeerInfoAsync(peer.Address, Token)).BackgroundTasks
            .Single(task => task.Name == "Certificate renewal");
        Assert.Equal((false, "no certificate today"), (seen.IsRunning, seen.LastError));
        Assert.NotNull(seen.FailedSince);
        Assert.Contains(log, line => line.Contains("Certificate renewal failed", StringComparison.Ordinal)
            && line.Contains(nameof(BackgroundWorkTests), StringComparison.Ordinal));
        await AdvanceUntilAsync(
            clock, () => asked >= 3 && WorkOf(peer.Peer, "Certificate renewal").FailedSince is null);
        Assert.Equal(2, WorkOf(peer.Peer, "Certificate renewal").Restarts);
        Assert.Contains("Certificate renewal works again.", log);
    }

    [Fact]
    public async Task A_watch_on_revocations_that_cannot_run_closes_the_peer_to_new_connections_until_it_runs_again()
    {
        FailingClock clock = new();
        using TestAuthority authority = new();
        await using TlsPeer peer = await TlsPeer.StartAsync(
            authority.IdentifyPeer, options => options with { TimeProvider = clock }, Token);
        TlsIdentity reader = authority.Identify(DfssRole.Reader);
        await using ClientChannel connected = await peer.ConnectAsync(reader, Token);

        clock.IsBroken = true;
        clock.Advance(peer.Peer.Options.IdentityInterval);
        await WaitUntilAsync(() => WorkOf(peer.Peer, "Revocation watch").FailedSince is not null);
        clock.IsBroken = false;
        DfssException refused = await Assert.ThrowsAsync<DfssException>(() => peer.ConnectAsync(reader, Token));
        Assert.Equal((DfssErrorCode.RevocationStatusUnknown, true), (refused.Code, refused.IsTransient));
        await connected.PingAsync(Token);

        await AdvanceUntilAsync(clock, () => WorkOf(peer.Peer, "Revocation watch").FailedSince is null);
        await using ClientChannel after = await peer.ConnectAsync(reader, Token);
        await after.PingAsync(Token);
    }

    [Fact]
    public async Task A_stop_that_fails_is_an_error_and_closes_the_store_all_the_same()
    {
        using TemporaryFolder folder = new();
        PeerOptions options = new() { Port = 0, StorePath = folder["store"], AllowUnauthenticatedNetwork = true };
        DfssPeer peer = await DfssPeer.StartAsync(
            options, new DurableFile(beforeStep: null),
            (address, port) => new BadListener(TcpTransport.Listen(address, port)), Token);
        await peer.StopAsync().WaitAsync(Limit, Token);
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => peer.Completion.WaitAsync(Limit, Token));
        Assert.Equal("bad listener", error.Message);
        await using DfssPeer next = await DfssPeer.StartAsync(options, Token);
    }

    private static BackgroundTaskInfo WorkOf(DfssPeer peer, string name) =>
        peer.BackgroundTasks.Single(task => task.Name == name);

    private static async Task WaitUntilAsync(Func<bool> isMet)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Limit);
        while (!isMet())
        {
            await Task.Delay(1, limit.Token);
        }
    }

    private static Task AdvanceUntilAsync(FakeTimeProvider clock, Func<bool> isMet) => WaitUntilAsync(() =>
    {
        clock.Advance(TimeSpan.FromMilliseconds(100));
        return isMet();
    });

    /// <summary>
    /// A clock that does not tell the time while it is broken: what looks at certificates then fails unexpectedly.
    /// </summary>
    private sealed class FailingClock : FakeTimeProvider
    {
        private readonly TimeSpan ahead = TimeProvider.System.GetUtcNow() - new FakeTimeProvider().GetUtcNow();

        public bool IsBroken { get; set; }

        public override DateTimeOffset GetUtcNow() =>
            IsBroken && Environment.StackTrace.Contains("Recheck", StringComparison.Ordinal)
                ? throw new InvalidOperationException("broken clock")
                : base.GetUtcNow() + ahead;
    }

    private sealed class BadListener(IConnectionListener inner) : IConnectionListener
    {
        public IReadOnlyList<IPEndPoint> Endpoints => inner.Endpoints;

        public ValueTask<IConnection> AcceptAsync(CancellationToken cancellationToken) =>
            inner.AcceptAsync(cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            throw new InvalidOperationException("bad listener");
        }
    }
}
