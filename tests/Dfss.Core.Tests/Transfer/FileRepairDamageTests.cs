using System.Collections.Concurrent;
using Dfss.Tests.Faults;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Repairs of files whose copies were deleted, changed, or are at peers that are down.</summary>
public sealed class FileRepairDamageTests(ITestOutputHelper output)
{
    private const int ChunkSize = 2 * DfssLimits.MinChunkSize;
    private const int ChunkCount = 12;

    private static readonly TransferOptions FewAttempts =
        new() { MaxAttempts = 1, RetryDelay = TimeSpan.FromMilliseconds(1) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_copies_are_deleted_or_changed_the_file_is_whole_again_while_each_chunk_has_a_good_one()
    {
        Random random = new(FaultSeed.Take(output));
        await using Cluster cluster = await Cluster.StartAsync(4, onDisk: true, FewAttempts);
        StoredFile file = await SendAsync(cluster, replicas: 3);
        FileHealth health = await cluster.Client.TestAsync(file, deep: false, progress: null, Token);
        foreach (ChunkHealth chunk in health.Chunks)
        {
            foreach (HomeMember holder in random.GetItems([.. chunk.Holders], 2).Distinct())
            {
                await DamageAsync(cluster, holder, chunk.Id, random.Next(2) == 0);
            }
        }

        RepairResult result = await cluster.Client.RepairAsync(
            file, new RepairOptions { Deep = true }, progress: null, Token);

        Assert.Equal(3, result.File.PresentReplicas);
        Assert.InRange(result.CopiedChunks, ChunkCount, 2 * ChunkCount);
        Assert.Equal((long)result.CopiedChunks * ChunkSize, result.CopiedBytes);
        Assert.True((await cluster.Client.TestAsync(file, deep: true, progress: null, Token)).IsHealthy);
        await AssertReceivedAsync(cluster, cluster.Client, file);
    }

    [Fact]
    public async Task A_bad_copy_that_is_met_while_copying_is_replaced_too()
    {
        ConcurrentBag<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(
            4, onDisk: true, FewAttempts with { Warning = warnings.Add });
        StoredFile file = await SendAsync(cluster, replicas: 3);
        ChunkHealth chunk = (await cluster.Client.TestAsync(file, deep: false, progress: null, Token)).Chunks[5];
        await DamageAsync(cluster, chunk.Holders[0], chunk.Id, isDeletion: false);
        await DamageAsync(cluster, chunk.Holders[1], chunk.Id, isDeletion: false);
        await DamageAsync(cluster, chunk.Holders[2], chunk.Id, isDeletion: true);
        HomeMember fourth = file.Record.Home.Except(chunk.Holders).Single();
        string source = cluster.Folder[$"source"];
        await CopyOneAsync(cluster, fourth, chunk, source);

        RepairResult result = await cluster.Client.RepairAsync(file, RepairOptions.Default, progress: null, Token);

        // Three of the four say that they have it, and none is asked for another before one is seen to be bad.
        Assert.Equal((3, 0), (result.ReplicasBefore, result.CopiedChunks));
        result = await cluster.Client.RepairAsync(file, new RepairOptions { Replicas = 4 }, progress: null, Token);
        Assert.Equal(4, result.File.PresentReplicas);
        Assert.True((await cluster.Client.TestAsync(result.File, deep: true, progress: null, Token)).IsHealthy);
        Assert.All(warnings, warning => Assert.Contains(chunk.Id.ToString(), warning, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_has_no_good_copy_is_named_and_a_peer_that_comes_back_completes_the_repair()
    {
        await using Cluster cluster = await Cluster.StartAsync(3, onDisk: true, FewAttempts);
        StoredFile file = await SendAsync(cluster, replicas: 2);
        FileHealth health = await cluster.Client.TestAsync(file, deep: false, progress: null, Token);
        ChunkHealth[] lost = [health.Chunks[1], health.Chunks[7]];
        HomeMember[][] homes = [.. lost.Select(chunk => chunk.Holders.ToArray())];
        foreach (ChunkHealth chunk in lost)
        {
            foreach (HomeMember holder in chunk.Holders)
            {
                await cluster.LoseAsync(holder, chunk.Id);
            }
        }

        await cluster.LoseAsync(health.Chunks[2].Holders[0], health.Chunks[2].Id);
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => cluster.Client.RepairAsync(file, RepairOptions.Default, progress: null, Token));

        Assert.Equal(DfssErrorCode.ChunkNotFound, error.Code);
        Assert.Contains(
            $"2 of the {ChunkCount} chunks of 'x' (index 1, 7) have no good copy", error.Reason,
            StringComparison.Ordinal);
        Assert.Equal(health.Chunks[1].Id, error.ChunkId);
        health = await cluster.Client.TestAsync(file, deep: true, progress: null, Token);
        Assert.Equal((2, 2), (health.LostChunks, health.DegradedChunks));

        await BringBackAsync(cluster, homes[0][0], lost[0]);
        await BringBackAsync(cluster, homes[1][^1], lost[1]);
        RepairResult result = await cluster.Client.RepairAsync(file, RepairOptions.Default, progress: null, Token);
        Assert.Equal((1, 2, 2), (result.ReplicasBefore, result.File.PresentReplicas, result.CopiedChunks));
        await AssertReceivedAsync(cluster, cluster.Client, file);
    }

    [Fact]
    public async Task A_repair_that_is_not_confirmed_changes_nothing()
    {
        await using Cluster cluster = await Cluster.StartAsync(3, onDisk: true, FewAttempts);
        StoredFile file = await SendAsync(cluster, replicas: 2);
        ChunkHealth chunk = (await cluster.Client.TestAsync(file, deep: false, progress: null, Token)).Chunks[3];
        await cluster.LoseAsync(chunk.Holders[0], chunk.Id);
        RepairPlan? asked = null;
        RepairOptions options = new()
        {
            Confirm = (plan, _) =>
            {
                asked = plan;
                return Task.FromResult(false);
            },
        };

        RepairResult result = await cluster.Client.RepairAsync(file, options, progress: null, Token);

        Assert.Equal([new(chunk.Holders[0], 1)], asked!.Copies);
        Assert.Equal((ChunkSize, 0, 1), (asked.Bytes, asked.LostChunks, asked.File.PresentReplicas));
        Assert.Equal((0, 1), (result.CopiedChunks, result.File.PresentReplicas));
        Assert.Equal<bool[]>([true], await cluster.PeerOf(chunk.Holders[0]).Chunks.FindMissingAsync([chunk.Id], Token));
    }

    [Fact]
    public async Task More_copies_than_before_are_a_new_version_of_the_same_content_and_fewer_remove_none()
    {
        await using Cluster cluster = await Cluster.StartAsync(3, onDisk: false, FewAttempts);
        StoredFile file = await SendAsync(cluster, replicas: 1);

        RepairResult more = await cluster.Client.RepairAsync(
            file, new RepairOptions { Replicas = 3 }, progress: null, Token);
        Assert.Equal((1, 3, 2 * ChunkCount), (more.ReplicasBefore, more.File.PresentReplicas, more.CopiedChunks));
        Assert.Equal(
            (2, 3, file.Record.FileId), (more.File.Record.Version, more.File.Record.Replicas, more.File.Record.FileId));
        Assert.True((await cluster.Client.TestAsync(more.File, deep: true, progress: null, Token)).IsHealthy);

        RepairResult fewer = await cluster.Client.RepairAsync(
            more.File, new RepairOptions { Replicas = 2 }, progress: null, Token);
        Assert.Equal((3, 3, 0), (fewer.ReplicasBefore, fewer.File.PresentReplicas, fewer.CopiedChunks));
        Assert.Equal((3, 2), (fewer.File.Record.Version, (await cluster.Client.GetAsync("x", Token)).Record.Replicas));

        DfssException error = await Assert.ThrowsAsync<DfssException>(() => cluster.Client.RepairAsync(
            fewer.File, new RepairOptions { Replicas = 4 }, progress: null, Token));
        Assert.Equal(DfssErrorCode.InvalidArgument, error.Code);
    }

    [Fact]
    public async Task A_file_that_is_replaced_while_its_copies_are_made_stays_as_it_was_replaced()
    {
        await using Cluster cluster = await Cluster.StartAsync(3, onDisk: false, FewAttempts);
        StoredFile file = await SendAsync(cluster, replicas: 1);
        string other = cluster.Folder.CreateFile("other", ChunkSize, seed: 2);
        RepairOptions options = new()
        {
            Replicas = 2,
            Confirm = async (_, token) =>
            {
                await cluster.Client.SendAsync(other, "x", new SendOptions { Force = true }, progress: null, token);
                return true;
            },
        };

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => cluster.Client.RepairAsync(file, options, progress: null, Token));

        Assert.Equal(DfssErrorCode.Conflict, error.Code);
        Assert.Equal(ChunkSize, (await cluster.Client.GetAsync("x", Token)).Record.Length);
    }

    [Fact]
    public async Task Without_a_majority_nothing_is_repaired()
    {
        await using Cluster cluster = await Cluster.StartAsync(3, onDisk: false, FewAttempts);
        StoredFile file = await SendAsync(cluster, replicas: 2);
        await cluster.Peers[0].StopAsync();
        await cluster.Peers[1].StopAsync();
        await using DfssClient client = new(cluster.Addresses, FewAttempts);

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => client.RepairAsync(file, RepairOptions.Default, progress: null, Token));

        Assert.Equal(DfssErrorCode.NoMajority, error.Code);
        Assert.Contains(cluster.Addresses[0].ToString(), error.Reason, StringComparison.Ordinal);
    }

    private static async Task DamageAsync(Cluster cluster, HomeMember holder, ChunkId id, bool isDeletion)
    {
        if (isDeletion)
        {
            await cluster.LoseAsync(holder, id);
            return;
        }

        cluster.Corrupt(holder, id);
    }

    private static async Task BringBackAsync(Cluster cluster, HomeMember holder, ChunkHealth chunk)
    {
        byte[] source = await File.ReadAllBytesAsync(cluster.Folder["source"], Token);
        await cluster.PeerOf(holder).Chunks.PutAsync(
            chunk.Id, source.AsMemory(chunk.Index!.Value * ChunkSize, ChunkSize), Token);
    }

    /// <summary>Puts one chunk of the source at a member that is not to have it, as a send in trouble would.</summary>
    private static async Task CopyOneAsync(Cluster cluster, HomeMember member, ChunkHealth chunk, string source)
    {
        byte[] content = (await File.ReadAllBytesAsync(source, Token))[(chunk.Index!.Value * ChunkSize)..][..ChunkSize];
        string one = cluster.Folder["one"];
        await File.WriteAllBytesAsync(one, content, Token);
        await using DfssClient client = new([Cluster.AddressOf(cluster.PeerOf(member))], FewAttempts);
        await client.SendAsync(one, "one", new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);
    }

    private static async Task AssertReceivedAsync(Cluster cluster, DfssClient client, StoredFile file)
    {
        string destination = cluster.Folder["received"];
        await client.ReceiveAsync(file, destination, ReceiveOptions.Default, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(cluster.Folder["source"], Token),
            await File.ReadAllBytesAsync(destination, Token));
    }

    private static Task<StoredFile> SendAsync(Cluster cluster, int replicas) => cluster.Client.SendAsync(
        cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1), "x",
        new SendOptions { ChunkSize = ChunkSize, Replicas = replicas }, progress: null, Token);
}
