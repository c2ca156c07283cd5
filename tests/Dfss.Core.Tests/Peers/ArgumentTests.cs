using Dfss.Protocol;
using Dfss.Records;
using Dfss.Tests.Records;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>
/// Arguments of every operation, each missing, nil, and of every wrong kind: an answer that says InvalidArgument, on a
/// connection that goes on. Also unknown keys, unknown operations, payloads where none belongs or
/// where one is missing.
/// </summary>
public sealed partial class ArgumentTests : IAsyncLifetime
{
    private const string Name = "known";

    private static readonly byte[] Chunk = [1, 2, 3];
    private static readonly byte[] ReadItem = RecordCodec.Encode(new ReadRequest(Name));

    /// <summary>A value of each kind.</summary>
    private static readonly MessageValue[] AnyKind =
        [true, 7, "text", new byte[] { 1 }, MessageValue.From([1]), new MessageMap { { "a", 1 } }];

    private WatchedPeer watched = null!;
    private RawClient client = null!;

    private static MessageMap ChunkIdOnly => new() { { "chunk_id", ChunkId.Of(Chunk).ToByteArray() } };
    private static MessageMap OneItem => new() { { "lengths", MessageValue.From([ReadItem.Length]) } };

    public static TheoryData<string> All => [.. Right.Keys];

    public static TheoryData<string> Batches =>
        [Operations.StoreChunks, Operations.Prepare, Operations.Seal, Operations.Accept, Operations.Decide,
            Operations.Read];

