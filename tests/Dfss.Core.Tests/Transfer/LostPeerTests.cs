using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Sends to several peers of which one is lost before or meanwhile.</summary>
public sealed class LostPeerTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;
    private const int ChunkCount = 400;

    /// <summary>1 MiB: 16 of the 400 chunks, so that what is lost is lost early.</summary>
    private const long CutAfterBytes = 1 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_send_whose_majority_is_lost_ends_before_the_rest_is_uploaded()
    {
        List<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(2, admitsAnyClient: true);
        await using FaultProxy proxy = new(cluster.Addresses[1], TimeProvider.System) { CutAfterBytes = CutAfterBytes };
        await using DfssClient client = CreateClient([cluster.Addresses[0], proxy.Address], warnings);
        string source = cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1);

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => client.SendAsync(source, "x", new SendOptions { ChunkSize = ChunkSize }, progress: null, Token));

        Assert.Equal(DfssErrorCode.NoMajority, error.Code);
        Assert.Contains("2 of its 2 peers", error.Message, StringComparison.Ordinal);
        Assert.Contains(proxy.Address.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Empty(warnings);

        // Its own half would be 200: the lost one's chunks soon take every place of those under way.
        PeerInfo survivor = await client.GetPeerInfoAsync(cluster.Addresses[0], Token);
        Assert.InRange(survivor.Chunks, 0, ChunkCount / 4);
        await using DfssClient other = new([cluster.Addresses[0]], TransferOptions.Default);
        error = await Assert.ThrowsAsync<DfssException>(() => other.GetAsync("x", Token));
        Assert.Equal(DfssErrorCode.FileNotFound, error.Code);
    }

    [Fact]
    public async Task A_send_that_keeps_its_majority_succeeds_and_names_the_lost_peer_once_for_all_files()
    {
        List<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(3, admitsAnyClient: true);
        await using FaultProxy proxy = new(cluster.Addresses[2], TimeProvider.System) { CutAfterBytes = CutAfterBytes };
        await using DfssClient client = CreateClient(
            [cluster.Addresses[0], cluster.Addresses[1], proxy.Address], warnings);
        string source = cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1);
        SendOptions options = new() { ChunkSize = ChunkSize };

        await client.SendAsync(source, "x", options, progress: null, Token);
        await client.SendAsync(source, "y", options, progress: null, Token);

        string warning = Assert.Single(warnings);
        Assert.StartsWith(
            $"{proxy.Address} was lost, and gets no more chunks; the first that did not arrive is of '{source}': ",
            warning, StringComparison.Ordinal);
        await using DfssClient other = new(cluster.Addresses.Take(2).ToArray(), TransferOptions.Default);
        foreach (string name in new[] { "x", "y" })
        {
            string destination = cluster.Folder[name];
            await other.ReceiveAsync(
                await other.GetAsync(name, Token), destination, ReceiveOptions.Default, progress: null, Token);
            Assert.Equal(await File.ReadAllBytesAsync(source, Token), await File.ReadAllBytesAsync(destination, Token));
        }
    }

    [Fact]
    public async Task A_new_name_that_too_few_peers_can_decide_on_is_one_error_and_no_warning()
    {
        List<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(2);
        await using DfssClient client = CreateClient(cluster.Addresses, warnings);
        await cluster.Peers[1].StopAsync();
        string source = cluster.Folder.CreateFile("source", 10, seed: 1);

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => client.SendAsync(source, "x", SendOptions.Default, progress: null, Token));

        Assert.Equal(DfssErrorCode.NoMajority, error.Code);
        Assert.StartsWith(
            $"'x' needs 2 of its 2 peers, and {cluster.Addresses[1]} cannot be reached (", error.Reason,
            StringComparison.Ordinal);
        Assert.Equal(
            "Start that peer, or leave it out of -Peer. If it runs at another address, give that with -Peer.",
            error.Advice);
        Assert.Empty(warnings);
    }

    [Fact]
    public async Task A_new_name_that_a_majority_can_decide_on_is_one_warning()
    {
        List<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(3);
        await using DfssClient client = CreateClient(cluster.Addresses, warnings);
        await cluster.Peers[1].StopAsync();
        string source = cluster.Folder.CreateFile("source", 10, seed: 1);

        await client.SendAsync(source, "x", SendOptions.Default, progress: null, Token);

        PeerAddress lost = cluster.Addresses[1];
        Assert.Equal(
            [$"{lost} cannot be reached: 'x' is decided by the other 2 of its 3 peers, and {lost} will store "
                + $"nothing of it."], warnings);
    }

    private static DfssClient CreateClient(IReadOnlyList<PeerAddress> addresses, List<string> warnings) =>
        new(addresses, new TransferOptions { Warning = warnings.Add, RetryDelay = TimeSpan.FromMilliseconds(1) });
}
