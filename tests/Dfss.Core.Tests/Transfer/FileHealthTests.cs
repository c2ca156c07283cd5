using Dfss.Transfer;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>What is said of a file some of whose copies are missing, bad or out of reach.</summary>
public sealed class FileHealthTests
{
    private const int ChunkSize = 2 * DfssLimits.MinChunkSize;
    private const int ChunkCount = 10;

    private static readonly TransferOptions FewAttempts =
        new() { MaxAttempts = 2, RetryDelay = TimeSpan.FromMilliseconds(1) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 0, false)]
    [InlineData(1, (ChunkCount * ChunkSize) + 1, true)]
    [InlineData(3, (ChunkCount * ChunkSize) + 1, false)]
    [InlineData(3, (ChunkCount * ChunkSize) + 1, true)]
    [InlineData(3, 1, true)]
    public async Task A_file_that_was_sent_is_healthy_and_each_chunk_is_where_it_is_expected(
        int peers, long length, bool deep)
    {
        await using Cluster cluster = await Cluster.StartAsync(peers);
        FileHealth health = await cluster.Client.TestAsync(
            await SendAsync(cluster, length), deep, progress: null, Token);

        Assert.True(health.IsHealthy);
        Assert.True(health.IsCurrent);
        Assert.True(health.HasMajority);
        Assert.Equal(deep, health.IsDeep);
        Assert.All(health.Members, member => Assert.Null(member.Reason));
        Assert.Equal(FileManifest.CountChunks(length, ChunkSize), health.Chunks.Count);
        Assert.Equal(health.Replicas, health.File.PresentReplicas);
        Assert.Null(health.Manifest.Index);
        Assert.Equal(health.File.Record.FileId.ToChunkId(), health.Manifest.Id);
        Assert.Equal(peers, health.Manifest.Holders.Count);
        Assert.Equal(Enumerable.Range(0, health.Chunks.Count), health.Chunks.Select(chunk => chunk.Index!.Value));
        Assert.Equal(length, health.Chunks.Sum(chunk => (long)chunk.Length));
        Assert.All(health.Chunks, chunk =>
        {
            Assert.True(chunk.IsHealthy);
            Assert.Equal(chunk.Expected, chunk.Holders);
            Assert.Equal([health.File.Record.Home[chunk.Index!.Value % peers]], chunk.Expected);
            Assert.Empty(chunk.Missing.Concat(chunk.Corrupt));
        });
        Assert.Equal((0, 0), (health.DegradedChunks, health.LostChunks));
    }

    [Fact]
    public async Task Chunks_of_a_silent_member_are_neither_held_nor_missing_there_and_its_reason_is_given()
    {
        await using Cluster cluster = await Cluster.StartAsync(3, options: FewAttempts);
        StoredFile file = await SendAsync(cluster, ChunkCount * ChunkSize);
        HomeMember lost = file.Record.Home[1];
        await cluster.PeerOf(lost).StopAsync();

        FileHealth health = await TestByNewClientAsync(cluster, file);

        Assert.False(health.IsHealthy);
        Assert.True(health.HasMajority);
        Assert.True(health.IsCurrent);
        Assert.Equal(0, health.File.PresentReplicas);
        Assert.Equal((3, 3), (health.DegradedChunks, health.LostChunks));
        Assert.Contains(
            lost.Addresses[0], Assert.Single(health.Members, member => !member.IsUp).Reason, StringComparison.Ordinal);
        Assert.All(health.Chunks, chunk => Assert.Empty(chunk.Missing));
        Assert.Equal([1, 4, 7], health.Chunks.Where(chunk => !chunk.IsHealthy).Select(chunk => chunk.Index!.Value));
        Assert.Equal(2, health.Manifest.Holders.Count);
    }

    [Fact]
    public async Task Without_a_majority_a_file_is_not_healthy_though_all_that_answers_is_well()
    {
        await using Cluster cluster = await Cluster.StartAsync(3, options: FewAttempts);
        StoredFile file = await SendAsync(cluster, 0);
        await cluster.PeerOf(file.Record.Home[0]).StopAsync();
        await cluster.PeerOf(file.Record.Home[1]).StopAsync();

        FileHealth health = await TestByNewClientAsync(cluster, file);

        Assert.Equal(1, health.File.PresentReplicas);
        Assert.False(health.HasMajority);
        Assert.Null(health.CurrentVersion);
        Assert.False(health.IsCurrent);
        Assert.False(health.IsHealthy);
    }

    [Fact]
    public async Task No_peer_to_ask_is_an_error()
    {
        await using Cluster cluster = await Cluster.StartAsync(1, options: FewAttempts);
        StoredFile file = await SendAsync(cluster, 1);
        await cluster.Peers[0].StopAsync();

        DfssException error = await Assert.ThrowsAsync<DfssException>(() => TestByNewClientAsync(cluster, file));

        Assert.Equal(DfssErrorCode.PeerUnreachable, error.Code);
    }

    [Fact]
    public async Task A_deleted_chunk_is_missing_and_a_changed_one_is_corrupt_in_a_deep_test_and_missing_from_then_on()
    {
        await using Cluster cluster = await Cluster.StartAsync(2, onDisk: true);
        StoredFile file = await SendAsync(cluster, ChunkCount * ChunkSize);
        FileHealth health = await cluster.Client.TestAsync(file, deep: true, progress: null, Token);
        await cluster.LoseAsync(health.Chunks[2].Holders[0], health.Chunks[2].Id);
        cluster.Corrupt(health.Chunks[5].Holders[0], health.Chunks[5].Id);

        health = await cluster.Client.TestAsync(file, deep: false, progress: null, Token);
        Assert.Equal([2], health.Chunks.Where(chunk => !chunk.IsHealthy).Select(chunk => chunk.Index!.Value));
        Assert.Equal([file.Record.Home[0]], health.Chunks[2].Missing);

        health = await cluster.Client.TestAsync(file, deep: true, progress: null, Token);
        Assert.Equal([2, 5], health.Chunks.Where(chunk => !chunk.IsHealthy).Select(chunk => chunk.Index!.Value));
        Assert.Equal([file.Record.Home[1]], health.Chunks[5].Corrupt);
        Assert.Empty(health.Chunks[5].Missing);

        health = await cluster.Client.TestAsync(file, deep: false, progress: null, Token);
        Assert.Equal([2, 5], health.Chunks.Where(chunk => !chunk.IsHealthy).Select(chunk => chunk.Index!.Value));
        Assert.Equal([file.Record.Home[1]], health.Chunks[5].Missing);
        Assert.Equal((2, 2), (health.DegradedChunks, health.LostChunks));
    }

    [Fact]
    public async Task Fewer_copies_than_the_record_says_are_seen_though_no_chunk_is_lost()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        StoredFile file = await SendAsync(cluster, ChunkCount * ChunkSize);
        StoredFile two = file with { Record = file.Record with { Replicas = 2 } };

        FileHealth health = await cluster.Client.TestAsync(two, deep: false, progress: null, Token);

        Assert.False(health.IsHealthy);
        Assert.Equal(1, health.File.PresentReplicas);
        Assert.Equal((ChunkCount, 0), (health.DegradedChunks, health.LostChunks));
        Assert.Equal([file.Record.Home[2]], health.Chunks[1].Missing);
        Assert.Equal([file.Record.Home[1], file.Record.Home[2]], health.Chunks[1].Expected);
        Assert.True(health.Manifest.IsHealthy);
    }

    [Fact]
    public async Task A_manifest_that_no_peer_has_is_reported_and_the_file_is_not_healthy()
    {
        await using Cluster cluster = await Cluster.StartAsync(1, options: FewAttempts);
        StoredFile file = await SendAsync(cluster, ChunkSize);
        StoredFile other = file with
        {
            Record = file.Record with { FileId = FileManifest.Create(ChunkSize, ChunkSize, [default]).FileId }
        };

        FileHealth health = await cluster.Client.TestAsync(other, deep: true, progress: null, Token);

        Assert.False(health.IsHealthy);
        Assert.Contains("The manifest of 'x'", health.ManifestProblem, StringComparison.Ordinal);
        Assert.Empty(health.Chunks);
        Assert.Equal(0, health.File.PresentReplicas);
        Assert.Equal(file.Record.Home, health.Manifest.Missing);
    }

    [Fact]
    public async Task A_version_that_was_replaced_is_not_current()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        StoredFile first = await SendAsync(cluster, ChunkSize);
        await SendAsync(cluster, ChunkSize - 1);

        FileHealth health = await cluster.Client.TestAsync(first, deep: false, progress: null, Token);

        Assert.False(health.IsCurrent);
        Assert.Equal(2, health.CurrentVersion);
    }

    [Fact]
    public async Task What_was_seen_to_be_bad_stays_so_whatever_its_peer_says_later_until_a_good_copy_is_put()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        StoredFile file = await SendAsync(cluster, 3 * ChunkSize);
        await using PeerDirectory directory = new(TransferOptions.Default, ClientChannelOptions.Default);
        Home home = await Home.ReachAsync(file.Record.Home, directory, Token);
        byte[] encoded = new byte[FileManifest.HeaderBytes + (3 * ChunkId.SizeBytes)];
        await home[0]!.Chunks.GetAsync(file.Record.FileId.ToChunkId(), encoded, Token);
        CopyTable copies = new(file.Record.FileId, FileManifest.Decode(encoded), home.Count);
        await FileTester.AskAllAsync(home, copies, Token);
        int slot = copies.SlotOf(0);
        Assert.Equal(CopyState.Held, copies[0, slot]);
        copies[0, slot] = CopyState.Corrupt;

        // It still says that it has it.
        await FileTester.AskAllAsync(home, copies, Token);
        Assert.Equal(CopyState.Corrupt, copies[0, slot]);
        copies.Forget(0);
        Assert.Equal(
            [CopyState.Unknown, CopyState.Corrupt], [copies[0, CopyTable.ManifestSlot], copies[0, slot]]);
        Assert.Equal([file.Record.Home[0]], copies.Describe(0, file.Record).Corrupt);
        await FileTester.AskAllAsync(home, copies, Token);
        Assert.Equal([CopyState.Held, CopyState.Corrupt], [copies[0, CopyTable.ManifestSlot], copies[0, slot]]);
    }

    /// <summary>With a client that does not know yet which peers are up.</summary>
    private static async Task<FileHealth> TestByNewClientAsync(Cluster cluster, StoredFile file)
    {
        await using DfssClient client = new(cluster.Addresses, FewAttempts);
        return await client.TestAsync(file, deep: false, progress: null, Token);
    }

    private static Task<StoredFile> SendAsync(Cluster cluster, long length) => cluster.Client.SendAsync(
        cluster.Folder.CreateFile($"source{length}", length, seed: 1), "x",
        new SendOptions { ChunkSize = ChunkSize, Force = true, Replicas = 1 }, progress: null, Token);
}
