using System.Collections.Concurrent;
using Dfss.Peers;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Tests.Storage.Objects;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Two peers on one bucket of the fake engine, and their clients.</summary>
public sealed class BucketPeerTests : IAsyncLifetime
{
    private static readonly SendOptions Send = new() { ChunkSize = DfssLimits.MinChunkSize };

    private readonly FakeS3 fake = new();
    private readonly TemporaryFolder folder = new();
    private DfssPeer first = null!;
    private DfssPeer second = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private PeerOptions Options => new()
    {
        Port = 0,
        Engine = new StoreEngine("s3://bucket/store/", () => ObjectEngine.Connect(fake)) { ProbeRounds = 1 },
    };

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
    public async Task What_is_sent_to_one_is_received_from_the_other_and_neither_is_a_copy()
    {
        Assert.Equal(first.StoreId, second.StoreId);
        List<string> warnings = [];
        string source = folder.CreateFile("source", 10 * DfssLimits.MinChunkSize + 7, seed: 1);
        await using DfssClient both = ClientOf(warnings, first, second);
        await both.SendAsync(source, "a", Send, progress: null, Token);
        await using DfssClient other = ClientOf(warnings, second);
        await ReceiveAsync(other, "received");
        AssertSame(source, "received");

        string changed = folder.CreateFile("changed", 5000, seed: 2);
        await other.SendAsync(changed, "a", Send with { Force = true }, progress: null, Token);
        await using DfssClient one = ClientOf(warnings, first);
        await ReceiveAsync(one, "again");
        AssertSame(changed, "again");
        Assert.Empty(warnings);
    }

    [Fact]
    public async Task A_peer_serves_what_another_one_has_left_that_is_gone()
    {
        string source = folder.CreateFile("source", 3 * DfssLimits.MinChunkSize, seed: 3);
        await using (DfssClient client = ClientOf([], first))
        {
            await client.SendAsync(source, "a", Send, progress: null, Token);
        }

        await first.StopAsync();
        await using DfssClient both = ClientOf([], first, second);
        await ReceiveAsync(both, "received");
        AssertSame(source, "received");
    }

    [Fact]
    public async Task An_engine_that_fails_every_write_fails_the_send_and_says_so()
    {
        fake.Fault = request => request.Method == "PUT" ? FakeS3Fault.QuotaExceeded : FakeS3Fault.None;
        string source = folder.CreateFile("source", 3 * DfssLimits.MinChunkSize, seed: 4);
        await using DfssClient client = ClientOf([], first);
        DfssException failed = await Assert.ThrowsAsync<DfssException>(
            () => client.SendAsync(source, "a", Send, progress: null, Token));
        Assert.Contains("403 QuotaExceeded", failed.Message, StringComparison.Ordinal);

        fake.Fault = _ => FakeS3Fault.None;
        await client.SendAsync(source, "a", Send, progress: null, Token);
    }

    [Fact]
    public async Task A_quota_that_refuses_a_record_and_no_chunk_is_advised_to_be_raised()
    {
        string source = folder.CreateFile("source", 5000, seed: 6);
        await using DfssClient client = ClientOf([], first);
        StoredFile there = await client.SendAsync(source, "there", Send, progress: null, Token);
        fake.Fault = request => request.Method == "PUT"
            && request.Key.Contains(ObjectKeys.Names, StringComparison.Ordinal)
                ? FakeS3Fault.QuotaExceeded
                : FakeS3Fault.None;
        foreach (Func<Task> act in new Func<Task>[]
        {
            () => client.SendAsync(source, "new", Send, progress: null, Token),
            () => client.RemoveAsync(there, RemoveOptions.Default, Token),
        })
        {
            DfssException failed = await Assert.ThrowsAsync<DfssException>(act);
            Assert.Equal(DfssErrorCode.StoreFull, failed.Code);
            Assert.Contains("has reached the quota of the bucket", failed.Message, StringComparison.Ordinal);
            Assert.StartsWith("Raise the quota", failed.Advice, StringComparison.Ordinal);
        }

        fake.Fault = _ => FakeS3Fault.None;
        await client.RemoveAsync(there, RemoveOptions.Default, Token);
    }

    [Fact]
    public async Task A_write_of_each_chunk_that_fails_once_does_not_fail_the_send()
    {
        ConcurrentDictionary<string, bool> failed = new(StringComparer.Ordinal);
        fake.Fault = request => request.Method == "PUT"
            && request.Key.Contains(ObjectKeys.Chunks, StringComparison.Ordinal)
            && failed.TryAdd(request.Key.Split('.')[0], true) ? FakeS3Fault.InternalError : FakeS3Fault.None;
        string source = folder.CreateFile("source", 3 * DfssLimits.MinChunkSize, seed: 5);
        await using DfssClient client = ClientOf([], first);
        await client.SendAsync(source, "a", Send, progress: null, Token);
        await ReceiveAsync(client, "received");
        AssertSame(source, "received");
        // Three chunks and the manifest.
        Assert.Equal(4, failed.Count);
    }

    [Fact]
    public async Task What_such_a_store_does_not_have_is_refused_and_not_left_out()
    {
        PeerOptions options = Options;
        foreach ((string name, PeerOptions given) in new[]
        {
            ("StorePath", options with { StorePath = folder["store"] }),
            ("StoreRelocation", options with { StoreRelocation = StoreRelocation.Moved }),
            ("QuotaBytes", options with { QuotaBytes = 1 << 30 }),
            ("MinimumFreeBytes", options with { MinimumFreeBytes = 0 }),
        })
        {
            DfssException refused = await Assert.ThrowsAsync<DfssException>(() => DfssPeer.StartAsync(given, Token));
            Assert.Equal(DfssErrorCode.InvalidArgument, refused.Code);
            Assert.Contains($"does not have {name}.", refused.Message, StringComparison.Ordinal);
        }
    }

    private static DfssClient ClientOf(List<string> warnings, params DfssPeer[] peers) => new(
        [.. peers.Select(Cluster.AddressOf)],
        TransferOptions.Default with { Warning = warning => { lock (warnings) { warnings.Add(warning); } } });

    private async Task ReceiveAsync(DfssClient client, string destination) => await client.ReceiveAsync(
        await client.GetAsync("a", Token), folder[destination], ReceiveOptions.Default, progress: null, Token);

    private void AssertSame(string source, string received) =>
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(folder[received]));

    private Task<DfssPeer> StartAsync() => DfssPeer.StartAsync(Options, Token);
}
