using System.Diagnostics;
using Dfss.Encryption;
using Dfss.Testing;
using Dfss.Tests.Transfer;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Fuzz;

/// <summary>
/// A whole client among peers that forge their answers. Each operation ends in time, with a result or a typed error;
/// what is received is what was sent; memory stays bounded.
/// </summary>
[Collection(nameof(ClientFuzzTests))]
[CollectionDefinition(nameof(ClientFuzzTests), DisableParallelization = true)]
public sealed class ClientFuzzTests(ITestOutputHelper output)
{
    /// <summary>Several times what the slowest operation takes, with all its retries, on two busy cores.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <summary>512 MiB: the budgets of the client and of what is between it and the peers, twice.</summary>
    private const long MemoryBytes = 512L << 20;

    private static readonly EncryptionKey Key = EncryptionKey.Create();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_operation_of_a_client_among_forged_answers_ends_with_a_result_or_a_typed_error()
    {
        (int seed, int count) = FuzzSettings.Take(output, usual: 10);
        SortedDictionary<string, int> outcomes = new(StringComparer.Ordinal);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int run = 0; run < count; run++)
        {
            await RunAsync(seed + (run * 10), outcomes);
        }

        foreach ((string what, int times) in outcomes)
        {
            output.WriteLine($"{times,5} {what}");
        }

        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(grown < MemoryBytes, $"{grown} bytes are held after {count} runs.");
    }

    /// <summary>
    /// All operations, one after the other, among peers of their own: what a lie did to one says nothing of the next
    /// run.
    /// </summary>
    private static async Task RunAsync(int seed, SortedDictionary<string, int> outcomes)
    {
        await using Cluster cluster = await Cluster.StartAsync(3, admitsAnyClient: true);
        string source = cluster.Folder.CreateFile("source", 300_000, seed: 1);
        await SendAsync(cluster.Client, source);
        ForgingPeer[] forgers = [.. cluster.Addresses.Select((address, i) => new ForgingPeer(address, seed + i))];
        try
        {
            await using DfssClient client = new([.. forgers.Select(one => one.Address)], Options());
            foreach ((string name, Func<Task> operation) in Operations(client, cluster, source))
            {
                await RunAsync(name, operation, seed, outcomes);
            }

            if (File.Exists(cluster.Folder["back"]))
            {
                Assert.Equal(
                    await File.ReadAllBytesAsync(source, Token),
                    await File.ReadAllBytesAsync(cluster.Folder["back"], Token));
            }
        }
        finally
        {
            foreach (ForgingPeer forger in forgers)
            {
                await forger.DisposeAsync();
            }
        }
    }

    private static TransferOptions Options() => new() { MaxAttempts = 2, RetryDelay = TimeSpan.FromMilliseconds(1) };

    /// <summary>What the runs have to work on, made by a client that meets no forgery.</summary>
    private static async Task SendAsync(DfssClient client, string source)
    {
        SendOptions options =
            new() { Force = true, Replicas = 2, ChunkSize = DfssLimits.MinChunkSize, KeepVersions = 2 };
        await client.SendAsync(source, "a/plain", options, progress: null, Token);
        await client.SendAsync(source, "a/other", options, progress: null, Token);
        await client.SendAsync(
            source, "a/secret", options with { Recipients = [Recipient.Of(Key)] }, progress: null, Token);
    }

    private static IEnumerable<(string Name, Func<Task> Operation)> Operations(
        DfssClient client, Cluster cluster, string source)
    {
        KeyRing keys = new([Key], []);
        string folder = cluster.Folder.Path;
        SendOptions sending =
            new() { Force = true, Replicas = 2, ChunkSize = DfssLimits.MinChunkSize, KeepVersions = 2 };
        async Task<StoredFile> GetAsync(string name) => await cluster.Client.GetAsync(name, Token);
        yield return ("list", () => client.ListAsync("", Token).Take(1000).ToListAsync(Token).AsTask());
        yield return ("get", () => client.GetAsync("a/plain", Token));
        yield return ("peer info", () => client.GetPeerInfoAsync(client.Peers[0], Token));
        yield return ("receive", async () => await client.ReceiveAsync(
            await GetAsync("a/plain"), Path.Combine(folder, "back"), new ReceiveOptions { Force = true },
            progress: null, Token));
        yield return ("receive what was listed", async () => await client.ReceiveAsync(
            await client.GetAsync("a/plain", Token), Path.Combine(folder, "listed"),
            new ReceiveOptions { Force = true }, progress: null, Token));
        yield return ("receive encrypted", async () => await client.ReceiveAsync(
            await client.GetAsync("a/secret", Token),
            Path.Combine(folder, "secret"), new ReceiveOptions { Force = true, Keys = keys }, progress: null, Token));
        yield return ("compare",
            async () => await client.CompareAsync(
                source, await client.GetAsync("a/plain", Token), progress: null, Token));
        yield return ("test",
            async () => await client.TestAsync(
                await client.GetAsync("a/plain", Token), deep: true, progress: null, Token));
        yield return ("send", () => client.SendAsync(source, "a/plain", sending, progress: null, Token));
        yield return ("send encrypted", () => client.SendAsync(
            source, "a/secret", sending with { Recipients = [Recipient.Of(Key)] }, progress: null, Token));
        yield return ("add recipient", async () => await client.AddRecipientsAsync(
            await client.GetAsync("a/secret", Token), [Recipient.Of(EncryptionKey.Create())], keys, Token));
        yield return ("repair", async () => await client.RepairAsync(
            await client.GetAsync("a/plain", Token), new RepairOptions { Deep = true, Replicas = 3 },
            progress: null, Token));
        yield return ("move", async () => await client.RepairAsync(
            await client.GetAsync("a/plain", Token), new RepairOptions { MoveTo = [client.Peers[0]] },
            progress: null, Token));
        yield return ("rename", async () => await client.RenameAsync(
            await client.GetAsync("a/other", Token), "a/renamed", Token));
        yield return ("optimize", () => client.OptimizeAsync(client.Peers[0], OptimizeOptions.Default, Token));
        yield return ("remove", async () => await client.RemoveAsync(
            await client.GetAsync("a/plain", Token), new RemoveOptions { Force = true }, Token));
    }

    private static async Task RunAsync(
        string name, Func<Task> operation, int seed, SortedDictionary<string, int> outcomes)
    {
        long began = Stopwatch.GetTimestamp();
        Exception? failure = await Record.ExceptionAsync(() => operation().WaitAsync(Limit, Token));
        Assert.True(
            failure is null or DfssException,
            $"{name} after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s, seed {seed}: {failure}");
        string outcome = $"{name}: {(failure as DfssException)?.Code.ToString() ?? "done"}";
        outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
    }
}
