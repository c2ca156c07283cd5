using System.Collections.Concurrent;
using Dfss.Peers;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Tests.Storage.Objects;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>How many requests to the engine a send and a receive take through one peer, after a collection.</summary>
public sealed class BucketRequestTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int MoreChunks = 32;
    private const int SmallFiles = 8;

    private readonly FakeS3 fake = new();
    private readonly TemporaryFolder folder = new();
    private readonly ConcurrentDictionary<string, int> counts = new(StringComparer.Ordinal);
    private DfssPeer peer = null!;
    private DfssClient client = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static SendOptions Send => new() { ChunkSize = DfssLimits.MinChunkSize };

    public async ValueTask InitializeAsync()
    {
        peer = await DfssPeer.StartAsync(
            new PeerOptions
            {
                Port = 0,
                Engine = new StoreEngine("s3://bucket/store/", () => ObjectEngine.Connect(fake)) { ProbeRounds = 1 },
            },
            Token);
        client = new DfssClient([Cluster.AddressOf(peer)], TransferOptions.Default);
        string garbage = folder.CreateFile("garbage", DfssLimits.MinChunkSize, seed: 1);
        StoredFile removed = await client.SendAsync(garbage, "garbage", Send, progress: null, Token);
        await client.RemoveAsync(removed, RemoveOptions.Default, Token);
        await client.OptimizeAsync(
            Cluster.AddressOf(peer), new OptimizeOptions { GracePeriod = TimeSpan.Zero }, Token);
        fake.Fault = request =>
        {
            counts.AddOrUpdate(KindOf(request), 1, (_, count) => count + 1);
            return FakeS3Fault.None;
        };
    }

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await peer.DisposeAsync();
        await fake.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task A_chunk_takes_few_requests()
    {
        double sent = await OfMoreChunksAsync("send of a chunk", SendAsync);
        double received = await OfMoreChunksAsync("receive of a chunk", ReceiveAsync);
        Assert.InRange(sent, 1, 2.5);
        Assert.InRange(received, 1, 2.5);
    }

    [Fact]
    public async Task A_small_file_takes_few_requests()
    {
        double sent = await CountAsync("send of a small file", SmallFiles, async () =>
        {
            for (int i = 0; i < SmallFiles; i++)
            {
                await SendAsync($"small{i}", chunks: 1);
            }
        });
        double received = await CountAsync("receive of a small file", SmallFiles, async () =>
        {
            for (int i = 0; i < SmallFiles; i++)
            {
                await ReceiveAsync($"small{i}", chunks: 1);
            }
        });
        Assert.InRange(sent, 1, 18);
        Assert.InRange(received, 1, 9);
    }

    private static string KindOf(FakeS3Request request)
    {
        bool isList = request.Method == "GET" && request.Key.Length == 0;
        string key = (isList ? request.Query["prefix"] : request.Key)["store/".Length..];
        return $"{(isList ? "LIST" : request.Method)} {key.Split('/', '!')[0]}";
    }

    /// <summary>Of a file of many more chunks what it takes more than another one, for each of them.</summary>
    private async Task<double> OfMoreChunksAsync(string what, Func<string, int, Task> act)
    {
        double few = await CountAsync($"{what}: 8", 1, () => act("few", 8));
        double many = await CountAsync($"{what}: {8 + MoreChunks}", 1, () => act("many", 8 + MoreChunks));
        double each = (many - few) / MoreChunks;
        output.WriteLine($"{what}: {each:0.0}");
        return each;
    }

    private async Task<double> CountAsync(string what, int units, Func<Task> act)
    {
        counts.Clear();
        await act();
        double all = counts.Values.Sum() / (double)units;
        output.WriteLine($"{what}: {all:0.0}: " + string.Join(
            ", ", counts.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key} {pair.Value / (double)units:0.0}")));
        return all;
    }

    private async Task SendAsync(string name, int chunks) => await client.SendAsync(
        folder.CreateFile(name, chunks * DfssLimits.MinChunkSize, seed: name.Length + (name[^1] * 100)),
        name, Send, progress: null, Token);

    private async Task ReceiveAsync(string name, int chunks) => await client.ReceiveAsync(
        await client.GetAsync(name, Token), folder[$"received {name}"], ReceiveOptions.Default, progress: null, Token);
}
