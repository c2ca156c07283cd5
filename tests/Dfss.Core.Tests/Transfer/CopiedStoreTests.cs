using System.Collections.Concurrent;
using Dfss.Peers;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>A client that meets two running peers of one store.</summary>
public sealed class CopiedStoreTests : IAsyncDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly ConcurrentQueue<string> warnings = new();
    private readonly List<DfssPeer> peers = [];
    private readonly List<DfssClient> clients = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Source => folder.CreateFile("source", 100_000, seed: 1);

    public async ValueTask DisposeAsync()
    {
        foreach (DfssClient client in clients)
        {
            await client.DisposeAsync();
        }

        foreach (DfssPeer peer in peers)
        {
            await peer.DisposeAsync();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task Nothing_is_written_to_a_store_that_runs_twice_and_the_error_names_both()
    {
        (DfssPeer original, DfssPeer copy) = await StartTwiceAsync("a");
        DfssClient client = Client(original, copy);

        DfssException refused = await RefusedAsync(client, "new");

        Assert.Contains(
            $"{Cluster.AddressOf(original)} (process {Environment.ProcessId})", refused.Message,
            StringComparison.Ordinal);
        Assert.Contains(
            $"{Cluster.AddressOf(copy)} (process {Environment.ProcessId})", refused.Message, StringComparison.Ordinal);
        Assert.Contains("-StoreCopied", refused.Advice, StringComparison.Ordinal);
        await RefusedAsync(client, "old", force: true);
        StoredFile old = await client.GetAsync("old", Token);
        await RefusedAsync(() => client.RemoveAsync(old, new RemoveOptions(), Token));
        await RefusedAsync(() => client.RenameAsync(old, "other", Token));
        await RefusedAsync(() => client.OptimizeAsync(Cluster.AddressOf(copy), new OptimizeOptions(), Token));
        Assert.Equal(
            ["old"], (await client.ListAsync(string.Empty, Token).ToListAsync(Token)).Select(file => file.Record.Name));
    }

    [Fact]
    public async Task A_reader_of_a_store_that_runs_twice_is_warned_once()
    {
        (DfssPeer original, DfssPeer copy) = await StartTwiceAsync("a");
        DfssClient client = Client(original, copy);

        StoredFile old = await client.GetAsync("old", Token);
        await client.ReceiveAsync(old, folder["received"], ReceiveOptions.Default, progress: null, Token);
        await client.ListAsync(string.Empty, Token).ToListAsync(Token);

        string warning = Assert.Single(warnings);
        Assert.Contains(original.StoreId.ToString(), warning, StringComparison.Ordinal);
        Assert.Contains("-StoreCopied", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_from_two_peers_of_one_store_has_what_either_has()
    {
        (DfssPeer original, DfssPeer copy) = await StartTwiceAsync("a");
        await SendAsync(Client(original), "of the original");
        await SendAsync(Client(copy), "of the copy");
        Assert.Equal(
            ["of the copy", "of the original", "old"],
            (await Client(original, copy).ListAsync(string.Empty, Token).ToListAsync(Token)).Select(
                file => file.Record.Name));
    }

    [Fact]
    public async Task Each_of_two_peers_of_one_store_answers_for_itself()
    {
        (DfssPeer original, DfssPeer copy) = await StartTwiceAsync("a");
        DfssClient client = Client(original, copy);
        Assert.Equal(
            [folder["a"], folder["copy of a"]],
            [
                (await client.GetPeerInfoAsync(Cluster.AddressOf(original), Token)).StorePath,
                (await client.GetPeerInfoAsync(Cluster.AddressOf(copy), Token)).StorePath,
            ]);
    }

    [Fact]
    public async Task When_the_copy_has_become_a_store_of_its_own_both_are_written_to()
    {
        (DfssPeer original, DfssPeer copy) = await StartTwiceAsync("a");
        await RefusedAsync(Client(original, copy), "x");
        await copy.StopAsync();
        DfssPeer renewed = await StartAsync("copy of a", relocation: StoreRelocation.Copied);
        StoredFile sent = await SendAsync(Client(original, renewed), "x");
        Assert.Equal(
            [original.StoreId, renewed.StoreId], sent.Record.Home.Select(member => member.StoreId!.Value).ToHashSet());
    }

    /// <summary>Each names one of the two only, and two more: the record says where the original is.</summary>
    [Fact]
    public async Task Of_two_writers_that_each_know_one_of_two_copies_no_two_write_the_same_version()
    {
        DfssPeer second = await StartAsync("b");
        DfssPeer third = await StartAsync("c");
        (DfssPeer original, DfssPeer copy) = await StartTwiceAsync("a", second, third);

        await RefusedAsync(Client(copy, second, third), "old", force: true);
        StoredFile written = await SendAsync(Client(original, second, third), "old", force: true);

        Assert.Equal(2, written.Record.Version);
    }

    [Fact]
    public async Task A_reader_that_knows_the_copy_alone_is_warned()
    {
        (_, DfssPeer copy) = await StartTwiceAsync("a");
        DfssClient client = Client(copy);
        await client.GetAsync("old", Token);
        Assert.Single(warnings);

        warnings.Clear();
        await Client(copy).ListAsync(string.Empty, Token).ToListAsync(Token);
        Assert.Single(warnings);
    }

    [Fact]
    public async Task A_restarted_peer_is_no_copy()
    {
        DfssPeer peer = await StartAsync("a");
        DfssClient client = Client(peer);
        await SendAsync(client, "x");
        int port = peer.Port;
        await peer.StopAsync();
        await StartAsync("a", port);
        await SendAsync(client, "y");
        Assert.Empty(warnings);
    }

    [Fact]
    public async Task A_peer_that_restarted_at_another_address_is_no_copy_and_is_written_to()
    {
        DfssPeer peer = await StartAsync("a");
        DfssPeer other = await StartAsync("b");
        DfssClient client = Client(peer, other);
        await SendAsync(client, "x");
        await peer.StopAsync();
        PeerAddress later = Cluster.AddressOf(await StartAsync("a"));

        Assert.Equal(peer.StoreId, (await client.GetPeerInfoAsync(later, Token)).StoreId);
        StoredFile written = await SendAsync(client, "x", force: true);

        Assert.Equal(2, written.Record.Version);
        Assert.Empty(warnings);
    }

    [Fact]
    public async Task One_peer_with_two_addresses_is_no_copy()
    {
        DfssPeer peer = await StartAsync("a");
        DfssClient client = Client(new PeerAddress("127.0.0.1", peer.Port), new PeerAddress("localhost", peer.Port));
        StoredFile sent = await SendAsync(client, "x");
        Assert.Single(sent.Record.Home);
        await SendAsync(Client(peer), "x", force: true);
        Assert.Empty(warnings);
    }

    /// <summary>The certificate names the store that it was a copy of.</summary>
    [Fact]
    public async Task A_copy_with_the_certificate_of_the_original_gets_the_advice_to_join_as_a_new_store()
    {
        Assert.SkipUnless(CopiedFolder.IsSupported, "Needs cp.");
        DfssPeer peer = await StartAsync("a");
        StoreId original = peer.StoreId;
        await peer.StopAsync();
        CopiedFolder.Copy(folder["a"], folder["copy of a"]);
        using TestAuthority authority = new();
        PeerOptions options = new()
        {
            Port = 0,
            StorePath = folder["copy of a"],
            StoreRelocation = StoreRelocation.Copied,
            Identity = authority.IdentifyPeer(original),
        };

        DfssException refused = await Assert.ThrowsAsync<DfssException>(() => DfssPeer.StartAsync(options, Token));

        Assert.Equal(DfssErrorCode.CertificateNotTrusted, refused.Code);
        Assert.Contains("Join-DfssCluster", refused.Advice, StringComparison.Ordinal);
        StoreId taken = PeerStore.Find(folder["copy of a"])!.Value;
        Assert.NotEqual(original, taken);
        peers.Add(await DfssPeer.StartAsync(
            options with { StoreRelocation = StoreRelocation.None, Identity = authority.IdentifyPeer(taken) }, Token));
    }

    private static async Task RefusedAsync(Func<Task> write) =>
        Assert.Equal(DfssErrorCode.StoreRunsTwice, (await Assert.ThrowsAsync<DfssException>(write)).Code);

    private async Task<DfssException> RefusedAsync(DfssClient client, string name, bool force = false)
    {
        DfssException refused = await Assert.ThrowsAsync<DfssException>(() => SendAsync(client, name, force));
        Assert.Equal(DfssErrorCode.StoreRunsTwice, refused.Code);
        return refused;
    }

    private Task<StoredFile> SendAsync(DfssClient client, string name, bool force = false) => client.SendAsync(
        Source, name, new SendOptions { ChunkSize = DfssLimits.MinChunkSize, Force = force }, progress: null, Token);

    private DfssClient Client(params DfssPeer[] known) => Client([.. known.Select(Cluster.AddressOf)]);

    private DfssClient Client(params PeerAddress[] known)
    {
        DfssClient client = new(known, new TransferOptions { Warning = warnings.Enqueue });
        clients.Add(client);
        return client;
    }

    private async Task<DfssPeer> StartAsync(
        string store, int port = 0, StoreRelocation relocation = StoreRelocation.None)
    {
        PeerOptions options = new() { Port = port, StorePath = folder[store], StoreRelocation = relocation };
        DfssPeer peer = await DfssPeer.StartAsync(options, Token);
        peers.Add(peer);
        return peer;
    }

    /// <summary>A store with a file of the name old, at it and some others, and a copy that runs too.</summary>
    private async Task<(DfssPeer Original, DfssPeer Copy)> StartTwiceAsync(string store, params DfssPeer[] others)
    {
        Assert.SkipUnless(CopiedFolder.IsSupported, "Needs cp.");
        DfssPeer first = await StartAsync(store);
        await SendAsync(Client([first, .. others]), "old");
        int port = first.Port;
        await first.StopAsync();
        CopiedFolder.CopyUnnoticed(folder[store], folder[$"copy of {store}"]);
        return (await StartAsync(store, port), await StartAsync($"copy of {store}"));
    }
}
