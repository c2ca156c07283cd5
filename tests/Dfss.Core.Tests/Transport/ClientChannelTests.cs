using System.Text;
using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Transport;

public class ClientChannelTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Answers_find_their_requests_in_any_order()
    {
        List<TaskCompletionSource> gates = [.. Enumerable.Range(0, 8).Select(_ => new TaskCompletionSource())];
        await using FakePeer peer = new(async (request, payload, _) =>
        {
            await gates[(int)request.Map.Required("i").AsInteger()].Task;
            return (DfssErrorCode.None, request.Map, payload);
        });
        await using ClientChannel channel = await ClientChannel.ConnectAsync(
            peer.Address, ClientChannelOptions.Default, Token);
        Assert.Equal(peer.StoreId, channel.Hello.StoreId);
        Task<Response>[] calls = [.. gates.Select((_, i) =>
            channel.CallAsync("echo", new MessageMap { { "i", i } }, new byte[] { (byte)i }, Token).AsTask())];
        for (int i = calls.Length - 1; i >= 0; i--)
        {
            gates[i].SetResult();
            using Response response = await calls[i].WaitAsync(Soon, Token);
            Assert.Equal((i, i), ((int)response.Results.Required("i").AsInteger(), response.Payload.Span[0]));
            Assert.All(calls[..i], call => Assert.False(call.IsCompleted));
        }
    }

    [Fact]
    public async Task An_answer_is_received_straight_into_the_callers_memory_and_a_larger_one_is_refused()
    {
        await using FakePeer peer = new((request, _, _) =>
            new((DfssErrorCode.None, MessageMap.Empty, new byte[request.Map.Required("n").AsInteger()])));
        await using ClientChannel channel = await ClientChannel.ConnectAsync(
            peer.Address, ClientChannelOptions.Default, Token);
        byte[] own = Enumerable.Repeat((byte)9, 100_000).ToArray();
        DfssException exception = await Assert.ThrowsAsync<DfssException>(async () =>
            await channel.CallAsync(Call("get", own, new MessageMap { { "n", 100_001 } }), Token));
        Assert.Equal(DfssErrorCode.LimitExceeded, exception.Code);
        using Response response = await channel.CallAsync(
            Call("get", own, new MessageMap { { "n", 99_999 } }), Token);
        Assert.Equal(99_999, response.PayloadLength);
        Assert.Equal((0, 9), (own[99_998], own[99_999]));
    }

    [Fact]
    public async Task An_error_answered_is_thrown_with_its_code_and_the_peers_name()
    {
        await using FakePeer peer = new((_, _, _) =>
            new((DfssErrorCode.StoreFull, ErrorAnswer.ToMap(
                new DfssException(DfssErrorCode.StoreFull, "No room.", "Make some."), ChunkId.Of([])), null)));
        await using ClientChannel channel = await ClientChannel.ConnectAsync(
            peer.Address, ClientChannelOptions.Default, Token);
        DfssException exception = await Assert.ThrowsAsync<DfssException>(
            async () => await channel.CallAsync("a", [], default, Token));
        Assert.Equal(DfssErrorCode.StoreFull, exception.Code);
        Assert.Equal($"{peer.Address}: No room. (Chunk {ChunkId.Of([])}.)", exception.Reason);
        Assert.Equal("Make some.", exception.Advice);
        Assert.Equal(ChunkId.Of([]), exception.ChunkId);
    }

    [Fact]
    public async Task No_more_requests_are_in_flight_than_the_peer_takes()
    {
        int inFlight = 0;
        int most = 0;
        await using FakePeer peer = new(async (_, _, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inFlight));
            await Task.Yield();
            Interlocked.Decrement(ref inFlight);
            return (DfssErrorCode.None, MessageMap.Empty, null);
        })
        { Limits = new HelloLimits(DfssLimits.MaxFrameBytes, DfssLimits.MaxChunkSize, 3) };
        await using ClientChannel channel = await ClientChannel.ConnectAsync(
            peer.Address, ClientChannelOptions.Default, Token);
        await Task.WhenAll(
            Enumerable.Range(0, 200).Select(async _ => (await channel.CallAsync("a", [], default, Token)).Dispose()));
        Assert.InRange(most, 1, 2);
    }

    [Fact]
    public async Task A_call_cancelled_while_it_waits_leaves_the_connection_usable()
    {
        TaskCompletionSource release = new();
        await using FakePeer peer = new(async (request, _, _) =>
        {
            await (request.Operation == "slow" ? release.Task : Task.CompletedTask);
            return (DfssErrorCode.None, MessageMap.Empty, new byte[50_000]);
        });
        await using ClientChannel channel = await ClientChannel.ConnectAsync(
            peer.Address, ClientChannelOptions.Default, Token);
        using CancellationTokenSource cancel = new();
        byte[] own = new byte[50_000];
        own[0] = 7;
        Task<Response> slow = channel.CallAsync(Call("slow", own), cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slow);
        release.SetResult();
        using Response after = await channel.CallAsync("quick", [], default, Token);
        Assert.Equal((50_000, 7), (after.PayloadLength, own[0]));
    }

    [Fact]
    public async Task A_call_cancelled_while_its_answer_is_received_returns_when_nothing_writes_any_more()
    {
        (MemoryConnection near, MemoryConnection far) = MemoryConnection.CreatePair();
        ClientChannelOptions options = new() { Connect = (_, _, _) => Task.FromResult<IConnection>(near) };
        await using MessageChannel server = new(far, new PayloadPool(1 << 20), ChannelOptions.Default);
        Task<ClientChannel> connecting = ClientChannel.ConnectAsync(new PeerAddress("fake"), options, Token);
        using ReceivedMessage? hello = await server.ReadAsync(Token);
        HelloAnswer answer = new(1, "fake", StoreId.Create(), [], [], HelloLimits.Default);
        await server.WriteAsync(
            Message.Answer(hello!.Message.Id, DfssErrorCode.None, answer.ToMap()), payload: null, Token);
        await using ClientChannel channel = await connecting;

        byte[] own = new byte[100_000];
        using CancellationTokenSource cancel = new();
        Task<Response> call = channel.CallAsync(Call("get", own), cancel.Token).AsTask();
        using ReceivedMessage? request = await server.ReadAsync(Token);
        byte[] frame = MessageCodec.ToFrame(
            Message.Answer(request!.Message.Id, DfssErrorCode.None, []), Enumerable.Repeat((byte)1, 100_000).ToArray());
        await far.SendAsync(frame.AsMemory(0, 50_000), Token);
        while (Volatile.Read(ref own[40_000]) == 0)
        {
            await Task.Yield();
        }

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Soon, Token));
        Assert.True(far.IsAborted);
        DfssException later = await Assert.ThrowsAsync<DfssException>(
            async () => await channel.CallAsync("get", [], default, Token));
        Assert.Equal(DfssErrorCode.PeerUnreachable, later.Code);
    }

    [Fact]
    public async Task A_draining_peer_takes_no_new_request_and_answers_the_old_ones()
    {
        TaskCompletionSource release = new();
        await using FakePeer peer = new(async (_, _, _) =>
        {
            await release.Task;
            return (DfssErrorCode.None, MessageMap.Empty, null);
        });
        await using ClientChannel channel = await ClientChannel.ConnectAsync(
            peer.Address, ClientChannelOptions.Default, Token);
        Task<Response> old = channel.CallAsync("a", [], default, Token).AsTask();
        await peer.Connections[0].WriteAsync(
            ErrorAnswer.Create(id: null, new DfssException(DfssErrorCode.PeerBusy, "Stopping.")), payload: null, Token);
        while (channel.IsUsable)
        {
            await Task.Yield();
        }

        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            async () => await channel.CallAsync("b", [], default, Token));
        Assert.Equal(DfssErrorCode.PeerBusy, refused.Code);
        release.SetResult();
        using Response answered = await old.WaitAsync(Soon, Token);
        Assert.Equal(0, answered.PayloadLength);
    }

    [Theory]
    [InlineData(null, DfssErrorCode.ProtocolViolation)]
    [InlineData(777u, DfssErrorCode.ProtocolViolation)]
    public async Task A_violation_fails_every_call(uint? id, DfssErrorCode code)
    {
        await using FakePeer peer = new((_, _, _) => default);
        await using ClientChannel channel = await ClientChannel.ConnectAsync(
            peer.Address, ClientChannelOptions.Default, Token);
        Task<Response>[] calls =
            [.. Enumerable.Range(0, 3).Select(_ => channel.CallAsync("a", [], default, Token).AsTask())];
        await peer.Connections[0].WriteAsync(
            ErrorAnswer.Create(id, new DfssException(DfssErrorCode.ProtocolViolation, "You broke it.")),
            payload: null, Token);
        foreach (Task<Response> call in calls)
        {
            DfssException exception = await Assert.ThrowsAsync<DfssException>(() => call.WaitAsync(Soon, Token));
            Assert.Equal(code, exception.Code);
            Assert.StartsWith($"{peer.Address}: ", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_connection_cut_anywhere_fails_every_call_as_unreachable()
    {
        await using FakePeer peer = new((_, payload, _) => new((DfssErrorCode.None, MessageMap.Empty, payload)));
        for (long cut = 0; cut < 3000; cut += 173)
        {
            await using FaultProxy proxy = new(peer.Address, TimeProvider.System);
            await using ClientChannel channel = await ClientChannel.ConnectAsync(
                proxy.Address, ClientChannelOptions.Default, Token);
            proxy.CutAfterBytes = proxy.PassedBytes + cut;
            Task<Response>[] calls =
                [.. Enumerable.Range(0, 3).Select(_ => channel.CallAsync("a", [], new byte[1000], Token).AsTask())];
            foreach (Task<Response> call in calls)
            {
                Exception? failure = await Record.ExceptionAsync(
                    async () => (await call.WaitAsync(Soon, Token)).Dispose());
                Assert.True(
                    failure is null or DfssException { Code: DfssErrorCode.PeerUnreachable }, failure?.ToString());
            }

            Assert.True(calls[^1].IsFaulted);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("\0\0\0\x08garbage!")]
    public async Task Whatever_is_no_peer_is_reported_as_such(string greeting)
    {
        await using IConnectionListener listener = TcpTransport.Listen("127.0.0.1", 0);
        PeerAddress address = new("127.0.0.1", listener.Endpoints[0].Port);
        Task<ClientChannel> connecting = ClientChannel.ConnectAsync(address, ClientChannelOptions.Default, Token);
        await using IConnection connection = await listener.AcceptAsync(Token);
        await connection.SendAsync(Encoding.Latin1.GetBytes(greeting), Token);
        DfssException exception = await Assert.ThrowsAsync<DfssException>(() => connecting.WaitAsync(Soon, Token));
        Assert.Equal(DfssErrorCode.NotADfssPeer, exception.Code);
        Assert.StartsWith(
            $"{address}: what answers there is not a DFSS peer", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_has_only_version_2_is_not_supported_and_its_versions_are_named()
    {
        await using FakePeer peer = new((_, _, _) => default) { Versions = [2] };
        DfssException exception = await Assert.ThrowsAsync<DfssException>(
            () => ClientChannel.ConnectAsync(peer.Address, ClientChannelOptions.Default, Token));
        Assert.Equal(DfssErrorCode.VersionNotSupported, exception.Code);
        Assert.Contains("versions: 2.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_does_not_answer_hello_times_out()
    {
        FakeTimeProvider clock = new();
        ClientChannelOptions options = new()
        {
            Channel = new ChannelOptions { TimeProvider = clock },
            Connect = (_, _, _) => Task.FromResult<IConnection>(MemoryConnection.CreatePair().Client),
        };
        Task<ClientChannel> connecting = ClientChannel.ConnectAsync(new PeerAddress("fake"), options, Token);
        clock.Advance(options.ConnectTimeout);
        DfssException exception = await Assert.ThrowsAsync<DfssException>(() => connecting.WaitAsync(Soon, Token));
        Assert.Equal(DfssErrorCode.TimedOut, exception.Code);
    }

    private static PeerCall Call(string operation, Memory<byte> destination, MessageMap? arguments = null) =>
        new(operation, arguments ?? MessageMap.Empty, Payload: null, destination, IsBulk: false);
}
