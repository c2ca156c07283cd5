using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Transport;

public class PeerLinkTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bulk_and_the_rest_have_a_connection_each_made_when_needed()
    {
        await using FakePeer peer = new((_, _, _) => new((DfssErrorCode.None, MessageMap.Empty, null)));
        await using PeerLink link = new(peer.Address, ClientChannelOptions.Default);
        Assert.Equal(peer.StoreId, (await link.HelloAsync(Token)).Hello.StoreId);
        (await link.CallAsync(Call(isBulk: false), Token)).Dispose();
        Assert.Single(peer.Connections);
        (await link.CallAsync(Call(isBulk: true), Token)).Dispose();
        (await link.CallAsync(Call(isBulk: true), Token)).Dispose();
        Assert.Equal(2, peer.Connections.Count);
    }

    [Fact]
    public async Task After_a_break_the_next_call_connects_again()
    {
        await using FakePeer peer = new((_, _, _) => new((DfssErrorCode.None, MessageMap.Empty, null)));
        await using PeerLink link = new(peer.Address, ClientChannelOptions.Default);
        for (int round = 1; round <= 3; round++)
        {
            // The first call may still meet the connection that was broken a moment ago.
            while (peer.Connections.Count < round)
            {
                Exception? failure = await Record.ExceptionAsync(
                    async () => (await link.CallAsync(Call(isBulk: false), Token)).Dispose());
                Assert.True(
                    failure is null or DfssException { Code: DfssErrorCode.PeerUnreachable }, failure?.ToString());
            }

            peer.Connections[^1].Abort();
        }
    }

    [Fact]
    public async Task Another_store_at_the_same_address_is_another_peer()
    {
        await using FakePeer peer = new((_, _, _) => new((DfssErrorCode.None, MessageMap.Empty, null)));
        await using PeerLink link = new(peer.Address, ClientChannelOptions.Default);
        StoreId first = (await link.HelloAsync(Token)).Hello.StoreId;
        peer.StoreId = StoreId.Create();
        DfssException exception = await Assert.ThrowsAsync<DfssException>(
            async () => await link.CallAsync(Call(isBulk: true), Token));
        Assert.Equal(DfssErrorCode.PeerUnreachable, exception.Code);
        Assert.Contains(first.ToString(), exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_request_is_reported_with_its_bytes_and_its_outcome()
    {
        await using FakePeer peer = new((request, _, _) => new(
            (request.Operation == Operations.Ping ? DfssErrorCode.None : DfssErrorCode.StoreFull,
                MessageMap.Empty, null)));
        List<string> told = [];
        await using PeerLink link = new(peer.Address, ClientChannelOptions.Default with { Debug = told.Add });
        (await link.CallAsync(
            new(Operations.Ping, MessageMap.Empty, new byte[3], null, IsBulk: false), Token)).Dispose();
        await Assert.ThrowsAsync<DfssException>(async () =>
            await link.CallAsync(new(Operations.PeerInfo, MessageMap.Empty, null, null, IsBulk: false), Token));
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await link.CallAsync(Call(isBulk: true), cancelled.Token));
        Assert.Collection(
            told,
            line => Assert.Matches($@"^{peer.Address} ping, 3 B out: ok, 0 B back, \d+\.\d ms$", line),
            line => Assert.Matches($@"^{peer.Address} peer_info, 0 B out: StoreFull, \d+\.\d ms$", line),
            line => Assert.Contains(": cancelled, ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_slow_peer_that_answers_ping_is_waited_for()
    {
        FakeTimeProvider clock = new();
        TaskCompletionSource asked = new();
        TaskCompletionSource release = new();
        int pings = 0;
        await using FakePeer peer = new(async (request, _, _) =>
        {
            if (request.Operation == Operations.Ping)
            {
                Interlocked.Increment(ref pings);
            }
            else
            {
                asked.TrySetResult();
                await release.Task;
            }

            return (DfssErrorCode.None, MessageMap.Empty, null);
        });
        await using PeerLink link = new(
            peer.Address, new() { Channel = new() { TimeProvider = clock, IdleLimit = null } });
        Task<Response> slow = link.CallAsync(Call(isBulk: true), Token).AsTask();

        // The clock stands still until hello has been answered: it has a time-out of its own. Then the peer has half a
        // second of real time in each of the four steps that it may be silent for.
        await asked.Task.WaitAsync(Soon, Token);
        for (int expected = 1; expected <= 6; expected++)
        {
            await AdvanceUntilAsync(
                clock, TimeSpan.FromSeconds(5), () => Volatile.Read(ref pings) >= expected,
                TimeSpan.FromMilliseconds(500));
        }

        Assert.False(slow.IsCompleted);
        release.SetResult();
        (await slow.WaitAsync(Soon, Token)).Dispose();
    }

    [Fact]
    public async Task A_peer_that_answers_no_ping_is_dead()
    {
        FakeTimeProvider clock = new();
        TaskCompletionSource asked = new();
        await using FakePeer peer = new((_, _, _) =>
        {
            asked.TrySetResult();
            return default;
        });
        await using PeerLink link = new(
            peer.Address, new() { Channel = new() { TimeProvider = clock, IdleLimit = null } });
        Task<Response> waiting = link.CallAsync(Call(isBulk: true), Token).AsTask();

        // The clock stands still until hello has been answered: it has a time-out of its own.
        await asked.Task.WaitAsync(Soon, Token);
        await AdvanceUntilAsync(
            clock, TimeSpan.FromSeconds(1), () => waiting.IsCompleted, TimeSpan.FromMilliseconds(1));
        DfssException exception = await Assert.ThrowsAsync<DfssException>(() => waiting);
        Assert.Equal(DfssErrorCode.TimedOut, exception.Code);
        Assert.Contains("ping", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposing_ends_the_calls_under_way()
    {
        await using FakePeer peer = new((_, _, _) => default);
        PeerLink link = new(peer.Address, ClientChannelOptions.Default);
        await link.HelloAsync(Token);
        Task<Response> waiting = link.CallAsync(Call(isBulk: false), Token).AsTask();
        await link.DisposeAsync();
        DfssException exception = await Assert.ThrowsAsync<DfssException>(() => waiting.WaitAsync(Soon, Token));
        Assert.Equal(DfssErrorCode.PeerUnreachable, exception.Code);
        await link.DisposeAsync();
    }

    [Fact]
    public async Task Callers_that_wait_for_a_connection_share_its_failure()
    {
        int attempts = 0;
        TaskCompletionSource<IConnection> attempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ClientChannelOptions options = new()
        {
            Connect = (_, _, _) =>
            {
                attempts++;
                return attempt.Task;
            },
        };
        await using PeerLink link = new(new PeerAddress("localhost", 1), options);
        Task<Response>[] calls =
            [.. Enumerable.Range(0, 5).Select(_ => link.CallAsync(Call(isBulk: true), Token).AsTask())];
        attempt.SetException(new DfssException(DfssErrorCode.PeerUnreachable, "no peer there"));
        foreach (Task<Response> call in calls)
        {
            Assert.Equal(
                DfssErrorCode.PeerUnreachable,
                (await Assert.ThrowsAsync<DfssException>(() => call.WaitAsync(Soon, Token))).Code);
        }

        Assert.Equal(1, attempts);
    }

    [Fact]
    public async Task A_peer_that_was_never_reached_is_not_tried_again_for_5_seconds()
    {
        FakeTimeProvider clock = new();
        int attempts = 0;
        ClientChannelOptions options = new()
        {
            Channel = new ChannelOptions { TimeProvider = clock },
            Connect = (_, _, _) =>
            {
                attempts++;
                throw new DfssException(DfssErrorCode.PeerUnreachable, "no peer there");
            },
        };
        await using PeerLink link = new(new PeerAddress("localhost", 1), options);
        await Assert.ThrowsAsync<DfssException>(() => link.HelloAsync(Token));
        clock.Advance(TimeSpan.FromSeconds(4.9));
        await Assert.ThrowsAsync<DfssException>(() => link.HelloAsync(Token));
        Assert.Equal(1, attempts);
        clock.Advance(TimeSpan.FromSeconds(0.1));
        await Assert.ThrowsAsync<DfssException>(() => link.HelloAsync(Token));
        Assert.Equal(2, attempts);
    }

    [Fact]
    public async Task A_peer_that_was_reached_before_is_not_tried_again_for_as_long_as_the_attempt_took()
    {
        FakeTimeProvider clock = new();
        int attempts = 0;
        TimeSpan duration = TimeSpan.Zero;
        await using FakePeer peer = new((_, _, _) => new((DfssErrorCode.None, MessageMap.Empty, null)));
        ClientChannelOptions options = new()
        {
            Channel = new ChannelOptions { TimeProvider = clock },
            Connect = (address, timeout, token) =>
            {
                attempts++;
                clock.Advance(duration);
                return attempts == 1
                    ? TcpTransport.ConnectAsync(address, timeout, token)
                    : throw new DfssException(DfssErrorCode.PeerUnreachable, "no peer there");
            },
        };
        await using PeerLink link = new(peer.Address, options);
        await link.HelloAsync(Token);
        await Assert.ThrowsAsync<DfssException>(() => CallAsync());
        duration = TimeSpan.FromSeconds(4);
        await Assert.ThrowsAsync<DfssException>(() => CallAsync());
        Assert.Equal(3, attempts);
        await Assert.ThrowsAsync<DfssException>(() => CallAsync());
        Assert.Equal(3, attempts);
        clock.Advance(duration);
        await Assert.ThrowsAsync<DfssException>(() => CallAsync());
        Assert.Equal(4, attempts);

        Task CallAsync() => link.CallAsync(Call(isBulk: true), Token).AsTask();
    }

    private static PeerCall Call(bool isBulk) => new("a", MessageMap.Empty, Payload: null, Destination: null, isBulk);

    /// <summary>Moves the virtual clock on in steps; real sockets do their part in a pause after each.</summary>
    private static async Task AdvanceUntilAsync(
        FakeTimeProvider clock, TimeSpan step, Func<bool> isReached, TimeSpan pause)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!isReached())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Soon, "It did not happen.");
            clock.Advance(step);
            await Task.Delay(pause, Token);
        }
    }
}
