using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>How many copies a send makes, and what it says and does where it cannot make all.</summary>
public sealed class ReplicaTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;
    private const int ChunkCount = 60;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, null, 1)]
    [InlineData(2, null, 2)]
    [InlineData(5, null, 2)]
    [InlineData(5, 1, 1)]
    [InlineData(5, 4, 4)]
    public async Task A_file_has_the_copies_asked_for_and_two_by_default(int peers, int? asked, int copies)
    {
        await using Cluster cluster = await Cluster.StartAsync(peers);
        string source = cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1);

        StoredFile sent = await cluster.Client.SendAsync(
            source, "x", new SendOptions { ChunkSize = ChunkSize, Replicas = asked }, progress: null, Token);

        Assert.Equal((copies, copies), (sent.Record.Replicas, sent.PresentReplicas));
        Assert.Equal(copies, (await cluster.Client.GetAsync("x", Token)).Record.Replicas);
        Assert.Null((await cluster.Client.GetAsync("x", Token)).PresentReplicas);
        long chunks = 0;
        foreach (PeerAddress address in cluster.Addresses)
        {
            chunks += (await cluster.Client.GetPeerInfoAsync(address, Token)).Chunks;
        }

        Assert.Equal((ChunkCount * copies) + peers, chunks);
    }

    [Theory]
    [InlineData(2, 3, null, "3 copies of 'x' were asked for, and it has 2 peers.")]
    [InlineData(1, null, 2, "'x' cannot have at least 2 copies where 1 is made.")]
    [InlineData(3, null, 3, "'x' cannot have at least 3 copies where 2 are made.")]
    [InlineData(3, 1, 2, "'x' cannot have at least 2 copies where 1 is made.")]
    public async Task Copies_that_cannot_be_are_refused(int peers, int? asked, int? minimum, string reason)
    {
        await using Cluster cluster = await Cluster.StartAsync(peers);
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => cluster.Client.SendAsync(
            cluster.Folder.CreateFile("source", 10, seed: 1), "x",
            new SendOptions { Replicas = asked, MinimumReplicas = minimum }, progress: null, Token));
        Assert.Equal((DfssErrorCode.InvalidArgument, reason), (error.Code, error.Reason));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public void Copies_are_1_to_64(int copies)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SendOptions { Replicas = copies });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SendOptions { MinimumReplicas = copies });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SendOptions { IfVersion = -1 });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Two_copies_survive_the_loss_of_any_one_peer(int lost)
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        string source = cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1);
        await cluster.Client.SendAsync(source, "x", new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);
        await cluster.Peers[lost].StopAsync();

        await using DfssClient other = new([cluster.Addresses[(lost + 1) % 3]], TransferOptions.Default);
        StoredFile found = await other.GetAsync("x", Token);
        await other.ReceiveAsync(found, cluster.Folder["destination"], ReceiveOptions.Default, progress: null, Token);

        Assert.True(found.IsCurrent);
        Assert.Equal(
            await File.ReadAllBytesAsync(source, Token),
            await File.ReadAllBytesAsync(cluster.Folder["destination"], Token));
    }

    [Fact]
    public async Task The_copies_of_a_chunk_are_under_way_at_once()
    {
        using TemporaryFolder folder = new();
        await using HeldPeer first = await HeldPeer.StartAsync();
        await using HeldPeer second = await HeldPeer.StartAsync();
        first.Holds = second.Holds = (operation, _, _) => operation == Operations.StoreChunk;
        await using DfssClient client = new([first.Address, second.Address], new TransferOptions { ThrottleLimit = 1 });
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(Token);
        string source = folder.CreateFile("source", 2 * ChunkSize, seed: 1);
        Task<StoredFile> sending = client.SendAsync(
            source, "x", new SendOptions { ChunkSize = 2 * ChunkSize }, progress: null, ending.Token);

        await first.Reached.WaitAsync(Token);
        await second.Reached.WaitAsync(Token);

        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Fact]
    public async Task Fewer_copies_than_asked_for_but_enough_is_a_success_with_one_warning_that_says_why()
    {
        List<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(3);
        await using DfssClient client = new(cluster.Addresses, new TransferOptions { Warning = warnings.Add });
        string source = cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1);
        SendOptions options = new() { ChunkSize = ChunkSize, Replicas = 3 };
        await client.SendAsync(source, "x", options, progress: null, Token);
        await cluster.Peers[1].StopAsync();
        warnings.Clear();

        StoredFile sent = await client.SendAsync(source, "x", options with { Force = true }, progress: null, Token);
        StoredFile again = await client.SendAsync(source, "x", options with { Force = true }, progress: null, Token);

        Assert.Equal((3, 2), (sent.Record.Replicas, sent.PresentReplicas));
        Assert.Equal((3, 2), (again.Record.Replicas, again.PresentReplicas));
        string warning = Assert.Single(warnings, text => text.Contains("copies asked for", StringComparison.Ordinal));
        Assert.StartsWith(
            $"'{source}', and maybe others after it, has 2 of the 3 copies asked for. ", warning,
            StringComparison.Ordinal);
        Assert.Contains(cluster.Addresses[1].ToString(), warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fewer_copies_than_the_minimum_is_an_error_that_says_why_and_changes_nothing()
    {
        List<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(3);
        await using DfssClient client = new(cluster.Addresses, new TransferOptions { Warning = warnings.Add });
        string source = cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1);
        await cluster.Peers[1].StopAsync();

        DfssException error = await Assert.ThrowsAsync<DfssException>(() => client.SendAsync(
            source, "x", new SendOptions { Replicas = 3, MinimumReplicas = 3 }, progress: null, Token));

        Assert.Equal(DfssErrorCode.TooFewReplicas, error.Code);
        Assert.True(error.IsTransient);
        Assert.Contains(
            "need 3 peers that take them, and of its 3 only 2 do. Nothing was changed.", error.Reason,
            StringComparison.Ordinal);
        Assert.Contains(cluster.Addresses[1].ToString(), error.Reason, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<DfssException>(() => client.GetAsync("x", Token));
        Assert.Equal(DfssErrorCode.FileNotFound, error.Code);
    }

    [Theory]
    [InlineData(Operations.StoreChunk)]
    [InlineData(Operations.Seal)]
    public async Task A_peer_whose_disk_fails_is_replaced_by_the_next_of_the_ring(string failing)
    {
        List<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(2);
        await using HeldPeer third = await HeldPeer.StartAsync();
        Fail(third, failing);
        await using DfssClient client = new(
            [.. cluster.Addresses, third.Address], new TransferOptions { Warning = warnings.Add });
        string source = cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1);

        StoredFile sent = await client.SendAsync(
            source, "x", new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);

        Assert.Equal((2, 2), (sent.Record.Replicas, sent.PresentReplicas));
        Assert.StartsWith(
            $"{third.Address} accepts no more chunks; the first that it refused is of '{source}': ",
            Assert.Single(warnings),
            StringComparison.Ordinal);
        foreach (PeerAddress address in cluster.Addresses)
        {
            Assert.Equal(ChunkCount + 1, (await client.GetPeerInfoAsync(address, Token)).Chunks);
        }
    }

    [Theory]
    [InlineData(Operations.StoreChunk)]
    [InlineData(Operations.Seal)]
    public async Task A_peer_whose_disk_fails_ends_a_send_that_then_has_too_few(string failing)
    {
        List<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(1);
        await using HeldPeer second = await HeldPeer.StartAsync();
        Fail(second, failing);
        await using DfssClient client = new(
            [.. cluster.Addresses, second.Address], new TransferOptions { Warning = warnings.Add });
        string source = cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1);
        SendOptions options = new() { ChunkSize = ChunkSize };

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => client.SendAsync(source, "x", options, progress: null, Token));

        Assert.Equal(DfssErrorCode.StoreFailed, error.Code);
        Assert.Contains(
            "need 2 peers that take them, and of its 2 only 1 does. Nothing was changed. ", error.Reason,
            StringComparison.Ordinal);
        Assert.Contains($"{second.Address}", error.Reason, StringComparison.Ordinal);
        Assert.EndsWith("Broken.", error.Reason, StringComparison.Ordinal);
        Assert.Empty(warnings);
        error = await Assert.ThrowsAsync<DfssException>(() => client.GetAsync("x", Token));
        Assert.Equal(DfssErrorCode.FileNotFound, error.Code);
    }

    [Fact]
    public async Task Exactly_the_version_asked_for_is_replaced()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        string source = cluster.Folder.CreateFile("source", 10, seed: 1);
        Task<StoredFile> SendAsync(long? version, bool force = false) => cluster.Client.SendAsync(
            source, "x", new SendOptions { IfVersion = version, Force = force }, progress: null, Token);

        await RefusedAsync(() => SendAsync(1), "'x' was never sent, not at version 1.");
        Assert.Equal(1, (await SendAsync(0)).Record.Version);
        await RefusedAsync(() => SendAsync(0), "'x' is at version 1, not at version 0.");
        Assert.Equal(2, (await SendAsync(1)).Record.Version);
        await RefusedAsync(() => SendAsync(1, force: true), "'x' is at version 2, not at version 1.");
        Assert.Equal(3, (await SendAsync(2, force: true)).Record.Version);
    }

    private static async Task RefusedAsync(Func<Task> send, string reason)
    {
        DfssException error = await Assert.ThrowsAsync<DfssException>(send);
        Assert.Equal((DfssErrorCode.Conflict, reason), (error.Code, error.Reason));
    }

    /// <summary>The peer fails, with StoreFailed, whatever it is to store or to seal.</summary>
    private static void Fail(HeldPeer peer, string failing)
    {
        string[] operations = failing == Operations.Seal
            ? [Operations.Seal]
            : [Operations.StoreChunk, Operations.StoreChunks];
        peer.Fails = (operation, _, _) => operations.Contains(operation);
        peer.FailsAtOnce = true;
    }
}
