using Dfss.Encryption;
using Dfss.Peers;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <content>The peers, their clients, and what is expected of them.</content>
public sealed partial class ReaddressedPeersTests
{
    private static IReadOnlyList<string> CurrentOf(PeerDirectory directory, StoreId store, string[] recorded) =>
        Assert.Single(directory.WithCurrentAddresses([new HomeMember(store, recorded)])).Addresses;

    private int CountPrepares() => told.Count(line => line.Contains(" prepare,", StringComparison.Ordinal));

    private async Task SendAndRestartAsync(SendOptions options)
    {
        await RestartAsync();
        StoredFile sent = await ClientOfAll().SendAsync(source, "x", options, progress: null, Token);
        AssertCurrent(sent.Record.Home);
        await RestartAsync();
    }

    private Task RestartAsync() => RestartAsync("a", "b", "c");

    private Task RestartAsync(params string[] stores) => RestartAsync(by: null, stores);

    /// <summary>Starts them at ports that none has had before.</summary>
    private async Task RestartAsync(TestAuthority? by, params string[] stores)
    {
        List<DfssPeer> started = [];
        foreach (string store in stores)
        {
            StoreId? id = PeerStore.Find(folder[store]);
            if (peers.FindLast(peer => peer.StoreId == id) is { } before)
            {
                await before.StopAsync();
            }

            PeerOptions options = new() { Port = 0, StorePath = folder[store], Identity = by?.IdentifyPeer(id!.Value) };
            DfssPeer peer = await DfssPeer.StartAsync(options, Token);
            while (!ports.Add(peer.Port))
            {
                await peer.StopAsync();
                peer = await DfssPeer.StartAsync(options, Token);
            }

            started.Add(peer);
        }

        peers.AddRange(started);
    }

    private DfssClient ClientOfAll(TlsIdentity? identity = null) => Client(Running, identity);

    private DfssClient Client(IReadOnlyList<DfssPeer> known, TlsIdentity? identity = null)
    {
        DfssClient client = new(
            [.. known.Select(Cluster.AddressOf)],
            new TransferOptions { Debug = told.Enqueue, Identity = identity, TimeProvider = clock });
        clients.Add(client);
        return client;
    }

    private async Task ReceiveAsync(DfssClient client, string name, KeyRing? keys = null)
    {
        ReceiveOptions options = new() { Force = true, Keys = keys };
        await client.ReceiveAsync(
            await client.GetAsync(name, Token), folder["received"], options, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(source, Token), await File.ReadAllBytesAsync(folder["received"], Token));
    }

    private async Task AssertFoundByOneAsync(string name, long version, KeyRing? keys = null)
    {
        foreach (DfssPeer known in Running)
        {
            DfssClient client = Client([known]);
            StoredFile found = await client.GetAsync(name, Token);
            Assert.Equal((version, true), (found.Record.Version, found.IsCurrent));
            AssertCurrent(found.Record.Home);
            await ReceiveAsync(client, name, keys);
        }
    }

    /// <summary>The tombstone of a name says where its peers are.</summary>
    private async Task AssertSentByOneAsync(string name, long version)
    {
        StoredFile sent = await Client([Running[1]]).SendAsync(source, name, Send, progress: null, Token);
        Assert.Equal(version, sent.Record.Version);
        Assert.Equal(3, sent.Record.Home.Count);
    }

    private void AssertCurrent(IReadOnlyList<HomeMember> home) => Assert.Equal(
        Running.ToDictionary(peer => peer.StoreId, peer => peer.AdvertisedAddresses[0]).OrderBy(one => one.Value),
        home.ToDictionary(member => member.StoreId!.Value, member => member.Addresses[0]).OrderBy(one => one.Value));
}