    public async ValueTask InitializeAsync()
    {
        watched = await WatchedPeer.StartAsync();
        client = await RawClient.GreetAsync(watched.Peer);
        using Testing.TemporaryFolder folder = new();
        await using DfssClient sender = new([Transfer.Cluster.AddressOf(watched.Peer)], TransferOptions.Default);
        await sender.SendAsync(
            folder.CreateFile("source", 10, seed: 1), Name, SendOptions.Default, progress: null,
            TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await client.PingAsync();
        await client.DisposeAsync();
        await watched.AssertUnharmedAsync();
        await watched.DisposeAsync();
    }

    [Fact]
    public void Every_operation_is_in_the_table() => Assert.Equal(
        typeof(Operations).GetFields().Select(field => (string)field.GetRawConstantValue()!).Except([Operations.Hello])
            .Order(StringComparer.Ordinal),
        Right.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(All))]
    public async Task An_argument_that_is_missing_or_nil_or_of_a_wrong_kind_is_an_error_answer(string operation)
    {
        foreach ((MessageMap arguments, byte[]? payload) in Right[operation])
        {
            foreach ((string key, MessageValue right) in arguments)
            {
                if (!Optional.Contains(key)
                    && !(key == "name" && operation is Operations.GetChunk or Operations.Invite))
                {
                    await AssertInvalidAsync(
                        operation, Changed(arguments, key, replacement: null), payload, $"{key} missing");
                    await AssertInvalidAsync(
                        operation, Changed(arguments, key, MessageValue.Nil), payload, $"{key} nil");
                }

                foreach (MessageValue wrong in AnyKind.Where(value => value.Kind != right.Kind))
                {
                    await AssertInvalidAsync(
                        operation, Changed(arguments, key, wrong), payload, $"{key} of kind {wrong.Kind}");
                }

                // A certificate request has no one length.
                if (right.Kind == MessageValueKind.Binary && key != "request")
                {
                    await AssertInvalidAsync(
                        operation, Changed(arguments, key, new byte[31]), payload, $"{key} of 31 bytes");
                    await AssertInvalidAsync(
                        operation, Changed(arguments, key, new byte[33]), payload, $"{key} of 33 bytes");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_payload_too_many_or_too_few_is_an_error_answer(string operation)
    {
        foreach ((MessageMap arguments, byte[]? payload) in Right[operation])
        {
            await AssertInvalidAsync(operation, arguments, payload is null ? [] : null, "a payload the other way");
            if (payload is null)
            {
                await AssertInvalidAsync(operation, arguments, new byte[100_000], "100,000 bytes");
            }
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Unknown_keys_are_skipped(string operation)
    {
        foreach ((MessageMap arguments, byte[]? payload) in Right[operation])
        {
            MessageMap more = [];
            for (int i = 0; i < AnyKind.Length; i++)
            {
                more.Add($"unknown{i}", AnyKind[i]);
            }

            foreach ((string key, MessageValue value) in arguments)
            {
                more.Add(key, value);
            }

            more.Add("nothing", MessageValue.Nil);
            Assert.Equal(
                (await AskAsync(operation, arguments, payload)).Status,
                (await AskAsync(operation, more, payload)).Status);
        }
    }

    [Theory]
    [MemberData(nameof(Batches))]
    public async Task A_batch_whose_lengths_are_wrong_is_an_error_answer(string operation)
    {
        MessageValue[][] wrong =
        [
            [0], [1], [ReadItem.Length - 1], [ReadItem.Length + 1], [ReadItem.Length, 1], [1, ReadItem.Length], [],
            [int.MaxValue], [MessageValue.MaxInteger], [int.MaxValue, int.MaxValue, 2], [uint.MaxValue, 1], [1L << 32],
            [MessageValue.MaxInteger, MessageValue.MaxInteger],
            [.. Enumerable.Repeat((MessageValue)0, MessageBatch.MaxItems + 1)],
            [.. Enumerable.Repeat((MessageValue)0, 60_000)], [MessageValue.Nil], ["1"], [new byte[] { 1 }], [true],
            [MessageValue.From([])],
        ];
        foreach (MessageValue[] lengths in wrong)
        {
            await AssertInvalidAsync(operation, Lengths(lengths), ReadItem, $"{lengths.Length} lengths");
        }

        // One item over the most, and a payload that has the ids for them.
        MessageValue[] tooMany = [.. Enumerable.Repeat((MessageValue)0, MessageBatch.MaxItems + 1)];
        await AssertInvalidAsync(
            operation, Lengths(tooMany), new byte[tooMany.Length * ChunkId.SizeBytes], "4,097 items");
    }

    [Theory]
    [MemberData(nameof(Batches))]
    public async Task An_empty_batch_is_answered_with_nothing(string operation)
    {
        Message answer = await AskAsync(operation, Lengths([]), []);
        Assert.Equal(DfssErrorCode.None, answer.Status);
        Assert.Empty(answer.Map.Required(operation == Operations.StoreChunks ? "results" : "lengths").AsArray());
    }

    [Theory]
    [InlineData(Operations.Prepare)]
    [InlineData(Operations.Seal)]
    [InlineData(Operations.Accept)]
    [InlineData(Operations.Decide)]
    [InlineData(Operations.Read)]
    public async Task An_item_that_is_malformed_or_stands_twice_is_an_error_answer(string operation)
    {
        byte[][] malformed = [[], [0xc0], [0x80], [0xc1], [0x90], [0x81, 0xa4], new byte[1000],
            [.. Enumerable.Repeat((byte)0x91, 1000)]];
        foreach (byte[] item in malformed)
        {
            await AssertInvalidAsync(
                operation, Lengths([item.Length]), item, Convert.ToHexString(item[..Math.Min(4, item.Length)]));
        }

        Ballot ballot = Sample.Ballot(1);
        byte[] right = RecordCodec.Encode(operation switch
        {
            Operations.Prepare => new PrepareRequest("a", ballot),
            Operations.Seal => new SealRequest("a", ballot, Sample.FileId(1), Sample.AllOf(1)),
            Operations.Accept => new AcceptRequest("a", ballot, Sample.Record(name: "a")),
            Operations.Decide => new DecideRequest("a", ballot, Sample.Record(name: "a")),
            _ => new ReadRequest("a"),
        });
        await AssertInvalidAsync(
            operation, Lengths([right.Length, right.Length]), [.. right, .. right], "one name twice");
    }

    [Theory]
    [InlineData("STORE_CHUNK")]
    [InlineData("store_chunk ")]
    [InlineData("")]
    [InlineData("hello\n")]
    public async Task An_unknown_operation_is_an_error_answer(string operation)
    {
        Assert.Equal(DfssErrorCode.UnknownOperation, (await AskAsync(operation, [], null)).Status);
        Assert.Equal(
            DfssErrorCode.UnknownOperation, (await AskAsync(operation, ChunkIdOnly, new byte[100_000])).Status);
        Message answer = await AskAsync(operation + new string('x', 60_000), [], null);
        Assert.Equal(DfssErrorCode.UnknownOperation, answer.Status);
        Assert.InRange(answer.Map.Required("message").AsText().Length, 1, ErrorAnswer.MaxMessageCharacters);
    }

    [Theory]
    [InlineData("versions", "Nil")]
    [InlineData("versions", "Integer")]
    [InlineData("versions", "Text")]
    [InlineData("software", "Nil")]
    [InlineData("software", "Binary")]
    [InlineData("capabilities", "Boolean")]
    public async Task A_hello_with_a_wrong_argument_is_answered_and_closed(string key, string kind)
    {
        await using RawClient unauthenticated = await RawClient.ConnectAsync(watched.Peer);
        MessageValue wrong = AnyKind.FirstOrDefault(value => value.Kind.ToString() == kind);
        Message answer = await unauthenticated.AskAsync(Operations.Hello, Changed(RawClient.Hello, key, wrong));
        Assert.Equal(DfssErrorCode.InvalidArgument, answer.Status);
        Assert.Null(await unauthenticated.ReadAsync());
    }

    [Fact]
    public async Task A_hello_with_a_payload_is_answered_and_closed()
    {
        await using RawClient unauthenticated = await RawClient.ConnectAsync(watched.Peer);
        Assert.Equal(
            DfssErrorCode.InvalidArgument,
            (await unauthenticated.AskAsync(Operations.Hello, RawClient.Hello, Array.Empty<byte>())).Status);
        Assert.Null(await unauthenticated.ReadAsync());
    }

    [Fact]
    public async Task A_client_of_version_2_alone_gets_the_versions_of_the_peer_and_is_closed()
    {
        await using RawClient unauthenticated = await RawClient.ConnectAsync(watched.Peer);
        Message answer = await unauthenticated.AskAsync(Operations.Hello, new HelloRequest([2], "later", []).ToMap());
        Assert.Equal(DfssErrorCode.VersionNotSupported, answer.Status);
        Assert.Equal([1L], answer.Map.Required("versions").AsArray().Select(version => version.AsInteger()));
        Assert.Matches("supports protocol version 1, and 2 was offered\\.", answer.Map.Required("message").AsText());
        Assert.Null(await unauthenticated.ReadAsync());
    }

    private static MessageMap Lengths(IReadOnlyList<MessageValue> lengths) =>
        new() { { "lengths", MessageValue.From(lengths) } };

    private static MessageMap Changed(MessageMap arguments, string key, MessageValue? replacement)
    {
        MessageMap changed = [];
        foreach ((string name, MessageValue value) in arguments.Where(
            entry => entry.Key != key || replacement is not null))
        {
            changed.Add(name, name == key ? replacement!.Value : value);
        }

        return changed;
    }

    private async Task AssertInvalidAsync(string operation, MessageMap arguments, byte[]? payload, string why)
    {
        Message answer = await AskAsync(operation, arguments, payload);
        Assert.True(answer.Status == DfssErrorCode.InvalidArgument, $"{operation}, {why}: {answer.Status}");
        Assert.NotEmpty(answer.Map.Required("message").AsText());
    }

    private Task<Message> AskAsync(string operation, MessageMap arguments, byte[]? payload) =>
        client.AskAsync(operation, arguments, payload is null ? null : (ReadOnlyMemory<byte>?)payload);
}
