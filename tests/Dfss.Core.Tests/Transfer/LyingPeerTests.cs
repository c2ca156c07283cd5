using Dfss.Protocol;
using Dfss.Records;
using Dfss.Testing;
using Dfss.Tests.Records;
using Dfss.Transfer;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// A peer that answers what it should not: every call of the client ends with a typed error that names the peer.
/// </summary>
public sealed class LyingPeerTests
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);
    private static readonly ChunkId Id = ChunkId.Of([1, 2, 3]);
    private static readonly Ballot Ballot = Sample.Ballot(1);

    /// <summary>
    /// Results of which each key that a client reads is of each kind in one of them; and payloads of several lengths.
    /// </summary>
    private static readonly (MessageMap Results, byte[]? Payload)[] Lies =
    [
        .. from value in (MessageValue[])
           [
               MessageValue.Nil, true, 3, MessageValue.MaxInteger, "text", new byte[] { 1 }, MessageValue.From([]),
               MessageValue.From([MessageValue.MaxInteger, 1]), MessageValue.From(["a"]), MessageMap.Empty,
           ]
           from payload in (byte[]?[])[null, [], [0xc0], new byte[100_000]]
           select (EveryKey(value), payload),
        ([], null),
        (new() { { "lengths", MessageValue.From([2]) }, { "more", true } }, [0x81, 0xc0]),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Each call of the client, and whether it reads anything of what is answered.</summary>
    private static Dictionary<string, (bool Reads, Func<PeerLink, Task> Call)> Calls
    {
        get;
    } = new(StringComparer.Ordinal)
    {
        ["put"] = (true, async link => await new RemoteChunkStore(link).PutAsync(Id, new byte[3], Token)),
        ["flush"] = (false, async link => await new RemoteChunkStore(link).FlushAsync(Token)),
        ["get"] = (false, async link => await new RemoteChunkStore(link).GetAsync(Id, new byte[3], Token)),
        ["find missing"] = (true,
            async link => await new RemoteChunkStore(link).FindMissingAsync([.. Enumerable.Repeat(Id, 17)], Token)),
        ["verify"] = (true, async link => await new RemoteChunkStore(link).VerifyAsync(Id, Token)),
        ["prepare"] = (true, async link => await new RemoteRecordStore(link).PrepareAsync([new("a", Ballot)], Token)),
        ["seal"] =
            (true, async link => await new RemoteRecordStore(link).SealAsync(
                [new("a", Ballot, Sample.FileId(1), Sample.AllOf(1))], Token)),
        ["accept"] =
            (true, async link => await new RemoteRecordStore(link).AcceptAsync(
                [new("a", Ballot, Sample.Record(name: "a"))], Token)),
        ["decide"] =
            (true, async link => await new RemoteRecordStore(link).DecideAsync(
                [new("a", Ballot, Sample.Record(name: "a"))], Token)),
        ["read"] = (true, async link => await new RemoteRecordStore(link).ReadAsync([new("a")], Token)),
        ["list"] =
            (true, async link => await new RemoteRecordStore(link).ListAsync(new ListRequest(null, 10, ""), Token)),
        ["peer info"] = (true, async link =>
        {
            await using DfssClient client = new([link.Address], TransferOptions.Default);
            await client.GetPeerInfoAsync(link.Address, Token);
        }
        ),
    };

    public static TheoryData<string> Names => [.. Calls.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Results_of_a_wrong_kind_are_a_violation_of_the_peer_which_is_named(string name)
    {
        (bool reads, Func<PeerLink, Task> call) = Calls[name];
        int lie = 0;
        await using FakePeer peer = new((_, _, _) => new((DfssErrorCode.None, Lies[lie].Results, Lies[lie].Payload)));
        await using PeerLink link = new(peer.Address, ClientChannelOptions.Default);
        int refused = 0;
        for (; lie < Lies.Length; lie++)
        {
            Exception? failure = await Record.ExceptionAsync(() => call(link).WaitAsync(TimeLimit, Token));
            if (failure is not null)
            {
                DfssException error = Assert.IsType<DfssException>(failure);
                Assert.True(
                    error.Code is DfssErrorCode.ProtocolViolation or DfssErrorCode.LimitExceeded,
                    $"lie {lie}: {error}");
                Assert.Contains(peer.Address.ToString(), error.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        Assert.True(!reads || refused >= Lies.Length - 8, $"{refused} of {Lies.Length} were refused.");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_error_that_a_peer_answers_is_reported_with_its_code(string name)
    {
        DfssErrorCode code = default;
        await using FakePeer peer = new(
            (_, _, _) => new((code, new MessageMap { { "message", 5 }, { "versions", "none" } }, new byte[10])));
        await using PeerLink link = new(peer.Address, ClientChannelOptions.Default);
        foreach (DfssErrorCode answered in Enum.GetValues<DfssErrorCode>().Append((DfssErrorCode)int.MaxValue)
            .Where(one => one != DfssErrorCode.None))
        {
            code = answered;
            Exception? failure = await Record.ExceptionAsync(() => Calls[name].Call(link).WaitAsync(TimeLimit, Token));
            if (name == "get" && answered == DfssErrorCode.ChunkNotFound)
            {
                Assert.Null(failure);
                continue;
            }

            DfssException error = Assert.IsType<DfssException>(failure);
            Assert.Equal(Enum.IsDefined(answered) ? answered : DfssErrorCode.PeerFault, error.Code);
            Assert.StartsWith($"{peer.Address}: ", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_notice_that_says_no_reason_is_a_violation()
    {
        await using FakePeer peer = new((_, _, _) => default);
        await using ClientChannel channel = await ClientChannel.ConnectAsync(
            peer.Address, ClientChannelOptions.Default, Token);
        Task<Response> call = channel.CallAsync("a", [], default, Token).AsTask();
        await peer.Connections[0].WriteAsync(Message.Answer(id: null, DfssErrorCode.None, []), payload: null, Token);
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => call.WaitAsync(TimeLimit, Token));
        Assert.Equal(DfssErrorCode.ProtocolViolation, error.Code);
    }

    [Fact]
    public async Task The_record_of_another_name_is_not_taken_for_the_one_asked_for()
    {
        byte[] answer = RecordCodec.EncodeAnswer(
            new RegisterAnswer { Decided = new BallotedRecord(Ballot, Sample.Record(name: "b")) });
        await using FakePeer peer = new(
            (_, _, _) => new(
                (DfssErrorCode.None, new() { { "lengths", MessageValue.From([answer.Length]) } }, answer)));
        await using PeerLink link = new(peer.Address, ClientChannelOptions.Default);
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            async () => await new RemoteRecordStore(link).ReadAsync([new("a")], Token));
        Assert.Equal(DfssErrorCode.ProtocolViolation, error.Code);
        Assert.Contains("asked for 'a'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_client_among_lies_ends_with_typed_errors()
    {
        using TemporaryFolder folder = new();
        string source = folder.CreateFile("source", 1000, seed: 1);
        TransferOptions options = new() { MaxAttempts = 2, RetryDelay = TimeSpan.FromMilliseconds(1) };
        int lie = 0;
        await using FakePeer peer = new((_, _, _) => new((DfssErrorCode.None, Lies[lie].Results, Lies[lie].Payload)));
        FileRecord record = Sample.Record() with { Home = [new HomeMember(peer.StoreId, [peer.Address.ToString()])] };
        for (; lie < Lies.Length; lie += 7)
        {
            await using DfssClient client = new([peer.Address], options);
            StoredFile file = new(record, IsCurrent: true);
            Func<Task>[] calls =
            [
                () => client.SendAsync(source, "a", SendOptions.Default, progress: null, Token),
                () => client.GetAsync("a", Token),
                () => client.ReceiveAsync(file, folder["in"], ReceiveOptions.Default, progress: null, Token),
                () => client.CompareAsync(source, file, progress: null, Token),
                () => client.ListAsync("", Token).ToListAsync(Token).AsTask(),
            ];
            foreach (Func<Task> call in calls)
            {
                Exception? failure = await Record.ExceptionAsync(() => call().WaitAsync(TimeLimit, Token));
                Assert.True(
                    failure is DfssException || (failure is null && call == calls[^1]), $"lie {lie}: {failure}");
            }

            Assert.False(File.Exists(folder["in"]));
        }
    }

    private static MessageMap EveryKey(MessageValue value)
    {
        MessageMap map = [];
        foreach (string key in (string[])
            ["present", "state", "results", "lengths", "more", "software", "addresses", "process_id", "uptime_ms",
                "connections", "chunks", "stored_bytes"])
        {
            map.Add(key, value);
        }

        return map;
    }
}
