using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Tests.Transfer;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>What a peer does with a connection, seen from the other end of it, frame by frame.</summary>
public sealed class PeerSessionTests : IAsyncLifetime
{
    private DfssPeer peer = null!;
    private MessageChannel channel = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        peer = await DfssPeer.StartAsync(new PeerOptions { Port = 0, AllowUnauthenticatedNetwork = true }, Token);
        IConnection connection = await TcpTransport.ConnectAsync(
            Cluster.AddressOf(peer), TimeSpan.FromSeconds(60), Token);
        channel = new MessageChannel(
            connection, new PayloadPool(64 << 20), new ChannelOptions { MaxBodyBytes = DfssLimits.MaxFrameBytes });
    }

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await peer.DisposeAsync();
    }

    [Fact]
    public async Task Hello_is_answered_with_version_store_and_limits()
    {
        HelloAnswer hello = await GreetAsync();
        Assert.Equal(1, hello.Version);
        Assert.Equal(peer.StoreId, hello.StoreId);
        Assert.Equal(peer.AdvertisedAddresses, hello.Addresses);
        Assert.Equal(HelloLimits.Default, hello.Limits);
    }

    [Fact]
    public async Task A_client_with_no_common_version_gets_the_versions_of_the_peer_and_the_connection_closes()
    {
        await WriteAsync(Message.Request(1, Operations.Hello, new HelloRequest([2, 7], "other", []).ToMap()));
        Message answer = (await ReadAsync())!;
        Assert.Equal(DfssErrorCode.VersionNotSupported, answer.Status);
        Assert.Equal(1, Assert.Single(answer.Map.Required("versions").AsArray()).AsInteger());
        Assert.Null(await ReadAsync());
    }

    [Fact]
    public async Task Anything_before_hello_is_a_violation()
    {
        await WriteAsync(Message.Request(1, Operations.Ping, MessageMap.Empty));
        await EndsWithAsync(DfssErrorCode.ProtocolViolation);
    }

    [Fact]
    public async Task A_large_frame_before_hello_is_refused()
    {
        await channel.WriteAsync(
            Message.Request(1, Operations.Hello, new HelloRequest([1], "x", []).ToMap()),
            new byte[DfssLimits.MaxHelloFrameBytes], Token);
        await EndsWithAsync(DfssErrorCode.LimitExceeded);
    }

    [Fact]
    public async Task An_unknown_operation_is_an_error_answer_and_the_connection_goes_on()
    {
        await GreetAsync();
        await WriteAsync(Message.Request(2, "make_coffee", MessageMap.Empty));
        Message answer = (await ReadAsync())!;
        Assert.Equal((2u, DfssErrorCode.UnknownOperation), (answer.Id!.Value, answer.Status));
        await WriteAsync(Message.Request(2, Operations.Ping, MessageMap.Empty));
        Assert.Equal(DfssErrorCode.None, (await ReadAsync())!.Status);
    }

    [Fact]
    public async Task A_wrong_argument_is_an_error_answer()
    {
        await GreetAsync();
        await WriteAsync(Message.Request(2, Operations.GetChunk, new MessageMap { { "chunk_id", new byte[31] } }));
        Assert.Equal(DfssErrorCode.InvalidArgument, (await ReadAsync())!.Status);
        await WriteAsync(Message.Request(3, Operations.GetChunk, new MessageMap { { "chunk_id", "text" } }));
        Assert.Equal(DfssErrorCode.InvalidArgument, (await ReadAsync())!.Status);
        await WriteAsync(Message.Request(4, Operations.GetChunk, MessageMap.Empty));
        Assert.Equal(DfssErrorCode.InvalidArgument, (await ReadAsync())!.Status);
    }

    [Theory]
    [InlineData(Operations.Ping)]
    [InlineData(Operations.GetChunk)]
    [InlineData(Operations.Flush)]
    [InlineData(Operations.GetFileInfo)]
    [InlineData(Operations.ListFiles)]
    [InlineData(Operations.VerifyChunk)]
    [InlineData(Operations.PeerInfo)]
    public async Task A_payload_where_none_belongs_is_refused_and_the_connection_goes_on(string operation)
    {
        await GreetAsync();
        await channel.WriteAsync(Message.Request(2, operation, MessageMap.Empty), new byte[1 << 20], Token);
        Assert.Equal(DfssErrorCode.InvalidArgument, (await ReadAsync())!.Status);
        await channel.WriteAsync(Message.Request(3, "make_coffee", MessageMap.Empty), new byte[1 << 20], Token);
        Assert.Equal(DfssErrorCode.UnknownOperation, (await ReadAsync())!.Status);
        await WriteAsync(Message.Request(4, Operations.Ping, MessageMap.Empty));
        Assert.Equal(DfssErrorCode.None, (await ReadAsync())!.Status);
    }

    [Fact]
    public async Task A_chunk_is_verified_before_it_is_kept()
    {
        await GreetAsync();
        byte[] content = [1, 2, 3];
        MessageMap arguments = new() { { "chunk_id", ChunkId.Of([9]).ToByteArray() } };
        await channel.WriteAsync(Message.Request(2, Operations.StoreChunk, arguments), content, Token);
        Assert.Equal(DfssErrorCode.ChunkCorrupt, (await ReadAsync())!.Status);
        await WriteAsync(Message.Request(3, Operations.GetChunk, arguments));
        Assert.Equal(DfssErrorCode.ChunkNotFound, (await ReadAsync())!.Status);
    }

    [Fact]
    public async Task Many_small_chunks_go_in_one_message_each_way()
    {
        await GreetAsync();
        byte[][] contents = [[1], [2, 2], [], [4, 4, 4]];
        ChunkId[] ids = [.. contents.Select(content => ChunkId.Of(content))];
        ids[1] = ChunkId.Of([99]);
        byte[] payload = [.. ids.SelectMany(id => id.ToByteArray()), .. contents.SelectMany(content => content)];
        MessageMap lengths = new() { { "lengths", MessageValue.From([1L, 2L, 0L, 3L]) } };
        await channel.WriteAsync(Message.Request(2, Operations.StoreChunks, lengths), payload, Token);
        Assert.Equal(
            [0, (long)DfssErrorCode.ChunkCorrupt, 0, 0],
            (await ReadAsync())!.Map.Required("results").AsArray().Select(value => value.AsInteger()));

        await channel.WriteAsync(
            Message.Request(3, Operations.GetChunks, MessageMap.Empty),
            ids.SelectMany(id => id.ToByteArray()).ToArray(), Token);
        using ReceivedMessage got = (await channel.ReadAsync(Token))!;
        Assert.Equal(
            [MessageValueKind.Integer, MessageValueKind.Nil, MessageValueKind.Integer, MessageValueKind.Integer],
            got.Message.Map.Required("lengths").AsArray().Select(value => value.Kind));
        Assert.Equal([1, 4, 4, 4], got.Payload!.Memory.ToArray());
    }

    [Theory]
    [InlineData(MessageValue.MaxInteger, 2000)]
    [InlineData(1L, 2)]
    [InlineData(0L, 2)]
    public async Task Lengths_that_do_not_add_up_to_the_payload_are_a_wrong_argument(long length, int count)
    {
        await GreetAsync();
        MessageMap lengths =
            new() { { "lengths", MessageValue.From([.. Enumerable.Repeat((MessageValue)length, count)]) } };
        await channel.WriteAsync(
            Message.Request(2, Operations.StoreChunks, lengths), new byte[(32 * count) + 1], Token);
        Assert.Equal(DfssErrorCode.InvalidArgument, (await ReadAsync())!.Status);
    }

    [Fact]
    public async Task An_answer_is_no_request()
    {
        await GreetAsync();
        await WriteAsync(Message.Answer(7, DfssErrorCode.None, MessageMap.Empty));
        await EndsWithAsync(DfssErrorCode.ProtocolViolation);
    }

    [Fact]
    public async Task A_peer_that_stops_says_so_and_closes()
    {
        await GreetAsync();
        Task stopping = peer.StopAsync();
        Message notice = (await ReadAsync())!;
        Assert.Null(notice.Id);
        Assert.Equal(DfssErrorCode.PeerBusy, notice.Status);
        Assert.Null(await ReadAsync());
        await stopping;
        await peer.Completion;
        Assert.NotEqual(peer.StoreId, await FindStoreAsync(Cluster.AddressOf(peer)));
    }

    /// <summary>
    /// The store of the peer at an address; null where none listens. The system may have given a free port to the peer
    /// of another test.
    /// </summary>
    private static async Task<StoreId?> FindStoreAsync(PeerAddress address)
    {
        await using Dfss.Transfer.DfssClient client = new([address], Dfss.Transfer.TransferOptions.Default);
        try
        {
            return (await client.GetPeerInfoAsync(address, Token)).StoreId;
        }
        catch (DfssException absent) when (
            absent.Code is DfssErrorCode.PeerUnreachable or DfssErrorCode.NotADfssPeer)
        {
            return null;
        }
    }

    [Fact]
    public async Task A_file_is_described_to_clients_that_do_not_vote()
    {
        using Testing.TemporaryFolder folder = new();
        string source = folder.CreateFile("source", (2 * DfssLimits.MinChunkSize) + 5, seed: 1);
        await using Dfss.Transfer.DfssClient client = new(
            [Cluster.AddressOf(peer)], Dfss.Transfer.TransferOptions.Default);
        FileRecord record = (await client.SendAsync(
            source, "x", new Dfss.Transfer.SendOptions { ChunkSize = DfssLimits.MinChunkSize }, progress: null,
            Token)).Record;

        await GreetAsync();
        await WriteAsync(
            Message.Request(2, Operations.GetFileInfo, new MessageMap { { "name", "x" }, { "manifest", true } }));
        using ReceivedMessage info = (await channel.ReadAsync(Token))!;
        Assert.Equal(3, info.Message.Map.Required("chunk_count").AsInteger());
        Assert.Equal(record.FileId.ToByteArray(), info.Message.Map.Required("file_id").AsBinary());
        Assert.Equal(record.FileId, FileManifest.Decode(info.Payload!.Memory).FileId);

        await WriteAsync(Message.Request(3, Operations.GetChunk, new MessageMap { { "name", "x" }, { "index", 2L } }));
        using ReceivedMessage last = (await channel.ReadAsync(Token))!;
        Assert.Equal(5, last.PayloadBytes);
        Assert.Equal(record.FileId.ToByteArray(), last.Message.Map.Required("file_id").AsBinary());
        await WriteAsync(Message.Request(
            4, Operations.GetChunk, new MessageMap { { "name", "x" }, { "index", 2L }, { "file_id", new byte[32] } }));
        Assert.Equal(DfssErrorCode.FileChanged, (await ReadAsync())!.Status);
        await WriteAsync(Message.Request(5, Operations.GetChunk, new MessageMap { { "name", "x" }, { "index", 3L } }));
        Assert.Equal(DfssErrorCode.InvalidArgument, (await ReadAsync())!.Status);
        await WriteAsync(Message.Request(6, Operations.GetFileInfo, new MessageMap { { "name", "y" } }));
        Assert.Equal(DfssErrorCode.FileNotFound, (await ReadAsync())!.Status);
    }

    private async Task<HelloAnswer> GreetAsync()
    {
        await WriteAsync(Message.Request(1, Operations.Hello, new HelloRequest([1, 2], "test", []).ToMap()));
        Message answer = (await ReadAsync())!;
        Assert.Equal((1u, DfssErrorCode.None), (answer.Id!.Value, answer.Status));
        return HelloAnswer.FromMap(answer.Map);
    }

    private async Task EndsWithAsync(DfssErrorCode code)
    {
        Message notice = (await ReadAsync())!;
        Assert.Null(notice.Id);
        Assert.Equal(code, notice.Status);
        Assert.Null(await ReadAsync());
    }

    private ValueTask WriteAsync(Message message) => channel.WriteAsync(message, payload: null, Token);

    private async Task<Message?> ReadAsync()
    {
        using ReceivedMessage? received = await channel.ReadAsync(Token);
        return received?.Message;
    }
}
