using Dfss.Encryption;
using Dfss.Peers;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Tests.Storage.Objects;
using Dfss.Transfer;
using Xunit;
using static Dfss.Tests.Transfer.SentFiles;

namespace Dfss.Tests.Transfer;

/// <summary>Copies of stored files to other peers.</summary>
public sealed class StoreCopyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_copy_has_the_content_chunks_time_and_mode_of_its_source_and_survives_it()
    {
        await using Cluster source = await Cluster.StartAsync(2);
        await using Cluster destination = await Cluster.StartAsync(3);
        StoredFile x = await SendAsync(source, "folder/x");

        StoreCopyResult result = await CopyAsync(source, x, destination);

        FileRecord copy = result.File.Record;
        Assert.Equal(x.Record.Content, copy.Content);
        Assert.Equal("folder/x", copy.Name);
        Assert.True(copy.Home.Select(one => one.StoreId).ToHashSet().SetEquals(
            destination.Peers.Select(one => (StoreId?)one.StoreId)));
        // Five chunks with two copies each, and the manifest at each peer.
        Assert.Equal((false, 13, 2), (result.IsUnchanged, result.CopiedChunks, result.File.PresentReplicas));
        await source.Client.RemoveAsync(x, RemoveOptions.Default, Token);
        await CollectAsync(source);
        await CollectAsync(destination);
        StoredFile found = await destination.Client.GetAsync("folder/x", Token);
        Assert.True((await destination.Client.TestAsync(found, deep: true, progress: null, Token)).IsHealthy);
        await AssertComesBackAsync(destination, found);
    }

    [Theory]
    [InlineData(1, null, 1)]
    [InlineData(2, null, 2)]
    [InlineData(4, null, 3)]
    [InlineData(4, 1, 1)]
    [InlineData(4, 4, 4)]
    public async Task It_has_as_many_copies_as_its_source_where_there_are_so_many_peers(
        int peers, int? asked, int expected)
    {
        await using Cluster source = await Cluster.StartAsync(3);
        await using Cluster destination = await Cluster.StartAsync(peers);
        StoredFile x = await SendAsync(source, "x", options: Small with { Replicas = 3 });

        StoreCopyResult result = await CopyAsync(
            source, x, destination, new StoreCopyOptions { Replicas = asked });

        Assert.Equal(
            (expected, expected), (result.File.Record.Replicas, result.File.PresentReplicas!.Value));
    }

    [Fact]
    public async Task What_the_destination_has_is_not_sent_and_a_chunk_that_a_file_repeats_goes_once()
    {
        await using Cluster source = await Cluster.StartAsync(1);
        await using Cluster destination = await Cluster.StartAsync(1);
        byte[] content = new byte[(5 * DfssLimits.MinChunkSize) + 100];
        new Random(1).NextBytes(content.AsSpan(4 * DfssLimits.MinChunkSize));
        string path = source.Folder["file"];
        await File.WriteAllBytesAsync(path, content, Token);
        StoredFile x = await source.Client.SendAsync(path, "x", Small, progress: null, Token);

        StoreCopyResult first = await CopyAsync(source, x, destination);
        StoreCopyResult second = await CopyAsync(source, x, destination, name: "y");

        // Four chunks are zero; two more, and the manifest.
        Assert.Equal(4, first.CopiedChunks);
        Assert.Equal(
            (2 * DfssLimits.MinChunkSize) + 100 + FileManifest.HeaderBytes + (6 * ChunkId.SizeBytes),
            first.CopiedBytes);
        Assert.Equal((1, 6L * ChunkId.SizeBytes + FileManifest.HeaderBytes), (second.CopiedChunks, second.CopiedBytes));
        Assert.True((await destination.Client.TestAsync(second.File, deep: true, progress: null, Token)).IsHealthy);
    }

    [Fact]
    public async Task It_goes_to_peers_of_a_bucket_and_back()
    {
        await using Cluster source = await Cluster.StartAsync(2, onDisk: true);
        await using Cluster back = await Cluster.StartAsync(2, onDisk: true);
        await using FakeS3 fake = new();
        PeerOptions options = new()
        {
            Port = 0,
            Engine = new StoreEngine("s3://bucket/store/", () => ObjectEngine.Connect(fake)) { ProbeRounds = 1 },
        };
        await using DfssPeer first = await DfssPeer.StartAsync(options, Token);
        await using DfssPeer second = await DfssPeer.StartAsync(options, Token);
        await using DfssClient bucket = new(
            [Cluster.AddressOf(first), Cluster.AddressOf(second)], TransferOptions.Default);
        StoredFile x = await SendAsync(source, "x");

        StoreCopyResult there = await source.Client.CopyToAsync(
            x, bucket, "x", StoreCopyOptions.Default, progress: null, Token);
        StoreCopyResult returned = await bucket.CopyToAsync(
            await bucket.GetAsync("x", Token), back.Client, "x", StoreCopyOptions.Default, progress: null, Token);

        // One store, so one copy there, and two again at two peers.
        Assert.Equal((6, 1), (there.CopiedChunks, there.File.Record.Replicas));
        Assert.Equal((12, 2), (returned.CopiedChunks, returned.File.Record.Replicas));
        Assert.Equal(x.Record.Content, returned.File.Record.Content);
        await AssertComesBackAsync(back, returned.File);
    }

    [Fact]
    public async Task An_encrypted_file_is_copied_without_its_key_and_received_with_it()
    {
        await using Cluster source = await Cluster.StartAsync(2);
        await using Cluster destination = await Cluster.StartAsync(2);
        EncryptionKey key = EncryptionKey.Create();
        StoredFile x = await SendAsync(source, "x", options: Small with { Recipients = [Recipient.Of(key)] });

        StoreCopyResult result = await CopyAsync(source, x, destination);

        Assert.Equal(x.Record.Content, result.File.Record.Content);
        string received = destination.Folder["received"];
        await destination.Client.ReceiveAsync(
            result.File, received, new ReceiveOptions { Keys = new KeyRing([key], []) }, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(source.Folder["source1"], Token),
            await File.ReadAllBytesAsync(received, Token));
    }

    [Fact]
    public async Task A_name_of_another_file_is_replaced_only_with_force_and_the_same_file_is_left_as_it_is()
    {
        await using Cluster source = await Cluster.StartAsync(2);
        await using Cluster destination = await Cluster.StartAsync(2);
        StoredFile x = await SendAsync(source, "x");
        StoredFile other = await SendAsync(destination, "x", seed: 2);
        StoreCopyOptions force = new() { Force = true };

        await FailsAsync(DfssErrorCode.FileExists, () => CopyAsync(source, x, destination));
        Assert.True(await DfssClient.IsNameTakenAsync(x, destination.Client, "x", Token));
        StoreCopyResult replaced = await CopyAsync(source, x, destination, force);
        StoreCopyResult again = await CopyAsync(source, x, destination);
        StoreCopyResult forced = await CopyAsync(source, x, destination, force);

        Assert.Equal((2, x.Record.FileId), (replaced.File.Record.Version, replaced.File.Record.FileId));
        Assert.Equal([other.Record.Content], replaced.File.Record.Previous);
        Assert.False(await DfssClient.IsNameTakenAsync(x, destination.Client, "x", Token));
        Assert.All([again, forced], result =>
            Assert.Equal((true, 0, 2), (result.IsUnchanged, result.CopiedChunks, result.File.Record.Version)));
        await FailsAsync(DfssErrorCode.InvalidArgument, () => CopyAsync(source, x, source, force));
        await FailsAsync(DfssErrorCode.InvalidName, () => CopyAsync(source, x, destination, name: "../y"));
        Assert.Equal("y", (await CopyAsync(source, x, source, name: "y")).File.Record.Name);
    }

    [Fact]
    public async Task The_earlier_versions_come_along_with_their_numbers_and_as_many_as_are_asked_for()
    {
        await using Cluster source = await Cluster.StartAsync(2);
        await using Cluster destination = await Cluster.StartAsync(3);
        StoredFile x = await SendThreeAsync(source);

        StoredFile all = (await CopyAsync(source, x, destination)).File;
        StoredFile one = (await CopyAsync(
            source, x, destination, new StoreCopyOptions { EarlierVersions = 1 }, "one")).File;
        StoredFile none = (await CopyAsync(
            source, x, destination, new StoreCopyOptions { EarlierVersions = 0 }, "none")).File;
        StoredFile second = (await CopyAsync(source, x.AtVersion(2), destination, name: "second")).File;

        Assert.Equal((3, 2), (all.Record.Version, all.Record.Previous.Count));
        Assert.Equal(x.Record.Previous, all.Record.Previous);
        Assert.Equal([2L], one.Record.Previous.Select(version => version.Version));
        Assert.Equal((1, 0), (none.Record.Version, none.Record.Previous.Count));
        Assert.Equal((1, 0), (second.Record.Version, second.Record.Previous.Count));
        Assert.Equal(x.AtVersion(2).Record.FileId, second.Record.FileId);
        await CollectAsync(destination);
        for (int version = 1; version <= 3; version++)
        {
            await AssertComesBackAsync(destination, all.AtVersion(version), seed: version);
        }

        StoredFile next = await SendAsync(destination, "x", seed: 4, Small with { KeepVersions = 5 });
        Assert.Equal((4, 3), (next.Record.Version, next.Record.Previous.Count));
    }

    [Fact]
    public async Task A_removed_name_goes_on_from_its_version_and_gets_the_earlier_versions()
    {
        await using Cluster source = await Cluster.StartAsync(2);
        await using Cluster destination = await Cluster.StartAsync(2);
        StoredFile x = await SendThreeAsync(source);
        await destination.Client.RemoveAsync(await SendAsync(destination, "x", seed: 5), RemoveOptions.Default, Token);

        StoredFile copy = (await CopyAsync(source, x, destination)).File;

        Assert.Equal(3, copy.Record.Version);
        Assert.Equal(x.Record.Previous, copy.Record.Previous);
        await destination.Client.RemoveAsync(copy, RemoveOptions.Default, Token);
        copy = (await CopyAsync(source, x, destination)).File;
        Assert.Equal(5, copy.Record.Version);
        Assert.Equal([2L, 1L], copy.Record.Previous.Select(version => version.Version));
    }

    private static async Task<StoredFile> SendThreeAsync(Cluster cluster)
    {
        await SendAsync(cluster, "x", seed: 1);
        await SendAsync(cluster, "x", seed: 2);
        return await SendAsync(cluster, "x", seed: 3, Small with { KeepVersions = 5 });
    }

    private static Task<StoreCopyResult> CopyAsync(
        Cluster source, StoredFile file, Cluster destination, StoreCopyOptions? options = null, string? name = null) =>
        source.Client.CopyToAsync(
            file, destination.Client, name ?? file.Name, options ?? StoreCopyOptions.Default, progress: null, Token);
}
