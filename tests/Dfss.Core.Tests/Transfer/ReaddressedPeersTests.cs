using System.Collections.Concurrent;
using Dfss.Encryption;
using Dfss.Peers;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transfer;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// Peers that were restarted on other ports: which operations bring the new addresses into the record of a file. After
/// each a client that knows one peer finds the other two by the record.
/// </summary>
public sealed partial class ReaddressedPeersTests : IAsyncDisposable
{
    private static readonly SendOptions Send = new() { ChunkSize = DfssLimits.MinChunkSize };

    private readonly TemporaryFolder folder = new();
    private readonly CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(
        TestContext.Current.CancellationToken);
    private readonly List<DfssPeer> peers = [];
    private readonly HashSet<int> ports = [];

    // It stands still: no time limit ends an attempt on a busy machine.
    private readonly FakeTimeProvider clock = new(DateTimeOffset.UtcNow);
    private readonly List<DfssClient> clients = [];
    private readonly TestAuthority authority = new();
    private readonly string source;
    private ConcurrentQueue<string> told = new();

    public ReaddressedPeersTests()
    {
        source = folder.CreateFile("source", 200_000, seed: 1);

        // No time limit of a client or a peer ends a wait here, as the clock stands still.
        limit.CancelAfter(TimeSpan.FromSeconds(60));
    }

    private CancellationToken Token => limit.Token;

    private IReadOnlyList<DfssPeer> Running => [.. peers.TakeLast(3)];

