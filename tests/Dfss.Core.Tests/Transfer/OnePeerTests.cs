using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Any one peer of a home is enough to know, and addresses are only hints.</summary>
public sealed class OnePeerTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;

    private static readonly SendOptions Send = new() { ChunkSize = ChunkSize };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Any_one_peer_lists_all_files_of_its_homes_as_current(int named)
    {
        await using Cluster cluster = await Cluster.StartAsync(4);
        string source = cluster.Folder.CreateFile("source", 10, seed: 1);
        await using DfssClient home = new([.. cluster.Addresses.Take(3)], TransferOptions.Default);
        await using DfssClient next = new([.. cluster.Addresses.Skip(2)], TransferOptions.Default);
        foreach (string name in new[] { "b", "d", "f" })
        {
            await home.SendAsync(source, name, Send, progress: null, Token);
        }

        // At the third peer and one more: found on the way, also those that come before the name that led there.
        foreach (string name in new[] { "a", "c", "g" })
        {
            await next.SendAsync(source, name, Send, progress: null, Token);
        }

        await using DfssClient one = new([cluster.Addresses[named]], TransferOptions.Default);
        IReadOnlyList<StoredFile> all = await ListAsync(one, string.Empty);
        Assert.Equal(["a", "b", "c", "d", "f", "g"], all.Select(file => file.Record.Name));
        Assert.All(all, file => Assert.True(file.IsCurrent));
        Assert.Equal(["d"], (await ListAsync(one, "d")).Select(file => file.Record.Name));
    }

    [Fact]
    public async Task What_the_peer_that_is_asked_has_missed_is_in_its_list_all_the_same()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        await using HeldPeer third = await HeldPeer.StartAsync();
        await using DfssClient home = new([.. cluster.Addresses, third.Address], TransferOptions.Default);
        string first = cluster.Folder.CreateFile("first", 10, seed: 1);
        string second = cluster.Folder.CreateFile("second", 20, seed: 2);
        await home.SendAsync(first, "x", Send, progress: null, Token);
        third.Fails = (operation, _, _) => operation == Operations.Decide;
        third.FailsAtOnce = true;
        await home.SendAsync(second, "x", Send with { Force = true }, progress: null, Token);
        third.Release();

        await using DfssClient one = new([third.Address], TransferOptions.Default);
        StoredFile listed = Assert.Single(await ListAsync(one, string.Empty));

        Assert.Equal((2, true), (listed.Record.Version, listed.IsCurrent));
    }

    [Fact]
    public async Task A_list_of_one_peer_without_its_others_says_that_it_may_be_old()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        await cluster.Client.SendAsync(
            cluster.Folder.CreateFile("source", 10, seed: 1), "x", Send, progress: null, Token);
        await cluster.Peers[1].StopAsync();
        await using DfssClient one = new([cluster.Addresses[0]], TransferOptions.Default);
        Assert.True(Assert.Single(await ListAsync(one, string.Empty)).IsCurrent);

        await cluster.Peers[2].StopAsync();
        await using DfssClient alone = new([cluster.Addresses[0]], TransferOptions.Default);
        Assert.False(Assert.Single(await ListAsync(alone, string.Empty)).IsCurrent);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Any_one_peer_is_enough_to_replace_and_to_receive_and_the_home_stays(int named)
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        string first = cluster.Folder.CreateFile("first", 3 * ChunkSize, seed: 1);
        string second = cluster.Folder.CreateFile("second", 7 * ChunkSize, seed: 2);
        StoredFile sent = await cluster.Client.SendAsync(first, "x", Send, progress: null, Token);

        await using DfssClient one = new([cluster.Addresses[named]], TransferOptions.Default);
        StoredFile replaced = await one.SendAsync(second, "x", Send with { Force = true }, progress: null, Token);
        StoredFile found = await one.GetAsync("x", Token);
        await one.ReceiveAsync(found, cluster.Folder["out"], ReceiveOptions.Default, progress: null, Token);

        Assert.Equal((2, 2), (replaced.Record.Replicas, replaced.PresentReplicas));
        Assert.Equal(
            sent.Record.Home.Select(member => member.StoreId), found.Record.Home.Select(member => member.StoreId));
        Assert.Equal((2, true), (found.Record.Version, found.IsCurrent));
        Assert.Equal(
            await File.ReadAllBytesAsync(second, Token), await File.ReadAllBytesAsync(cluster.Folder["out"], Token));
    }

    [Fact]
    public async Task Peers_that_moved_to_other_ports_are_found_where_they_are_named_and_then_by_the_record()
    {
        using TemporaryFolder folder = new();
        string source = folder.CreateFile("source", 6 * ChunkSize, seed: 1);
        List<DfssPeer> peers = await StartAsync(folder, 3);
        StoredFile before;
        await using (DfssClient client = Client(peers))
        {
            before = await client.SendAsync(source, "x", Send, progress: null, Token);
        }

        await StopAsync(peers);
        peers = await StartAsync(folder, 3);
        try
        {
            // In another order, at other ports, from an object that knows only the old ones.
            await using DfssClient all = Client(peers.AsEnumerable().Reverse());
            await all.ReceiveAsync(before, folder["out1"], ReceiveOptions.Default, progress: null, Token);
            Assert.True(Assert.Single(await ListAsync(all, string.Empty)).IsCurrent);
            StoredFile replaced = await all.SendAsync(source, "x", Send with { Force = true }, progress: null, Token);
            Assert.Equal(
                before.Record.Home.Select(member => member.StoreId),
                replaced.Record.Home.Select(member => member.StoreId));

            // The record now knows where they are.
            await using DfssClient one = Client(peers.Take(1));
            StoredFile found = await one.GetAsync("x", Token);
            Assert.True(found.IsCurrent);
            await one.ReceiveAsync(found, folder["out2"], ReceiveOptions.Default, progress: null, Token);
            Assert.Equal(
                await File.ReadAllBytesAsync(source, Token), await File.ReadAllBytesAsync(folder["out1"], Token));
            Assert.Equal(
                await File.ReadAllBytesAsync(source, Token), await File.ReadAllBytesAsync(folder["out2"], Token));
        }
        finally
        {
            await StopAsync(peers);
        }
    }

    private static DfssClient Client(IEnumerable<DfssPeer> peers) =>
        new([.. peers.Select(Cluster.AddressOf)], TransferOptions.Default);

    private static async Task<List<DfssPeer>> StartAsync(TemporaryFolder folder, int count)
    {
        List<DfssPeer> peers = [];
        for (int i = 0; i < count; i++)
        {
            peers.Add(await DfssPeer.StartAsync(new PeerOptions { Port = 0, StorePath = folder[$"store{i}"] }, Token));
        }

        return peers;
    }

    private static async Task StopAsync(List<DfssPeer> peers)
    {
        foreach (DfssPeer peer in peers)
        {
            await peer.DisposeAsync();
        }
    }

    private static async Task<IReadOnlyList<StoredFile>> ListAsync(DfssClient client, string prefix)
    {
        List<StoredFile> files = [];
        await foreach (StoredFile file in client.ListAsync(prefix, Token))
        {
            files.Add(file);
        }

        return files;
    }
}
