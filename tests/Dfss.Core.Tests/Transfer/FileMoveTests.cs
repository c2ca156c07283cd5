using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// A file that moves to other peers is found from its former ones and from its new ones, at any moment.
/// </summary>
public sealed class FileMoveTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;
    private const int ChunkCount = 6;

    private static readonly SendOptions Send = new() { ChunkSize = ChunkSize, Replicas = 2 };
    private static readonly OptimizeOptions AtOnce = new() { GracePeriod = TimeSpan.Zero };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_moved_file_is_found_from_any_one_peer_of_either_home_and_listed_once()
    {
        await using Cluster cluster = await Cluster.StartAsync(6);
        await using DfssClient client = Of(cluster, 0, 1, 2);
        StoredFile sent = await SendAsync(cluster, client);
        RepairPlan? plan = null;

        RepairResult moved = await client.RepairAsync(
            sent,
            MoveTo(cluster, 3, 4, 5) with { Confirm = (asked, _) => Task.FromResult((plan = asked) is not null) },
            progress: null,
            Token);

        // Two copies of each chunk, and the manifest at all three.
        Assert.Equal(
            ((2 * ChunkCount) + 3, 2, 2), (moved.CopiedChunks, moved.ReplicasBefore, moved.File.PresentReplicas));
        Assert.Equal(
            (moved.CopiedChunks, moved.CopiedBytes, 0), (plan!.Copies.Values.Sum(), plan.Bytes, plan.LostChunks));
        Assert.Equal(IdsOf(sent.Record.Home), IdsOf(moved.MovedFrom!));
        Assert.Equal(IdsOf(plan.MoveTo!), IdsOf(moved.File.Record.Home));
        Assert.Equal([.. Stores(cluster, 3, 4, 5)], IdsOf(moved.File.Record.Home).ToHashSet());
        Assert.Equal(
            (1, 2, FileRecordState.File),
            (moved.File.Record.Epoch, moved.File.Record.Version, moved.File.Record.State));
        for (int i = 0; i < 6; i++)
        {
            await using DfssClient one = Of(cluster, i);
            StoredFile found = await one.GetAsync("x", Token);
            Assert.Equal((true, 2, sent.Record.FileId), (found.IsCurrent, found.Record.Version, found.Record.FileId));
            Assert.Equal(IdsOf(moved.File.Record.Home), IdsOf(found.Record.Home));
            await AssertReceivedAsync(cluster, one, found, "source", $"received{i}");
            StoredFile listed = Assert.Single(await ListAsync(one));
            Assert.Equal((FileRecordState.File, IsCurrent: true), (listed.Record.State, listed.IsCurrent));
            Assert.Equal(IdsOf(moved.File.Record.Home), IdsOf(listed.Record.Home));
        }
    }

    [Fact]
    public async Task What_it_left_behind_goes_with_the_garbage_and_what_moved_stays()
    {
        await using Cluster cluster = await Cluster.StartAsync(5);
        await using DfssClient client = Of(cluster, 0, 1);
        StoredFile sent = await SendAsync(cluster, client);
        await client.RepairAsync(sent, MoveTo(cluster, 2, 3, 4), progress: null, Token);

        await CollectAsync(cluster);

        Assert.Equal(0, await CountAsync(cluster, 0) + await CountAsync(cluster, 1));
        Assert.Equal(
            (2 * ChunkCount) + 3,
            await CountAsync(cluster, 2) + await CountAsync(cluster, 3) + await CountAsync(cluster, 4));

        // A client that had it from its former peers goes on at its new ones.
        await AssertReceivedAsync(cluster, client, sent, "source", "late");
        Assert.True(
            (await client.CompareAsync(
                cluster.Folder["source"], await client.GetAsync("x", Token), progress: null, Token)).IsEqual);
        FileHealth health = await client.TestAsync(sent, deep: true, progress: null, Token);
        Assert.All(health.Members, member => Assert.Null(member.Reason));
        Assert.Equal((true, true, 1), (health.IsHealthy, health.IsCurrent, health.File.Record.Epoch));
        RepairResult repaired = await client.RepairAsync(sent, RepairOptions.Default, progress: null, Token);
        Assert.Equal((0, 2), (repaired.CopiedChunks, repaired.File.PresentReplicas));
    }

    [Fact]
    public async Task Earlier_versions_that_are_kept_move_too()
    {
        await using Cluster cluster = await Cluster.StartAsync(5);
        await using DfssClient client = Of(cluster, 0, 1);
        await SendAsync(cluster, client, seed: 1, source: "first");
        await SendAsync(cluster, client, seed: 2, source: "second", Send with { Force = true });
        StoredFile sent = await SendAsync(
            cluster, client, seed: 3, source: "third", Send with { Force = true, KeepVersions = 2 });

        RepairResult moved = await client.RepairAsync(sent, MoveTo(cluster, 2, 3, 4), progress: null, Token);
        await CollectAsync(cluster);

        await using DfssClient other = Of(cluster, 3);
        StoredFile found = await other.GetAsync("x", Token);
        Assert.Equal([2L, 1L], found.Record.Previous.Select(one => one.Version));
        Assert.Equal(3 * ((2 * ChunkCount) + 3), moved.CopiedChunks);
        await AssertReceivedAsync(cluster, other, found, "third", "third.back");
        await AssertReceivedAsync(cluster, other, found.AtVersion(2), "second", "second.back");
        await AssertReceivedAsync(cluster, other, sent.AtVersion(1), "first", "first.back");
    }

    [Fact]
    public async Task Peers_that_stay_keep_their_copies_and_only_what_is_missing_is_copied()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        await using DfssClient client = Of(cluster, 0, 1);
        StoredFile sent = await SendAsync(cluster, client);

        RepairResult moved = await client.RepairAsync(sent, MoveTo(cluster, 1, 2), progress: null, Token);
        Assert.Equal(ChunkCount + 1, moved.CopiedChunks);
        await CollectAsync(cluster);
        Assert.Equal(0, await CountAsync(cluster, 0));
        await AssertReceivedAsync(cluster, client, await client.GetAsync("x", Token), "source", "received");

        // And back: what is at home already is not copied again.
        RepairResult back = await client.RepairAsync(moved.File, MoveTo(cluster, 0, 1), progress: null, Token);
        Assert.Equal((2, 3, ChunkCount + 1), (back.File.Record.Epoch, back.File.Record.Version, back.CopiedChunks));
        await CollectAsync(cluster);
        Assert.Equal(0, await CountAsync(cluster, 2));
        foreach (int peer in new[] { 0, 1, 2 })
        {
            await using DfssClient one = Of(cluster, peer);
            await AssertReceivedAsync(cluster, one, await one.GetAsync("x", Token), "source", $"back{peer}");
        }
    }

    [Fact]
    public async Task A_file_that_is_there_already_is_repaired_in_place()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        StoredFile sent = await SendAsync(cluster, cluster.Client);
        RepairResult nothing = await cluster.Client.RepairAsync(sent, MoveTo(cluster, 2, 0, 1), progress: null, Token);
        Assert.Equal(
            (0, sent.Record.Version, true),
            (nothing.CopiedChunks, nothing.File.Record.Version, nothing.MovedFrom is null));
    }

    [Fact]
    public async Task A_moved_name_is_replaced_renamed_removed_and_made_again_where_it_is()
    {
        await using Cluster cluster = await Cluster.StartAsync(4);
        await using DfssClient client = Of(cluster, 0, 1);
        await using DfssClient other = Of(cluster, 2, 3);
        StoredFile sent = await SendAsync(cluster, client);
        RepairResult moved = await client.RepairAsync(sent, MoveTo(cluster, 2, 3), progress: null, Token);

        StoredFile replaced = await SendAsync(cluster, client, seed: 2, "second", Send with { IfVersion = 2 });
        Assert.Equal((3, 1), (replaced.Record.Version, replaced.Record.Epoch));
        StoredFile renamed = await client.RenameAsync(replaced, "y", Token);
        Assert.Equal((1, 0), (renamed.Record.Version, renamed.Record.Epoch));
        Assert.Equal(IdsOf(moved.File.Record.Home).ToHashSet(), IdsOf(renamed.Record.Home).ToHashSet());
        await AssertReceivedAsync(cluster, other, await other.GetAsync("y", Token), "second", "y.back");
        Assert.Equal(
            DfssErrorCode.FileNotFound,
            (await Assert.ThrowsAsync<DfssException>(() => client.GetAsync("x", Token))).Code);

        StoredFile again = await client.RenameAsync(renamed, "x", Token);
        Assert.Equal((5, 1), (again.Record.Version, again.Record.Epoch));
        await client.RemoveAsync(again, RemoveOptions.Default, Token);
        StoredFile made = await SendAsync(cluster, client);
        Assert.Equal((7, 1), (made.Record.Version, made.Record.Epoch));
        await AssertReceivedAsync(cluster, other, await other.GetAsync("x", Token), "source", "x.back");
    }

    private static DfssClient Of(Cluster cluster, params int[] peers) =>
        new([.. peers.Select(peer => cluster.Addresses[peer])], TransferOptions.Default);

    private static RepairOptions MoveTo(Cluster cluster, params int[] peers) =>
        new() { MoveTo = [.. peers.Select(peer => cluster.Addresses[peer])] };

    private static IEnumerable<StoreId?> Stores(Cluster cluster, params int[] peers) =>
        peers.Select(peer => (StoreId?)cluster.Peers[peer].StoreId);

    private static IEnumerable<StoreId?> IdsOf(IReadOnlyList<HomeMember> members) =>
        members.Select(member => member.StoreId);

    private static Task<StoredFile> SendAsync(
        Cluster cluster, DfssClient client, int seed = 1, string source = "source", SendOptions? options = null) =>
        client.SendAsync(
            cluster.Folder.CreateFile(source, ChunkCount * ChunkSize, seed), "x", options ?? Send,
            progress: null, Token);

    private static async Task AssertReceivedAsync(
        Cluster cluster, DfssClient client, StoredFile file, string source, string destination)
    {
        string path = cluster.Folder[destination];
        await client.ReceiveAsync(file, path, ReceiveOptions.Default, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(cluster.Folder[source], Token), await File.ReadAllBytesAsync(path, Token));
    }

    private static async Task<List<StoredFile>> ListAsync(DfssClient client)
    {
        List<StoredFile> files = [];
        await foreach (StoredFile file in client.ListAsync(string.Empty, Token))
        {
            files.Add(file);
        }

        return files;
    }

    private static async Task CollectAsync(Cluster cluster)
    {
        foreach (PeerAddress address in cluster.Addresses)
        {
            OptimizeResult done = await cluster.Client.OptimizeAsync(address, AtOnce, Token);
            Assert.Equal((0, 0), (done.SettledNames, done.UndecidedNames));
        }
    }

    private static async Task<long> CountAsync(Cluster cluster, int peer) =>
        (await cluster.Client.GetPeerInfoAsync(cluster.Addresses[peer], Token)).Chunks;
}
