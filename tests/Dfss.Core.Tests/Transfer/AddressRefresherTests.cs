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
/// When a client that has read a file does not bring the new addresses of its peers into the record. The clock stands
/// still.
/// </summary>
public sealed class AddressRefresherTests : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> asked = new();
    private readonly TaskCompletionSource warned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<FakePeer> peers = [];
    private readonly TransferOptions options;
    private readonly PeerDirectory directory;

    public AddressRefresherTests()
    {
        options = new TransferOptions
        {
            TimeProvider = new FakeTimeProvider(),
            MaxAttempts = 1,
            Warning = _ => warned.TrySetResult()
        };
        directory = new PeerDirectory(options, ClientChannelOptions.Default);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await directory.DisposeAsync();
        foreach (FakePeer peer in peers)
        {
            await peer.DisposeAsync();
        }
    }

    /// <summary>
    /// The decision would give the member its vote back, and with it end the warning, while no chunk is copied.
    /// </summary>
    [Theory]
    [InlineData(Operations.Read)]
    [InlineData(Operations.Prepare)]
    public async Task It_leaves_a_file_of_which_a_member_has_no_vote(string saidIn)
    {
        StoreId[] stores = [.. Enumerable.Range(0, 3).Select(_ => StoreId.Create())];
        BallotedRecord stale = Stale(stores);
        RegisterAnswer known = new() { Promised = stale.Ballot, Accepted = stale, Decided = stale };
        for (int i = 0; i < stores.Length; i++)
        {
            bool isPutBack = i == 0;
            Start(stores[i], async (request, token) =>
            {
                if (isPutBack && request == saidIn)
                {
                    return known with { Status = RegisterStatus.NoVote };
                }

                // The client has heard of the one without a vote before the others make a majority.
                await (request == saidIn ? warned.Task.WaitAsync(token) : Task.CompletedTask);
                return known;
            });
        }

        Home home = await ReachAsync(stale);

        await new AddressRefresher(options).RefreshAsync(stale.Record, home, Token);

        Assert.DoesNotContain(Operations.Accept, asked);
        Assert.Contains(saidIn, asked);
        Assert.Equal(saidIn == Operations.Prepare, asked.Contains(Operations.Prepare));
    }

    [Fact]
    public async Task A_failure_at_the_peers_of_one_file_does_not_end_it_for_the_files_of_others()
    {
        AddressRefresher refresher = new(options);
        for (int home = 1; home <= 2; home++)
        {
            StoreId store = StoreId.Create();
            BallotedRecord stale = Stale([store]);
            Start(store, (request, _) => Task.FromResult(request == Operations.Read
                ? new RegisterAnswer { Promised = stale.Ballot, Accepted = stale, Decided = stale }
                : null));
            for (int reads = 1; reads <= 2; reads++)
            {
                await refresher.RefreshAsync(stale.Record, await ReachAsync(stale), Token);
                Assert.Equal(home, asked.Count(one => one == Operations.Prepare));
            }
        }
    }

    private static BallotedRecord Stale(IEnumerable<StoreId> stores) => new(
        Sample.Ballot(7),
        Sample.Record() with { Home = [.. stores.Select(store => new HomeMember(store, ["127.0.0.1:1"]))] });

    private async Task<Home> ReachAsync(BallotedRecord stale)
    {
        foreach (FakePeer peer in peers)
        {
            await directory.ConnectAsync(peer.Address, Token);
        }

        return await Home.ReachAsync(RecordHome.Of(stale.Record), directory, enough: stale.Record.Home.Count, Token);
    }

    /// <summary>A peer that answers as it is told to; where that is null it is not permitted.</summary>
    private void Start(StoreId store, Func<string, CancellationToken, Task<RegisterAnswer?>> answer) =>
        peers.Add(new FakePeer(async (request, _, token) =>
        {
            asked.Enqueue(request.Operation!);
            if (await answer(request.Operation!, token) is not { } given)
            {
                return (DfssErrorCode.NotPermitted, [], null);
            }

            (MessageMap map, byte[] payload) = MessageBatch.Join([RecordCodec.EncodeAnswer(given)]);
            return (DfssErrorCode.None, map, payload);
        })
        { StoreId = store });
}
