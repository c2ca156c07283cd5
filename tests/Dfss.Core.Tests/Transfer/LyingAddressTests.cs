using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>A member of a home whose hello names addresses that no record can have.</summary>
public sealed class LyingAddressTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_peer_that_sends_addresses_of_great_length_stops_no_change_of_a_file()
    {
        await using Cluster cluster = await Cluster.StartAsync(4);
        await using FakePeer liar = new((_, _, _) => new((DfssErrorCode.StoreFailed, [], null)));
        PeerAddress[] home = [cluster.Addresses[0], cluster.Addresses[1], liar.Address];
        string source = cluster.Folder.CreateFile("source", 100, seed: 1);
        SendOptions once = new() { Replicas = 1, MinimumReplicas = 1 };
        await using (DfssClient before = new(home, TransferOptions.Default))
        {
            await before.SendAsync(source, "x", once, progress: null, Token);
            await before.SendAsync(source, "y", once, progress: null, Token);
        }

        liar.AdvertisedAddresses =
            [$"a.example:{new string('0', 400)}9000", $"{new string(' ', 400)}b.example:9000", "c.example:9000"];

        await using DfssClient client = new(home, TransferOptions.Default);
        await client.RemoveAsync(await client.GetAsync("x", Token), RemoveOptions.Default, Token);
        RepairOptions move = new() { MoveTo = [.. cluster.Addresses.Skip(1)] };
        RepairResult moved = await client.RepairAsync(await client.GetAsync("y", Token), move, progress: null, Token);
        StoredFile sent = await client.SendAsync(source, "z", once, progress: null, Token);

        Assert.Equal(3, moved.File.Record.Home.Count);
        HomeMember written = sent.Record.Home.Single(member => member.StoreId == liar.StoreId);
        Assert.Equal([liar.Address.ToString(), "b.example:9000", "c.example:9000"], written.Addresses);
    }
}
