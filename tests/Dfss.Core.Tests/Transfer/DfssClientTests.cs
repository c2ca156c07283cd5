using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

public sealed class DfssClientTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int, bool, long> Shapes => new(
        from peers in new[] { 1, 2, 3 }
        from onDisk in new[] { false, true }
        from length in new[] { 0L, 1L, ChunkSize - 1, ChunkSize, ChunkSize + 1, (10 * ChunkSize) + 17 }
        select (peers, onDisk, length));

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_file_comes_back_as_it_was_sent(int peers, bool onDisk, long length)
    {
        await using Cluster cluster = await Cluster.StartAsync(peers, onDisk);
        string source = cluster.Folder.CreateFile("source", length, seed: 1);
        DateTime modified = new(2020, 2, 29, 12, 34, 56, 789, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(source, modified);

        StoredFile sent = await cluster.Client.SendAsync(
            source, "a file", new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);
        StoredFile found = await cluster.Client.GetAsync("a file", Token);
        string destination = cluster.Folder["destination"];
        await cluster.Client.ReceiveAsync(found, destination, ReceiveOptions.Default, progress: null, Token);

        Assert.Equal(sent.Record.FileId, found.Record.FileId);
        Assert.True(found.IsCurrent);
        Assert.Equal(1, found.Record.Version);
        Assert.Equal(length, found.Record.Length);
        Assert.Equal(await File.ReadAllBytesAsync(source, Token), await File.ReadAllBytesAsync(destination, Token));
        Assert.Equal(modified, File.GetLastWriteTimeUtc(destination));
    }

    [Fact]
    public async Task The_permission_bits_are_restored()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no permission bits.");
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = cluster.Folder.CreateFile("source", 10, seed: 1);
        File.SetUnixFileMode(source, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead);

        StoredFile sent = await cluster.Client.SendAsync(source, "x", SendOptions.Default, progress: null, Token);
        await cluster.Client.ReceiveAsync(
            sent, cluster.Folder["destination"], ReceiveOptions.Default, progress: null, Token);

        Assert.Equal(File.GetUnixFileMode(source), File.GetUnixFileMode(cluster.Folder["destination"]));
    }

    [Fact]
    public async Task The_copies_of_chunks_go_round_robin_over_the_peers()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        string source = cluster.Folder.CreateFile("source", 30 * ChunkSize, seed: 2);
        await cluster.Client.SendAsync(
            source, "x", new SendOptions { ChunkSize = ChunkSize, Replicas = 1 }, progress: null, Token);
        await cluster.Client.SendAsync(
            cluster.Folder.CreateFile("other", 30 * ChunkSize, seed: 3), "y", new SendOptions { ChunkSize = ChunkSize },
            progress: null, Token);

        foreach (PeerAddress address in cluster.Addresses)
        {
            PeerInfo info = await cluster.Client.GetPeerInfoAsync(address, Token);
            Assert.Equal(10 + 1 + 20 + 1, info.Chunks);
        }
    }

    [Fact]
    public async Task A_name_that_exists_is_replaced_only_by_force()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        string first = cluster.Folder.CreateFile("first", 1000, seed: 1);
        string second = cluster.Folder.CreateFile("second", 2000, seed: 2);
        await cluster.Client.SendAsync(first, "x", SendOptions.Default, progress: null, Token);

        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            () => cluster.Client.SendAsync(second, "x", SendOptions.Default, progress: null, Token));
        Assert.Equal(DfssErrorCode.FileExists, refused.Code);
        Assert.Equal(1000, (await cluster.Client.GetAsync("x", Token)).Record.Length);

        StoredFile replaced = await cluster.Client.SendAsync(
            second, "x", new SendOptions { Force = true }, progress: null, Token);
        Assert.Equal(2, replaced.Record.Version);
        Assert.Equal(2000, (await cluster.Client.GetAsync("x", Token)).Record.Length);
    }

    [Fact]
    public async Task One_peer_of_the_home_is_enough_to_find_and_receive_a_file()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        string source = cluster.Folder.CreateFile("source", 12 * ChunkSize, seed: 3);
        await cluster.Client.SendAsync(source, "x", new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);

        foreach (PeerAddress address in cluster.Addresses)
        {
            await using DfssClient other = new([address], TransferOptions.Default);
            string destination = cluster.Folder["from " + address.Port];
            await other.ReceiveAsync(
                await other.GetAsync("x", Token), destination, ReceiveOptions.Default, progress: null, Token);
            Assert.Equal(await File.ReadAllBytesAsync(source, Token), await File.ReadAllBytesAsync(destination, Token));
        }
    }

    [Theory]
    [InlineData("with spaces and [brackets].txt")]
    [InlineData("folder/sub folder/ü – 漢字 🎉.bin")]
    [InlineData("-")]
    [InlineData("a\u0301")]
    public async Task Names_are_kept_in_normal_form(string name)
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = cluster.Folder.CreateFile("source", 3, seed: 1);
        StoredFile sent = await cluster.Client.SendAsync(source, name, SendOptions.Default, progress: null, Token);

        Assert.Equal(name.Normalize(), sent.Record.Name);
        Assert.Equal(sent.Record.FileId, (await cluster.Client.GetAsync(name, Token)).Record.FileId);
    }

    [Fact]
    public async Task A_list_is_the_union_of_the_peers_in_order_of_code_points()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        string source = cluster.Folder.CreateFile("source", 3, seed: 1);
        string[] names = ["b", "a/1", "a/2", "\uFF5E", "\U0001F389", "z"];
        for (int i = 0; i < names.Length; i++)
        {
            await using DfssClient one = new([cluster.Addresses[i % 3]], TransferOptions.Default);
            await one.SendAsync(source, names[i], SendOptions.Default, progress: null, Token);
        }

        Assert.Equal(["a/1", "a/2", "b", "z", "\uFF5E", "\U0001F389"], await ListAsync(cluster.Client, string.Empty));
        Assert.Equal(["a/1", "a/2"], await ListAsync(cluster.Client, "a/"));
    }

    [Fact]
    public async Task An_unknown_name_is_not_found()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => cluster.Client.GetAsync("nothing", Token));
        Assert.Equal(DfssErrorCode.FileNotFound, error.Code);
    }

    [Fact]
    public async Task An_existing_destination_is_replaced_only_by_force()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = cluster.Folder.CreateFile("source", 100, seed: 1);
        string destination = cluster.Folder.CreateFile("destination", 5, seed: 2);
        StoredFile sent = await cluster.Client.SendAsync(source, "x", SendOptions.Default, progress: null, Token);

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => cluster.Client.ReceiveAsync(sent, destination, ReceiveOptions.Default, progress: null, Token));
        Assert.Equal(DfssErrorCode.DestinationExists, error.Code);
        Assert.Equal(5, new FileInfo(destination).Length);

        await cluster.Client.ReceiveAsync(
            sent, destination, new ReceiveOptions { Force = true, Durable = true }, progress: null, Token);
        Assert.Equal(100, new FileInfo(destination).Length);
        Assert.Equal(
            ["destination", "source"], Directory.GetFiles(cluster.Folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task A_comparison_names_the_ranges_that_differ()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        string source = cluster.Folder.CreateFile("source", (5 * ChunkSize) + 100, seed: 1);
        StoredFile sent = await cluster.Client.SendAsync(
            source, "x", new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);
        Assert.True((await cluster.Client.CompareAsync(source, sent, progress: null, Token)).IsEqual);

        await using (FileStream stream = new(source, FileMode.Open))
        {
            stream.Position = ChunkSize + 5;
            stream.WriteByte((byte)(stream.ReadByte() ^ 1));
            stream.SetLength((5 * ChunkSize) + 300);
        }

        FileComparison comparison = await cluster.Client.CompareAsync(source, sent, progress: null, Token);
        Assert.False(comparison.IsEqual);
        Assert.Equal([new ByteRange(ChunkSize, ChunkSize), new ByteRange(5 * ChunkSize, 300)], comparison.Differences);
    }

    [Fact]
    public async Task A_cancelled_receive_leaves_no_more_than_what_came()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = cluster.Folder.CreateFile("source", 40 * ChunkSize, seed: 1);
        StoredFile sent = await cluster.Client.SendAsync(
            source, "x", new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);
        Directory.CreateDirectory(cluster.Folder["in"]);
        using CancellationTokenSource cancel = new();
        CallbackProgress progress = new(state =>
        {
            if (state.TransferredBytes > 3 * ChunkSize)
            {
                cancel.Cancel();
            }
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => cluster.Client.ReceiveAsync(
                sent, cluster.Folder["in", "x"], ReceiveOptions.Default, progress, cancel.Token));
        Assert.Equal([cluster.Folder["in", "x.dfss-part"]], Directory.GetFileSystemEntries(cluster.Folder["in"]));

        // The client is not hurt by it.
        await cluster.Client.ReceiveAsync(
            sent, cluster.Folder["in", "x"], ReceiveOptions.Default, progress: null, Token);
        Assert.Equal(sent.Record.Length, new FileInfo(cluster.Folder["in", "x"]).Length);
    }

    [Fact]
    public async Task A_name_of_one_peer_stays_there_and_that_is_said()
    {
        List<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(2, options: new() { Warning = warnings.Add });
        string source = cluster.Folder.CreateFile("source", 3, seed: 1);
        await using DfssClient one = new([cluster.Addresses[0]], TransferOptions.Default);
        await one.SendAsync(source, "x", SendOptions.Default, progress: null, Token);

        await cluster.Client.SendAsync(source, "x", new SendOptions { Force = true }, progress: null, Token);
        Assert.Equal(
            [$"'x' exists and stays on the peer that has it; {cluster.Addresses[1]} is not that one."], warnings);
    }

    [Fact]
    public async Task A_peer_that_is_not_there_is_named()
    {
        await using DfssClient client = new([new PeerAddress("localhost", 1)], TransferOptions.Default);
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => client.GetAsync("x", Token));
        Assert.Equal(DfssErrorCode.PeerUnreachable, error.Code);
        Assert.Contains("localhost:1", error.Message, StringComparison.Ordinal);
    }

    private static async Task<List<string>> ListAsync(DfssClient client, string prefix)
    {
        List<string> names = [];
        await foreach (StoredFile file in client.ListAsync(prefix, Token))
        {
            names.Add(file.Record.Name);
        }

        return names;
    }
}
