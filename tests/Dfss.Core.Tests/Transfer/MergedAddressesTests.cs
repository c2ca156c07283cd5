using Dfss.Testing;
using Dfss.Transfer;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// Which addresses of a member a client writes into a record: those that it found, and those that others may need.
/// </summary>
public sealed class MergedAddressesTests : IAsyncDisposable
{
    private const string Elsewhere = "elsewhere.example:9000";

    private readonly List<FakePeer> peers = [];
    private readonly List<PeerDirectory> directories = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (PeerDirectory directory in directories)
        {
            await directory.DisposeAsync();
        }

        foreach (FakePeer peer in peers)
        {
            await peer.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_recorded_address_that_this_client_does_not_reach_stays_behind_the_new_ones()
    {
        FakePeer peer = Start("b.example:9000");
        PeerDirectory directory = await ConnectAsync(peer);
        string[] many = [.. Enumerable.Range(0, DfssLimits.MaxAddresses).Select(i => $"{i}.example:9000")];

        Assert.Equal(["b.example:9000", Elsewhere], CurrentOf(directory, peer.StoreId, Elsewhere));
        Assert.Equal(["b.example:9000", .. many[..^1]], CurrentOf(directory, peer.StoreId, many));
    }

    [Fact]
    public async Task A_recorded_address_at_which_another_store_answers_is_dropped()
    {
        FakePeer peer = Start("b.example:9000");
        FakePeer other = Start("other.example:9000");
        PeerDirectory directory = await ConnectAsync(peer, other);

        Assert.Equal([AddressOf(peer), "b.example:9000"], CurrentOf(directory, peer.StoreId, AddressOf(other)));
    }

    /// <summary>Two addresses of one peer, of which each client reaches one.</summary>
    [Fact]
    public async Task Clients_of_two_networks_do_not_take_turns_at_writing()
    {
        StoreId store = StoreId.Create();
        PeerDirectory here = await ConnectAsync(Start(store));
        PeerDirectory there = await ConnectAsync(Start(store));
        HomeMember[] recorded = [new(store, ["localhost:1"])];

        Assert.Single(here.FindReaddressed(recorded));
        IReadOnlyList<HomeMember> written = here.WithCurrentAddresses(recorded);
        Assert.Single(there.FindReaddressed(written));
        written = there.WithCurrentAddresses(written);

        Assert.Empty(here.FindReaddressed(written));
        Assert.Empty(there.FindReaddressed(written));
        Assert.Equal(written[0].Addresses, Assert.Single(here.WithCurrentAddresses(written)).Addresses);
        Assert.Equal(written[0].Addresses, Assert.Single(there.WithCurrentAddresses(written)).Addresses);
    }

    [Fact]
    public async Task A_recorded_address_that_the_peer_calls_its_own_is_current()
    {
        FakePeer peer = Start("a.example:9000", "b.example:9000");
        PeerDirectory directory = await ConnectAsync(peer);

        Assert.Empty(directory.FindReaddressed([new HomeMember(peer.StoreId, ["B.example:9000", Elsewhere])]));
        Assert.Equal(["B.example:9000"], CurrentOf(directory, peer.StoreId, "B.example:9000"));
        Assert.Single(directory.FindReaddressed([new HomeMember(peer.StoreId, [Elsewhere])]));
    }

    /// <summary>Without a cluster no certificate says which store a peer has.</summary>
    [Fact]
    public async Task A_peer_that_claims_the_store_of_another_changes_nothing_where_the_other_answers()
    {
        FakePeer peer = Start("a.example:9000");
        FakePeer liar = Start(peer.StoreId, "liar.example:9000");
        PeerDirectory directory = await ConnectAsync(liar, peer);

        Assert.Empty(directory.FindReaddressed([new HomeMember(peer.StoreId, [AddressOf(peer)])]));
        Assert.Equal([AddressOf(peer)], CurrentOf(directory, peer.StoreId, AddressOf(peer)));
    }

    private static string AddressOf(FakePeer peer) => peer.Address.ToString();

    private static IReadOnlyList<string> CurrentOf(PeerDirectory directory, StoreId store, params string[] recorded) =>
        Assert.Single(directory.WithCurrentAddresses([new HomeMember(store, recorded)])).Addresses;

    private FakePeer Start(params string[] advertised) => Start(StoreId.Create(), advertised);

    private FakePeer Start(StoreId store, params string[] advertised)
    {
        FakePeer peer = new((_, _, _) => new((DfssErrorCode.StoreFailed, [], null))) { StoreId = store };
        peer.AdvertisedAddresses = advertised.Length > 0 ? advertised : null;
        peers.Add(peer);
        return peer;
    }

    private async Task<PeerDirectory> ConnectAsync(params FakePeer[] known)
    {
        PeerDirectory directory = new(TransferOptions.Default, ClientChannelOptions.Default);
        directories.Add(directory);
        foreach (FakePeer peer in known)
        {
            await directory.ConnectAsync(peer.Address, Token);
        }

        return directory;
    }
}
