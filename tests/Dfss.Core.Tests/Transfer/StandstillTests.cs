using System.Collections.Concurrent;
using Dfss.Protocol;
using Dfss.Records;
using Dfss.Testing;
using Dfss.Tests.Records;
using Dfss.Transfer;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// Peers that take connections and answer every ping, and never what they know of a name, in virtual time.
/// </summary>
public sealed class StandstillTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider clock = new();
    private readonly ConcurrentQueue<string> warnings = new();
    private readonly ConcurrentQueue<string> read = new();
    private readonly TransferOptions options;
    private readonly PeerDirectory directory;

    public StandstillTests()
    {
        options = new TransferOptions { TimeProvider = clock, MaxAttempts = 1, Warning = warnings.Enqueue };
        directory = new PeerDirectory(options, new ClientChannelOptions
        {
            Channel = ClientChannelOptions.Default.Channel with { TimeProvider = clock },
        });
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => directory.DisposeAsync();

    [Fact]
    public async Task A_former_member_that_never_answers_holds_up_the_way_to_a_later_home_for_5_seconds()
    {
        await using FakePeer silent = new((request, _, token) => AnswerAsync(request, seals: [], token));
        await using FakePeer later = new((request, _, token) => AnswerAsync(request, seals: [], token));
        await using FakePeer telling = new((request, _, token) => request.Operation == Operations.Read
            ? new(Answered(new RegisterAnswer { Decided = MovedTo(MemberOf(later)) }))
            : AnswerAsync(request, seals: [], token));
        Home former = await Home.ReachAsync([MemberOf(silent), MemberOf(telling)], directory, Token);
        RegisterReader untold = new("x", former.Place, Guid.NewGuid);

        Home found = await WithinLimitAsync(LaterHome.ReachAsync(untold, former, Token));

        Assert.Equal((later.StoreId, 1), (found.Members.Single().StoreId!.Value, found.Place.Epoch.Number));
    }

    [Fact]
    public async Task A_peer_that_never_says_what_it_knows_is_tidied_up_all_the_same()
    {
        HomeMember[] unreachable = [new HomeMember(StoreId.Create(), ["127.0.0.1:1"])];
        await using FakePeer peer = new(
            (request, _, token) => AnswerAsync(request, SealsOf(unreachable, count: 20), token));

        OptimizeResult done = await WithinLimitAsync(new StoreOptimizer(directory, options).OptimizeAsync(
            peer.Address, new OptimizeOptions { GracePeriod = TimeSpan.Zero }, Token));

        Assert.Equal((0, 20, 7), (done.SettledNames, done.UndecidedNames, done.ChunksDeleted));
        Assert.Equal(20, warnings.Count(line => line.Contains("no answer came in time", StringComparison.Ordinal)));
        Assert.Single(read);
    }

    [Fact]
    public async Task Names_of_one_home_that_never_answers_are_waited_for_once()
    {
        await using FakePeer silent = new((request, _, token) => AnswerAsync(request, seals: [], token));
        HomeMember[] home = [MemberOf(silent)];
        await using FakePeer peer = new((request, _, token) => request.Operation == Operations.Read
            ? new(Answered(new RegisterAnswer()))
            : AnswerAsync(request, SealsOf(home, count: 20), token));

        OptimizeResult done = await WithinLimitAsync(new StoreOptimizer(directory, options).OptimizeAsync(
            peer.Address, new OptimizeOptions { GracePeriod = TimeSpan.Zero }, Token));

        Assert.Equal((0, 20, 7), (done.SettledNames, done.UndecidedNames, done.ChunksDeleted));
        Assert.All(Enumerable.Range(0, 20), i => Assert.Single(
            warnings, line => line.Contains($"'{i:00}' stays", StringComparison.Ordinal)));
        Assert.Single(read);
    }

    /// <summary>The refresh of addresses is the last step of a receive; its time limit is 2 s.</summary>
    [Fact]
    public async Task A_peer_that_stands_still_delays_one_receive_that_found_it_at_another_address()
    {
        StoreId store = StoreId.Create();
        BallotedRecord stale = new(
            Sample.Ballot(7), Sample.Record() with { Home = [new HomeMember(store, ["127.0.0.1:1"])] });
        int prepares = 0;
        await using FakePeer peer = new(async (request, _, token) =>
        {
            if (request.Operation == Operations.Read)
            {
                return Answered(new RegisterAnswer { Promised = stale.Ballot, Accepted = stale, Decided = stale });
            }

            Interlocked.Increment(ref prepares);
            await Task.Delay(Timeout.Infinite, token);
            return null;
        })
        { StoreId = store };
        await directory.ConnectAsync(peer.Address, Token);
        Home home = await Home.ReachAsync(stale.Record.Home, directory, Token);
        AddressRefresher addresses = new(options);

        await WithinLimitAsync(RefreshAsync());
        await RefreshAsync();

        Assert.Equal(1, prepares);

        async Task<bool> RefreshAsync()
        {
            await addresses.RefreshAsync(stale.Record, home, Token);
            return true;
        }
    }

    /// <summary>
    /// Moves the clock on until it is done, which must not take as long as a connection that is given up.
    /// </summary>
    private async Task<T> WithinLimitAsync<T>(Task<T> task)
    {
        long began = clock.GetTimestamp();
        while (!task.IsCompleted && clock.GetElapsedTime(began) < Limit)
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(40, Token);
        }

        Assert.True(task.IsCompleted, $"It takes more than {Limit}.");
        return await task;
    }

    private async ValueTask<(DfssErrorCode Status, MessageMap Results, ReadOnlyMemory<byte>? Payload)?> AnswerAsync(
        Message request, IEnumerable<SealedName> seals, CancellationToken cancellationToken)
    {
        switch (request.Operation)
        {
            case Operations.Read:
                read.Enqueue(request.Operation);
                await Task.Delay(Timeout.Infinite, cancellationToken);
                return null;
            case Operations.ListSeals:
                (MessageMap map, byte[] payload) = MessageBatch.Join(seals.Select(RecordCodec.EncodeSealedName));
                return (DfssErrorCode.None, map, payload);
            case Operations.Optimize:
                return (
                    DfssErrorCode.None,
                    new() { { "chunks_deleted", 7 }, { "bytes_deleted", 70 }, { "chunks_kept", 0 }, { "files", 0 } },
                    null);
            default:
                return (DfssErrorCode.None, [], null);
        }
    }

    private static (DfssErrorCode Status, MessageMap Results, ReadOnlyMemory<byte>? Payload) Answered(
        RegisterAnswer answer)
    {
        (MessageMap map, byte[] payload) = MessageBatch.Join([RecordCodec.EncodeAnswer(answer)]);
        return (DfssErrorCode.None, map, payload);
    }

    private static IEnumerable<SealedName> SealsOf(IReadOnlyList<HomeMember> home, int count) =>
        Enumerable.Range(0, count).Select(i =>
            new SealedName($"{i:00}", [new RegisterSeal(new Ballot(7, Guid.NewGuid()), default) { Home = home }]));

    private static HomeMember MemberOf(FakePeer peer) => new(peer.StoreId, [peer.Address.ToString()]);

    private static BallotedRecord MovedTo(HomeMember member) => new(new Ballot(7, Guid.NewGuid()), new FileRecord
    {
        Name = "x",
        Version = 2,
        Epoch = 1,
        State = FileRecordState.Moved,
        FileId = FileManifest.Create(0, DfssLimits.MinChunkSize, []).FileId,
        ChunkSize = DfssLimits.MinChunkSize,
        Replicas = 1,
        Home = [member],
        FormerHome = [new HomeMember(StoreId.Create(), ["127.0.0.1:1"])],
        WriterId = Guid.NewGuid(),
    });
}
