using Dfss.Peers;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Tests.Storage.Objects;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Clients of two peers of one bucket, of which the one that a client uses is lost.</summary>
public sealed class BucketFailoverTests : IAsyncLifetime
{
    private static readonly SendOptions Send = new() { ChunkSize = DfssLimits.MinChunkSize };

    private readonly FakeS3 fake = new();
    private readonly TemporaryFolder folder = new();
    private readonly List<string> warnings = [];
    private DfssPeer first = null!;
    private DfssPeer second = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        first = await StartAsync();
        second = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await first.DisposeAsync();
        await second.DisposeAsync();
        await fake.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task A_client_goes_on_at_the_other_peer_when_the_one_that_it_uses_has_ended()
    {
        string source = folder.CreateFile("source", 5 * DfssLimits.MinChunkSize + 7, seed: 1);
        await using DfssClient client = ClientOf(Cluster.AddressOf(first), Cluster.AddressOf(second));
        await client.SendAsync(source, "a", Send, progress: null, Token);
        StoredFile file = await client.GetAsync("a", Token);

        await first.DisposeAsync();
        await client.ReceiveAsync(file, folder["received"], ReceiveOptions.Default, progress: null, Token);
        AssertSame(source, "received");
        await client.SendAsync(source, "b", Send, progress: null, Token);
        Assert.Equal(["a", "b"], await NamesAsync(client));
        Assert.Empty(warnings);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(9)]
    public async Task A_link_that_is_severed_in_the_middle_of_a_send_does_not_fail_it(int chunks)
    {
        await using FaultProxy proxy = new(Cluster.AddressOf(first), TimeProvider.System);
        string source = folder.CreateFile("source", 10 * DfssLimits.MinChunkSize, seed: chunks);
        await using DfssClient both = ClientOf(proxy.Address, Cluster.AddressOf(second));
        // The client uses the peer that it meets first.
        await both.GetPeerInfoAsync(proxy.Address, Token);
        int sent = 0;
        proxy.OnSending = bytes =>
        {
            if (Interlocked.Add(ref sent, bytes) >= chunks * DfssLimits.MinChunkSize)
            {
                proxy.Sever();
            }
        };

        await both.SendAsync(source, "a", Send, progress: null, Token);
        StoredFile file = await both.GetAsync("a", Token);
        await both.ReceiveAsync(file, folder["received"], ReceiveOptions.Default, progress: null, Token);
        AssertSame(source, "received");
    }

    [Fact]
    public async Task A_peer_that_takes_connections_and_says_nothing_does_not_hold_up_a_read()
    {
        await using FaultProxy proxy = new(Cluster.AddressOf(first), TimeProvider.System);
        string source = folder.CreateFile("source", DfssLimits.MinChunkSize, seed: 2);
        await using DfssClient client = ClientOf(proxy.Address, Cluster.AddressOf(second));
        await client.GetPeerInfoAsync(proxy.Address, Token);
        await client.SendAsync(source, "a", Send, progress: null, Token);
        await client.GetPeerInfoAsync(Cluster.AddressOf(second), Token);
        proxy.Stall();
        proxy.Cut();
        Assert.True((await client.GetAsync("a", Token)).IsCurrent);
    }

    [Fact]
    public async Task With_one_of_two_peers_down_a_new_file_is_stored_and_a_missing_one_is_not_found()
    {
        await second.DisposeAsync();
        string source = folder.CreateFile("source", DfssLimits.MinChunkSize, seed: 3);
        await using DfssClient client = ClientOf(Cluster.AddressOf(second), Cluster.AddressOf(first));
        await client.SendAsync(source, "a", Send, progress: null, Token);
        StoredFile file = await client.GetAsync("a", Token);
        Assert.True(file.IsCurrent);
        Assert.Contains(
            "is taken for another peer of the same bucket", Assert.Single(warnings), StringComparison.Ordinal);
        DfssException missing = await Assert.ThrowsAsync<DfssException>(() => client.GetAsync("b", Token));
        Assert.Equal(DfssErrorCode.FileNotFound, missing.Code);
    }

    [Fact]
    public async Task A_record_names_the_addresses_of_all_peers_that_have_answered()
    {
        string source = folder.CreateFile("source", DfssLimits.MinChunkSize, seed: 4);
        await using (DfssClient both = ClientOf(Cluster.AddressOf(first), Cluster.AddressOf(second)))
        {
            await both.GetPeerInfoAsync(Cluster.AddressOf(second), Token);
            await both.SendAsync(source, "a", Send, progress: null, Token);
        }

        await using DfssClient one = ClientOf(Cluster.AddressOf(first));
        StoredFile file = await one.GetAsync("a", Token);
        HomeMember member = Assert.Single(file.Record.Home);
        Assert.Contains(Cluster.AddressOf(first).ToString(), member.Addresses);
        Assert.Contains(Cluster.AddressOf(second).ToString(), member.Addresses);
    }

    private DfssClient ClientOf(params PeerAddress[] peers) => new(
        peers,
        TransferOptions.Default with { Warning = warning => { lock (warnings) { warnings.Add(warning); } } });

    private static async Task<List<string>> NamesAsync(DfssClient client)
    {
        List<string> names = [];
        await foreach (StoredFile file in client.ListAsync(string.Empty, Token))
        {
            names.Add(file.Name);
        }

        return names;
    }

    private void AssertSame(string source, string received) =>
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(folder[received]));

    private Task<DfssPeer> StartAsync() => DfssPeer.StartAsync(
        new PeerOptions
        {
            Port = 0,
            // Through a proxy too, for whose port there is no token.
            AllowUnauthenticatedNetwork = true,
            Engine = new StoreEngine("s3://bucket/store/", () => ObjectEngine.Connect(fake)) { ProbeRounds = 1 },
        },
        Token);
}