    public async ValueTask DisposeAsync()
    {
        foreach (DfssClient client in clients)
        {
            await client.DisposeAsync();
        }

        foreach (DfssPeer peer in peers)
        {
            await peer.DisposeAsync();
        }

        authority.Dispose();
        limit.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_receive_does()
    {
        await SendAndRestartAsync(Send);
        await ReceiveAsync(ClientOfAll(), "x");
        await AssertFoundByOneAsync("x", version: 1);
    }

    [Fact]
    public async Task A_repair_that_copies_nothing_does_and_says_so_before()
    {
        await SendAndRestartAsync(Send);
        DfssClient client = ClientOfAll();
        RepairPlan? asked = null;
        RepairOptions options = new()
        {
            Confirm = (plan, _) =>
            {
                asked = plan;
                return Task.FromResult(true);
            },
        };

        RepairResult repaired = await client.RepairAsync(
            await client.GetAsync("x", Token), options, progress: null, Token);

        Assert.Equal(0, repaired.CopiedChunks);
        AssertCurrent(repaired.File.Record.Home);
        AssertCurrent(asked!.Readdressed);
        await AssertFoundByOneAsync("x", version: 1);
        asked = null;
        await client.RepairAsync(await client.GetAsync("x", Token), options, progress: null, Token);
        Assert.Null(asked);
    }

    [Fact]
    public async Task A_repair_that_changes_the_number_of_copies_does()
    {
        await SendAndRestartAsync(Send);
        DfssClient client = ClientOfAll();
        await client.RepairAsync(
            await client.GetAsync("x", Token), new RepairOptions { Replicas = 3 }, progress: null, Token);
        await AssertFoundByOneAsync("x", version: 2);
    }

    [Fact]
    public async Task A_rename_does_for_both_names()
    {
        await SendAndRestartAsync(Send);
        DfssClient client = ClientOfAll();
        await client.RenameAsync(await client.GetAsync("x", Token), "y", Token);
        await AssertFoundByOneAsync("y", version: 1);
        await AssertSentByOneAsync("x", version: 3);
    }

    [Fact]
    public async Task A_removal_does()
    {
        await SendAndRestartAsync(Send);
        DfssClient client = ClientOfAll();
        await client.RemoveAsync(await client.GetAsync("x", Token), RemoveOptions.Default, Token);
        await AssertSentByOneAsync("x", version: 3);
    }

    [Fact]
    public async Task An_overwrite_and_a_change_of_one_version_do()
    {
        await SendAndRestartAsync(Send);
        await ClientOfAll().SendAsync(source, "x", Send with { Force = true }, progress: null, Token);
        await AssertFoundByOneAsync("x", version: 2);
        await RestartAsync();
        await ClientOfAll().SendAsync(source, "x", Send with { IfVersion = 2 }, progress: null, Token);
        await AssertFoundByOneAsync("x", version: 3);
    }

    [Fact]
    public async Task A_change_of_recipients_does()
    {
        EncryptionKey key = EncryptionKey.Create();
        await SendAndRestartAsync(Send with { Recipients = [Recipient.Of(key)] });
        DfssClient client = ClientOfAll();
        await client.AddRecipientsAsync(
            await client.GetAsync("x", Token), [Recipient.Of(EncryptionKey.Create())], new KeyRing([key], []), Token);
        await AssertFoundByOneAsync("x", version: 2, new KeyRing([key], []));
    }

    /// <summary>What a former peer holds of the name is where it went, and which peers decided that.</summary>
    [Fact]
    public async Task A_move_does_for_the_former_home_too()
    {
        await SendAndRestartAsync(Send);
        await RestartAsync("d", "e", "f");
        DfssPeer[] next = [.. Running];
        await RestartAsync();
        DfssClient client = Client(Running);
        await client.RepairAsync(
            await client.GetAsync("x", Token), new RepairOptions { MoveTo = [.. next.Select(Cluster.AddressOf)] },
            progress: null, Token);

        await using PeerDirectory directory = new(TransferOptions.Default, ClientChannelOptions.Default);
        PeerHandle former = await directory.ConnectAsync(Cluster.AddressOf(Running[0]), Token);
        FileRecord moved = (await former.ReadAsync("x", Token)).Decided!.Record;
        Assert.Equal(FileRecordState.Moved, moved.State);
        AssertCurrent(moved.FormerHome);
    }

    [Fact]
    public async Task A_receive_through_addresses_that_are_right_writes_nothing()
    {
        await SendAndRestartAsync(Send);
        await ReceiveAsync(ClientOfAll(), "x");
        Assert.NotEqual(0, CountPrepares());

        // The request to the slowest member may end, and be logged, after the receive.
        told = new();

        await ReceiveAsync(ClientOfAll(), "x");
        await ReceiveAsync(Client([Running[0]]), "x");

        Assert.Equal(0, CountPrepares());
    }

    [Fact]
    public async Task A_receive_of_a_client_that_may_not_write_sends_no_request_to_change_the_record()
    {
        await SendAndRestartAsync(Send);
        await RestartAsync(authority, "a", "b", "c");
        told = new();

        await ReceiveAsync(ClientOfAll(authority.Identify(DfssRole.Reader)), "x");

        Assert.Equal(0, CountPrepares());

        StoredFile left = await ClientOfAll(authority.Identify(DfssRole.Writer)).GetAsync("x", Token);
        Assert.Empty(
            left.Record.Home.SelectMany(member => member.Addresses)
                .Intersect(Running.SelectMany(peer => peer.AdvertisedAddresses)));
    }

    [Fact]
    public async Task A_loopback_address_does_not_take_the_place_of_one_that_other_machines_can_use()
    {
        PeerOptions options =
            new() { Port = 0, StorePath = folder["a"], AdvertisedAddresses = ["storage.example:9000"] };
        DfssPeer peer = await DfssPeer.StartAsync(options, Token);
        peers.Add(peer);
        await using PeerDirectory directory = new(TransferOptions.Default, ClientChannelOptions.Default);
        string own = $"localhost:{peer.Port}";
        await directory.ConnectAsync(PeerAddress.Parse(own), Token);

        string[] remote = ["old.example:9000"];
        Assert.Equal(["storage.example:9000", "old.example:9000"], CurrentOf(directory, peer.StoreId, remote));
        Assert.Equal([own, "storage.example:9000", "localhost:1"], CurrentOf(directory, peer.StoreId, ["localhost:1"]));
        Assert.Equal([own, "storage.example:9000"], CurrentOf(directory, peer.StoreId, []));
        Assert.Equal(remote, CurrentOf(directory, StoreId.Create(), remote));
        Assert.Single(directory.FindReaddressed([new HomeMember(peer.StoreId, remote)]));
        Assert.Empty(directory.FindReaddressed([new HomeMember(peer.StoreId, ["storage.example:9000"])]));
        Assert.Empty(directory.FindReaddressed([new HomeMember(peer.StoreId, ["old.example:9000", own])]));
    }
}
