using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Tests.Transfer;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>What clients that do not read their answers take from the others: nothing that these need.</summary>
public sealed class PeerMemoryTests : IAsyncLifetime
{
    /// <summary>Well before the 20 s after which a peer gives a stalled connection up.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly byte[] chunk = new byte[DfssLimits.MaxPayloadBytes];
    private readonly List<MessageChannel> channels = [];
    private readonly List<IConnection> connections = [];
    private readonly FakeTimeProvider clock = new();
    private DfssPeer peer = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        peer = await DfssPeer.StartAsync(
            new PeerOptions { Port = 0, AllowUnauthenticatedNetwork = true, TimeProvider = clock }, Token);
        MessageChannel channel = await ConnectAsync();
        Assert.Equal(DfssErrorCode.None, (await AskAsync(channel, Operations.StoreChunk, Named(chunk), chunk)).Status);
    }

    public async ValueTask DisposeAsync()
    {
        channels.ForEach(channel => channel.Abort());
        foreach (MessageChannel channel in channels)
        {
            await channel.DisposeAsync();
        }

        await peer.DisposeAsync();
    }

    [Fact]
    public async Task One_client_that_does_not_read_keeps_no_other_from_reading()
    {
        await StallAsync(clients: 1);
        Assert.Equal(
            DfssErrorCode.None,
            (await AskAsync(await ConnectAsync(), Operations.GetChunk, Named(chunk), payload: null)).Status);
    }

    [Fact]
    public async Task Many_clients_that_do_not_read_keep_no_other_from_sending()
    {
        await StallAsync(clients: 6);
        byte[] other = [.. Enumerable.Repeat((byte)1, DfssLimits.MaxPayloadBytes)];
        MessageChannel channel = await ConnectAsync();
        Assert.Equal(DfssErrorCode.None, (await AskAsync(channel, Operations.StoreChunk, Named(other), other)).Status);
        Assert.Equal(
            DfssErrorCode.None,
            (await AskAsync(channel, Operations.FindMissing, MessageMap.Empty, new byte[32])).Status);
    }

    [Fact]
    public async Task Bulk_that_stalls_half_sent_keeps_no_small_request_waiting()
    {
        // Each announces 16 MiB, for which the peer takes memory, and sends a part of them.
        FrameBuffer announced = new();
        MessageCodec.EncodeHeader(announced, Message.Request(2, Operations.StoreChunk, Named(chunk)), chunk.Length);
        announced.Seal(chunk.Length);
        for (int i = 0; i < 8; i++)
        {
            await ConnectAsync();
            await connections[^1].SendAsync(announced.Written, Token);
            await connections[^1].SendAsync(chunk.AsMemory(0, 1 << 20), Token);
        }

        MessageChannel channel = await ConnectAsync();
        Assert.Equal(
            DfssErrorCode.None,
            (await AskAsync(channel, Operations.FindMissing, MessageMap.Empty, new byte[32])).Status);
    }

    [Fact]
    public async Task A_connection_that_sends_more_than_its_share_keeps_no_other_of_its_identity_from_sending()
    {
        // 64 MiB of ids on one connection, and the identity may hold two thirds of 80 MiB.
        MessageChannel busy = await ConnectAsync();
        Task flood = FloodAsync(new byte[4 << 20]);
        byte[] other = [.. Enumerable.Repeat((byte)1, DfssLimits.MaxPayloadBytes)];
        Assert.Equal(
            DfssErrorCode.None,
            (await AskAsync(await ConnectAsync(), Operations.StoreChunk, Named(other), other)).Status);
        await flood.WaitAsync(Soon, Token);

        async Task FloodAsync(byte[] ids)
        {
            for (uint id = 2; id < 18; id++)
            {
                await busy.WriteAsync(Message.Request(id, Operations.FindMissing, MessageMap.Empty), ids, Token);
            }
        }
    }

    [Fact]
    public async Task One_that_does_not_read_does_not_keep_the_peer_from_stopping_in_time()
    {
        await StallAsync(clients: 1);

        // The peer is in the middle of an answer when its first bytes have come.
        Assert.Equal(1, await connections[^1].ReceiveAsync(new byte[1], Token));
        Task stopping = peer.StopAsync();

        // The 5 s of draining, and less than the 20 s after which a stalled connection would be given up anyway.
        for (int step = 0; step < 150 && !stopping.IsCompleted; step++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(20, Token);
        }

        await stopping.WaitAsync(Soon, Token);
    }

    private static MessageMap Named(byte[] content) => new() { { "chunk_id", ChunkId.Of(content).ToByteArray() } };

    private static async Task<Message> AskAsync(
        MessageChannel channel, string operation, MessageMap arguments, byte[]? payload)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Soon);
        ReadOnlyMemory<byte>? sent = payload is null ? null : (ReadOnlyMemory<byte>?)payload;
        await channel.WriteAsync(Message.Request(2, operation, arguments), sent, limit.Token);
        using ReceivedMessage answer = (await channel.ReadAsync(limit.Token))!;
        return answer.Message;
    }

    /// <summary>Connections that ask for a dozen of the largest chunks each and read none.</summary>
    private async Task StallAsync(int clients)
    {
        for (int i = 0; i < clients; i++)
        {
            MessageChannel channel = await ConnectAsync();
            for (uint id = 2; id < 14; id++)
            {
                await channel.WriteAsync(Message.Request(id, Operations.GetChunk, Named(chunk)), payload: null, Token);
            }
        }
    }

    private async Task<MessageChannel> ConnectAsync()
    {
        IConnection connection = await TcpTransport.ConnectAsync(
            Cluster.AddressOf(peer), TimeSpan.FromSeconds(60), Token);
        connections.Add(connection);
        MessageChannel channel = new(
            connection, new PayloadPool(DfssLimits.MaxPayloadBytes),
            new ChannelOptions { MaxBodyBytes = DfssLimits.MaxFrameBytes });
        channels.Add(channel);
        Message hello = await AskAsync(
            channel, Operations.Hello, new HelloRequest([1], "test", []).ToMap(), payload: null);
        Assert.Equal(DfssErrorCode.None, hello.Status);
        return channel;
    }
}
