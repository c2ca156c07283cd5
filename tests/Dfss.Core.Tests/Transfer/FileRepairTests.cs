using Dfss.Peers;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>A repair brings back the copies that a file should have, and changes nothing else.</summary>
public sealed class FileRepairTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;
    private const int ChunkCount = 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_sent_while_a_peer_was_down_survives_the_loss_of_any_other_after_its_repair()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        string source = cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1);
        StoredFile sent = await cluster.Client.SendAsync(
            source, "x", new SendOptions { ChunkSize = ChunkSize, Replicas = 1 }, progress: null, Token);
        StoredFile wanted = await cluster.Client.SendAsync(
            source, "x", new SendOptions { ChunkSize = ChunkSize, Replicas = 2, MinimumReplicas = 1, Force = true },
            progress: null, Token);
        Assert.Equal(2, wanted.PresentReplicas);
        Assert.Equal(sent.Record.FileId, wanted.Record.FileId);
        FileHealth health = await cluster.Client.TestAsync(wanted, deep: true, progress: null, Token);
        Assert.True(health.IsHealthy);

        RepairResult nothing = await cluster.Client.RepairAsync(wanted, RepairOptions.Default, progress: null, Token);
        Assert.Equal((2, 0, 0L), (nothing.ReplicasBefore, nothing.CopiedChunks, nothing.CopiedBytes));
        Assert.Equal(wanted.Record.Version, (await cluster.Client.GetAsync("x", Token)).Record.Version);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task After_the_loss_of_a_peer_and_a_repair_any_other_may_be_lost(int lost)
    {
        await using Cluster cluster = await Cluster.StartAsync(5);
        string source = cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1);
        StoredFile sent = await cluster.Client.SendAsync(
            source, "x", new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);
        await cluster.Peers[lost].StopAsync();
        await using DfssClient client = new(cluster.Addresses, TransferOptions.Default);
        Assert.False((await client.TestAsync(sent, deep: false, progress: null, Token)).IsHealthy);

        RepairResult repaired = await client.RepairAsync(sent, RepairOptions.Default, progress: null, Token);

        Assert.Equal((1, 2), (repaired.ReplicasBefore, repaired.File.PresentReplicas));
        Assert.Equal((long)repaired.CopiedChunks * ChunkSize, repaired.CopiedBytes);
        Assert.Equal(8, repaired.CopiedChunks);
        Assert.True((await client.TestAsync(sent, deep: true, progress: null, Token)).IsHealthy);
        StoredFile now = await client.GetAsync("x", Token);
        Assert.Equal(
            (sent.Record.Version, sent.Record.WriterId, true),
            (now.Record.Version, now.Record.WriterId, now.IsCurrent));

        await cluster.Peers[(lost + 1) % 5].StopAsync();
        await using DfssClient other = new(cluster.Addresses, TransferOptions.Default);
        await other.ReceiveAsync(now, cluster.Folder["destination"], ReceiveOptions.Default, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(source, Token),
            await File.ReadAllBytesAsync(cluster.Folder["destination"], Token));
    }

    [Fact]
    public async Task A_chunk_without_any_good_copy_is_named_and_the_others_are_repaired()
    {
        await using Cluster cluster = await Cluster.StartAsync(5);
        string source = cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1);
        StoredFile sent = await cluster.Client.SendAsync(
            source, "x", new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);
        await cluster.Peers[0].StopAsync();
        await cluster.Peers[1].StopAsync();
        await using DfssClient client = new(cluster.Addresses, new TransferOptions { MaxAttempts = 1 });

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => client.RepairAsync(sent, RepairOptions.Default, progress: null, Token));

        Assert.Equal(DfssErrorCode.ChunkNotFound, error.Code);
        Assert.StartsWith("4 of the 20 chunks of 'x' (index ", error.Reason, StringComparison.Ordinal);
        FileHealth health = await client.TestAsync(sent, deep: false, progress: null, Token);
        Assert.Equal((4, 4), (health.LostChunks, health.DegradedChunks));
    }

    [Fact]
    public async Task A_file_that_was_replaced_is_not_repaired_at_its_old_version()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        string source = cluster.Folder.CreateFile("source", ChunkSize, seed: 1);
        StoredFile old = await cluster.Client.SendAsync(source, "x", SendOptions.Default, progress: null, Token);
        await cluster.Client.SendAsync(source, "x", new SendOptions { Force = true }, progress: null, Token);

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => cluster.Client.RepairAsync(old, RepairOptions.Default, progress: null, Token));

        Assert.Equal((DfssErrorCode.Conflict, "'x' is at version 2, not at version 1."), (error.Code, error.Reason));
    }

    [Fact]
    public async Task Earlier_versions_that_are_kept_are_repaired_too_and_survive_the_next_collections()
    {
        await using Cluster cluster = await Cluster.StartAsync(5);
        await SendAsync(cluster, "first", seed: 1);
        await SendAsync(cluster, "second", seed: 2);
        StoredFile sent = await SendAsync(cluster, "third", seed: 3);
        await cluster.Peers[0].StopAsync();
        await using DfssClient client = new(cluster.Addresses, TransferOptions.Default);
        RepairPlan? plan = null;

        RepairResult repaired = await client.RepairAsync(
            sent,
            new RepairOptions { Confirm = (asked, _) => Task.FromResult((plan = asked) is not null) },
            progress: null,
            Token);

        Assert.Equal(3 * 8, repaired.CopiedChunks);
        Assert.Equal(
            (repaired.CopiedChunks, repaired.CopiedBytes, 0), (plan!.Copies.Values.Sum(), plan.Bytes, plan.LostChunks));
        Assert.Equal(0, (await client.RepairAsync(sent, RepairOptions.Default, progress: null, Token)).CopiedChunks);
        foreach (DfssPeer peer in cluster.Peers.Skip(1))
        {
            await client.OptimizeAsync(
                Cluster.AddressOf(peer), new OptimizeOptions { GracePeriod = TimeSpan.Zero }, Token);
        }

        await cluster.Peers[1].StopAsync();
        await using DfssClient other = new(cluster.Addresses, TransferOptions.Default);
        StoredFile now = await other.GetAsync("x", Token);
        foreach ((string name, long version) in new[] { ("first", 1L), ("second", 2L), ("third", 3L) })
        {
            string received = cluster.Folder[$"{name}.back"];
            await other.ReceiveAsync(now.AtVersion(version), received, ReceiveOptions.Default, progress: null, Token);
            Assert.Equal(
                await File.ReadAllBytesAsync(cluster.Folder[name], Token),
                await File.ReadAllBytesAsync(received, Token));
        }
    }

    [Fact]
    public async Task An_earlier_version_that_is_lost_is_said_and_the_file_is_repaired_all_the_same()
    {
        await using Cluster cluster = await Cluster.StartAsync(5);
        string first = cluster.Folder.CreateFile("first", ChunkCount * ChunkSize, seed: 1);
        await cluster.Client.SendAsync(
            first, "x", new SendOptions { ChunkSize = ChunkSize, Replicas = 1 }, progress: null, Token);
        StoredFile sent = await SendAsync(cluster, "second", seed: 2);
        await cluster.Peers[0].StopAsync();
        List<string> warnings = [];
        await using DfssClient client = new(
            cluster.Addresses, new TransferOptions { MaxAttempts = 1, Warning = warnings.Add });

        RepairResult repaired = await client.RepairAsync(sent, RepairOptions.Default, progress: null, Token);

        Assert.Equal((8, 2), (repaired.CopiedChunks, repaired.File.PresentReplicas));
        Assert.Contains(warnings, warning => warning.StartsWith("Version 1 of 'x' ", StringComparison.Ordinal));
    }

    private static Task<StoredFile> SendAsync(Cluster cluster, string source, int seed) => cluster.Client.SendAsync(
        cluster.Folder.CreateFile(source, ChunkCount * ChunkSize, seed),
        "x",
        new SendOptions { ChunkSize = ChunkSize, Force = true, KeepVersions = 2 },
        progress: null,
        Token);
}
