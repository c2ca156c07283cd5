using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Moves of files of which an earlier version, kept with them, is damaged.</summary>
public sealed class FileMoveEarlierTests
{
    private const int ChunkSize = 2 * DfssLimits.MinChunkSize;
    private const int ChunkCount = 6;

    private static readonly TransferOptions FewAttempts =
        new() { MaxAttempts = 1, RetryDelay = TimeSpan.FromMilliseconds(1) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_chunk_without_a_good_copy_is_said_to_be_of_the_earlier_version_and_nothing_moves()
    {
        await using Cluster cluster = await Cluster.StartAsync(4, onDisk: true, FewAttempts);
        await using DfssClient client = Of(cluster, 0, 1);
        StoredFile sent = await SendTwoVersionsAsync(cluster, client);
        ChunkHealth chunk = (await client.TestAsync(sent.AtVersion(1), deep: false, progress: null, Token)).Chunks[3];
        foreach (HomeMember holder in chunk.Holders)
        {
            await cluster.LoseAsync(holder, chunk.Id);
        }

        RepairPlan? plan = null;
        await client.RepairAsync(
            sent,
            MoveTo(cluster, 2, 3) with { Confirm = (asked, _) => Task.FromResult((plan = asked) is null) },
            progress: null,
            Token);
        Assert.Equal(1, plan!.LostChunks);
        Assert.Equal([1L], plan.LostVersions);

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => client.RepairAsync(sent, MoveTo(cluster, 2, 3), progress: null, Token));

        Assert.Equal((DfssErrorCode.ChunkNotFound, chunk.Id), (error.Code, error.ChunkId!.Value));
        Assert.StartsWith(
            $"'x' was not moved: 1 of the {ChunkCount} chunks of version 1 of 'x' (index 3) have no good "
                + $"copy at any peer",
            error.Reason,
            StringComparison.Ordinal);
        Assert.Contains("-KeepVersions 0", error.Advice, StringComparison.Ordinal);
        Assert.Equal(
            (2, 0),
            ((await client.GetAsync("x", Token)).Record.Version, (await client.GetAsync("x", Token)).Record.Epoch));
    }

    [Fact]
    public async Task A_missing_manifest_is_reported_as_the_earlier_versions_and_nothing_moves()
    {
        await using Cluster cluster = await Cluster.StartAsync(4, onDisk: false, FewAttempts);
        await using DfssClient client = Of(cluster, 0, 1);
        StoredFile sent = await SendTwoVersionsAsync(cluster, client);
        FileId unknown = FileManifest.Create(
            sent.Record.Previous[0].Length, ChunkSize, [.. Enumerable.Repeat(default(ChunkId), ChunkCount)]).FileId;
        FileVersion lost = sent.Record.Previous[0] with { FileId = unknown };

        DfssException error = await Assert.ThrowsAsync<DfssException>(() => client.RepairAsync(
            sent with { Record = sent.Record with { Previous = [lost] } }, MoveTo(cluster, 2, 3),
            progress: null, Token));

        Assert.Equal(DfssErrorCode.ChunkNotFound, error.Code);
        Assert.StartsWith(
            "'x' was not moved: version 1 of 'x' is kept and incomplete: The manifest of ", error.Reason,
            StringComparison.Ordinal);
        Assert.Contains("-KeepVersions 0", error.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deep_the_copies_of_earlier_versions_are_hashed_too_and_bad_ones_where_it_goes_are_replaced()
    {
        await using Cluster cluster = await Cluster.StartAsync(3, onDisk: true, FewAttempts);
        await using DfssClient client = Of(cluster, 0, 1);
        StoredFile sent = await SendTwoVersionsAsync(cluster, client);
        await using (DfssClient third = Of(cluster, 2))
        {
            // So that all of the first version is where it goes to, and nothing of it need be read.
            SendOptions same = new() { ChunkSize = ChunkSize, Replicas = 1 };
            await third.SendAsync(cluster.Folder["first"], "same", same, progress: null, Token);
        }

        FileHealth health = await client.TestAsync(sent.AtVersion(1), deep: false, progress: null, Token);
        Flip(cluster, peer: 1, health.Chunks[3].Id);
        Flip(cluster, peer: 2, health.Chunks[4].Id);

        RepairResult moved = await client.RepairAsync(
            sent, MoveTo(cluster, 1, 2) with { Deep = true }, progress: null, Token);

        // All of the newest version at the peer that is new, and the two bad copies.
        Assert.Equal(ChunkCount + 1 + 2, moved.CopiedChunks);
        Assert.True((await client.TestAsync(moved.File.AtVersion(1), deep: true, progress: null, Token)).IsHealthy);
    }

    private static void Flip(Cluster cluster, int peer, ChunkId id) =>
        cluster.Corrupt(new HomeMember(cluster.Peers[peer].StoreId, []), id);

    private static DfssClient Of(Cluster cluster, params int[] peers) =>
        new([.. peers.Select(peer => cluster.Addresses[peer])], FewAttempts);

    private static RepairOptions MoveTo(Cluster cluster, params int[] peers) =>
        new() { MoveTo = [.. peers.Select(peer => cluster.Addresses[peer])] };

    private static async Task<StoredFile> SendTwoVersionsAsync(Cluster cluster, DfssClient client)
    {
        SendOptions options = new() { ChunkSize = ChunkSize, Replicas = 2, Force = true };
        await client.SendAsync(
            cluster.Folder.CreateFile("first", ChunkCount * ChunkSize, seed: 1), "x", options, progress: null, Token);
        return await client.SendAsync(
            cluster.Folder.CreateFile("second", ChunkCount * ChunkSize, seed: 2), "x", options, progress: null, Token);
    }
}
