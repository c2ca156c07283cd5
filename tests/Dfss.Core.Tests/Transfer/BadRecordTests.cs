using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Records;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Tests.Records;
using Dfss.Transfer;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// Records that no writer should have made: a peer takes none from a writer, and one that a store has from before costs
/// a client one warning and no other file.
/// </summary>
public sealed class BadRecordTests
{
    private const string BadName = "m-bad";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly StoreId Other = StoreId.Create();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Members of a home that a client cannot use, by what is wrong.</summary>
    private static Dictionary<string, HomeMember[]> BadMembers { get; } = new(StringComparer.Ordinal)
    {
        ["no address"] = [new(Other, [])],
        ["neither store nor address"] = [new(null, [])],
        ["a host that no resolver takes"] = [new(Other, [new string('h', 255)])],
        ["no host"] = [new(Other, [":9000"])],
        ["escape sequence"] = [new(Other, ["\u001b[31mred:9000"])],
        ["twice"] = [new(Other, ["localhost:1"]), new(Other, ["localhost:1"])],
    };

    public static TheoryData<string> Kinds => [.. BadMembers.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_stored_record_that_is_not_sound_is_one_warning_and_no_other_file_is_missed(string kind)
    {
        IRecordStore? stored = null;
        await using DfssPeer peer = await DfssPeer.StartAsync(
            new PeerOptions { Port = 0, ServeRecords = records => stored = records }, Token);
        await StoreAsync(stored!, peer.StoreId, BadMembers[kind]);
        await AssertSurvivesAsync(Cluster.AddressOf(peer));
    }

    [Fact]
    public async Task A_peer_process_that_has_such_a_record_from_before_is_listed_with_one_warning()
    {
        using TemporaryFolder folder = new();
        await using (LocalStore store = await LocalStore.OpenAsync(folder["store"], new LocalStoreOptions(), Token))
        {
            await StoreAsync(store.Records, store.StoreId, BadMembers["no address"]);
        }

        await using PeerProcess peer = await PeerProcess.StartAsync(folder["store"]);
        await AssertSurvivesAsync(peer.Address);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_peer_takes_no_such_record_from_a_writer(string kind)
    {
        await using DfssPeer peer = await DfssPeer.StartAsync(new PeerOptions { Port = 0 }, Token);
        await using PeerLink link = new(Cluster.AddressOf(peer), ClientChannelOptions.Default);
        RemoteRecordStore records = new(link);
        FileRecord record = BadRecord(peer.StoreId, BadMembers[kind]);
        Ballot ballot = Sample.Ballot(1);
        await records.PrepareAsync([new(BadName, ballot)], Token);
        foreach (Func<Task> call in (Func<Task>[])
        [
            async () => await records.AcceptAsync([new(BadName, ballot, record)], Token),
            async () => await records.DecideAsync([new(BadName, ballot, record)], Token),
            async () =>
                await records.SealAsync([new(BadName, ballot, record.FileId, default) { Home = record.Home }], Token),
        ])
        {
            DfssException refusal = await Assert.ThrowsAsync<DfssException>(call);
            Assert.True(refusal.Code == DfssErrorCode.InvalidArgument, refusal.ToString());
            Assert.Contains(BadName, refusal.Message, StringComparison.Ordinal);
        }

        RegisterAnswer state = (await records.ReadAsync([new(BadName)], Token))[0];
        Assert.Null(state.Accepted ?? state.Decided);
    }

    [Fact]
    public async Task A_peer_takes_no_record_of_more_chunks_than_a_file_can_have()
    {
        await using DfssPeer peer = await DfssPeer.StartAsync(new PeerOptions { Port = 0 }, Token);
        await using PeerLink link = new(Cluster.AddressOf(peer), ClientChannelOptions.Default);
        FileRecord record = BadRecord(peer.StoreId, []) with
        {
            Length = ((long)DfssLimits.MaxChunksPerFile * DfssLimits.MinChunkSize) + 1
        };
        DfssException refusal = await Assert.ThrowsAsync<DfssException>(
            async () => await new RemoteRecordStore(link).AcceptAsync([new(BadName, Sample.Ballot(1), record)], Token));
        Assert.Contains("chunks", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_malformed_record_in_a_list_is_one_warning_and_the_others_are_listed()
    {
        StoreId id = StoreId.Create();
        byte[][] items =
        [
            Encode("a", id), Encode("b", id)[..^1], Encode("c", id), Break(Encode("d", id)), Encode("e", id),
        ];
        (MessageMap results, byte[] payload) = MessageBatch.Join(items);
        results.Add("more", false);
        await using FakePeer peer = new((_, _, _) => new((DfssErrorCode.None, results, payload))) { StoreId = id };
        List<string> warnings = [];
        await using DfssClient client = new([peer.Address], new TransferOptions { Warning = warnings.Add });
        List<string> lacks = [];
        List<StoredFile> files =
            await client.ListAsync("", lacks.Add, Token).ToListAsync(Token).AsTask().WaitAsync(Limit, Token);
        Assert.Equal(["a", "c", "e"], files.Select(file => file.Name));
        Assert.Equal(2, lacks.Count);
        Assert.Contains("its record of 'b' cannot be read", lacks[0], StringComparison.Ordinal);
        Assert.Collection(
            warnings,
            one => Assert.Contains($"{peer.Address}: its record of 'b'", one, StringComparison.Ordinal),
            one => Assert.Contains($"{peer.Address}: its record of 'd'", one, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_list_of_malformed_records_without_end_ends()
    {
        int asked = 0;
        StoreId id = StoreId.Create();
        await using FakePeer peer = new((_, _, _) =>
        {
            (MessageMap results, byte[] payload) = MessageBatch.Join([Break(Encode($"{asked++:D6}", id))]);
            results.Add("more", true);
            return new((DfssErrorCode.None, results, payload));
        })
        { StoreId = id };
        List<string> warnings = [];
        await using DfssClient client = new([peer.Address], new TransferOptions { Warning = warnings.Add });
        DfssException end = await Assert.ThrowsAsync<DfssException>(
            () => client.ListAsync("", Token).ToListAsync(Token).AsTask().WaitAsync(Limit, Token));
        Assert.Equal(DfssErrorCode.ProtocolViolation, end.Code);
        Assert.InRange(warnings.Count, 1, 100);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(250)]
    public async Task A_host_that_no_resolver_takes_is_a_peer_that_cannot_be_reached(int length)
    {
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => TcpTransport.ConnectAsync(
            new PeerAddress(new string('h', length)), Limit, Token));
        Assert.Equal(DfssErrorCode.PeerUnreachable, error.Code);
    }

    /// <summary>As a writer of before could: nothing but the form was looked at.</summary>
    private static async Task StoreAsync(IRecordStore records, StoreId store, HomeMember[] bad)
    {
        foreach (FileRecord record in (FileRecord[])
            [Named("a", store), BadRecord(store, bad), Named("z", store)])
        {
            await records.DecideAsync([new DecideRequest(record.Name, Sample.Ballot(1), record)], Token);
        }
    }

    private static async Task AssertSurvivesAsync(PeerAddress address)
    {
        List<string> warnings = [];
        await using DfssClient client = new([address], new TransferOptions { Warning = warnings.Add });
        List<StoredFile> files = await client.ListAsync("", Token).ToListAsync(Token).AsTask().WaitAsync(Limit, Token);
        Assert.Equal(["a", BadName, "z"], files.Select(file => file.Name));
        Assert.Contains($"'{BadName}'", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.DoesNotContain(
            files.SelectMany(file => file.Record.Home),
            member => member.DisplayName.Contains('\u001b', StringComparison.Ordinal));

        // Its home has two members or more, and only one of them can be reached.
        Exception? read = await Record.ExceptionAsync(() => client.GetAsync(BadName, Token).WaitAsync(Limit, Token));
        Assert.True(read is null or DfssException, read?.ToString());
        Exception? removed = await Record.ExceptionAsync(
            () => client.RemoveAsync(files[1], RemoveOptions.Default, Token).WaitAsync(Limit, Token));
        Assert.True(removed is null or DfssException, removed?.ToString());
    }

    private static FileRecord Named(string name, StoreId store) =>
        Sample.Record(name: name) with { Home = [new HomeMember(store, ["localhost:9000"])] };

    private static FileRecord BadRecord(StoreId store, HomeMember[] bad) =>
        Named(BadName, store) with { Home = [new HomeMember(store, ["localhost:9000"]), .. bad] };

    private static byte[] Encode(string name, StoreId store) =>
        RecordCodec.EncodeBallotedRecord(new BallotedRecord(Sample.Ballot(1), Named(name, store)));

    /// <summary>The same with a version that is a text.</summary>
    private static byte[] Break(byte[] encoded)
    {
        int version = encoded.AsSpan().IndexOf("version"u8) + "version"u8.Length;
        encoded[version] = 0xa0;
        return encoded;
    }
}
