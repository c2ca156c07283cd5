using System.Collections.Concurrent;
using System.Security.Cryptography;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Transfer;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Survival;

/// <summary>
/// Three peers, or two of one store in an engine, and three changing clients, each a process, and beside them a
/// collection of garbage with no grace period at each peer, over and over, by the operation that Optimize-DfssStore
/// uses.
/// </summary>
internal sealed partial class CollectionRig : IAsyncDisposable
{
    private const int PeerCount = 3;
    private const int ClientCount = 3;
    private const int Copies = 2;

    /// <summary>So many more changes are made at most until peers were stopped in each phase.</summary>
    private const int MaxChangesForStops = 120;

    private static readonly OptimizeOptions NoGrace = new() { GracePeriod = TimeSpan.Zero };

    private readonly TemporaryFolder folder = new();
    private readonly CancellationTokenSource stop = new();
    private readonly CollectionPause pause = new();
    private readonly List<ChangingClient> clients = [];
    private readonly ConcurrentQueue<OptimizeResult> results = [];
    private readonly SharedContent contents;
    private readonly Random random;
    private PeerGroup peers = null!;
    private Task[] collecting = [];

    private CollectionRig(int seed, IObjectStore? engine = null)
    {
        this.engine = engine;
        random = new Random(seed);
        contents = new SharedContent(folder, random);
    }

    /// <summary>What was done, and what the collections deleted meanwhile.</summary>
    public string Report => string.Join(", ", clients
        .SelectMany(client => client.Counts)
        .Concat(results.SelectMany(Describe))
        .Concat(stops)
        .GroupBy(pair => pair.Key, pair => pair.Value)
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .Select(group => $"{group.Key}: {group.Sum()}"));

    private IEnumerable<string> Names => clients.SelectMany(client => client.Names.Concat(client.Abandoned));

    /// <param name="seed">What all that is random follows from.</param>
    /// <param name="breach">Which rule the peers break (see <see cref="PeerSettings"/>); null for none.</param>
    public static async Task<CollectionRig> StartAsync(int seed, string? breach = null)
    {
        CollectionRig rig = new(seed);
        rig.peers = await PeerGroup.StartAsync(
            rig.folder, PeerCount, new PeerSettings { AdvertisedAddress = PeerGroup.Nowhere, Breach = breach });
        rig.Begin();
        return rig;
    }

    /// <summary>How many collections have ended well until the last change was made.</summary>
    public int CollectionsBesideChanges { get; private set; }

    /// <summary>
    /// The clients make so many changes together, or more until peers were stopped in each phase; then, while
    /// collections go on, all that is to be there is looked at.
    /// </summary>
    /// <returns>Null, or what was lost.</returns>
    public async Task<string?> ChangeAsync(int changes)
    {
        await Task.WhenAll(clients.Select(async (client, index) =>
        {
            int most = changes + MaxChangesForStops;
            for (int i = index; i < changes || (IsStopMissing && i < most); i += ClientCount)
            {
                await client.ChangeAsync();
            }
        }));
        CollectionsBesideChanges = results.Count;
        foreach (Task failed in collecting.Where(one => one.IsFaulted))
        {
            await failed;
        }

        await WithinAsync(oneStop.WaitAsync(), EndLimit, "a stop of a peer has not ended");
        try
        {
            return await FindLossAsync();
        }
        finally
        {
            oneStop.Release();
        }
    }

    /// <summary>Ends the collections, and makes the last ones: those that delete what is garbage now.</summary>
    public async Task CollectLastAsync()
    {
        await EndAsync();
        await WithinAsync(Task.WhenAll(collecting), EndLimit, "the collections have not ended");
        await OptimizeAllAsync();
    }

    /// <summary>
    /// Every name is what it was last sent as, with each version kept, bit for bit, and each copy of it.
    /// </summary>
    /// <returns>Null, or what was lost.</returns>
    public async Task<string?> FindLossAsync()
    {
        await using DfssClient client = NewClient();
        foreach ((string name, IReadOnlyList<SentFile> versions) in clients.SelectMany(one => one.Files))
        {
            StoredFile stored = await client.GetAsync(name);
            if (!VersionsOf(stored).Select(version => version.Record.FileId)
                .SequenceEqual(versions.Select(file => new FileId(file.ManifestId))))
            {
                throw new InvalidOperationException($"'{name}' is not what it was sent as: {stored.Record}");
            }

            if (await FindLossAsync(client, stored) is string loss)
            {
                return loss;
            }
        }

        foreach (string name in clients.SelectMany(one => one.Abandoned))
        {
            if (await TryGetAsync(client, name) is StoredFile stored
                && await FindLossAsync(client, stored) is string loss)
            {
                return loss;
            }
        }

        return null;
    }

    /// <summary>Removes everything; then the last collections again.</summary>
    public async Task RemoveAllAsync()
    {
        await using (DfssClient client = NewClient())
        {
            foreach (string name in Names)
            {
                if (await TryGetAsync(client, name) is StoredFile stored)
                {
                    await client.RemoveAsync(stored, RemoveOptions.Default);
                }
            }
        }

        await OptimizeAllAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        await Task.WhenAll(collecting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (ChangingClient client in clients)
        {
            await client.DisposeAsync();
        }

        await peers.DisposeAsync();
        stop.Dispose();
        oneStop.Dispose();
        Array.ForEach(turns, turn => turn.Dispose());
        folder.Dispose();
    }

    private static IEnumerable<KeyValuePair<string, int>> Describe(OptimizeResult result) =>
    [
        new("collections", 1),
        new("chunks collected", (int)result.ChunksDeleted),
        new("undecided names settled", result.SettledNames),
    ];

    private static IEnumerable<StoredFile> VersionsOf(StoredFile stored) =>
        stored.Record.Previous.Select(previous => stored.AtVersion(previous.Version)).Prepend(stored);

    private static async Task<StoredFile?> TryGetAsync(DfssClient client, string name)
    {
        try
        {
            return await client.GetAsync(name);
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.FileNotFound)
        {
            return null;
        }
    }

    private DfssClient NewClient() => new(peers.Addresses, TransferOptions.Default);

    private void Begin()
    {
        for (int i = 0; i < ClientCount; i++)
        {
            clients.Add(new ChangingClient(
                peers.Addresses, contents, new Random(random.Next()), $"client{i}", pause)
            {
                Replicas = engine is null ? Copies : null,
                IsFresh = engine is not null,
                Passing = CountPiece,
            });
        }

        collecting =
        [
            .. Enumerable.Range(0, peers.Count).Select(
                index => engine is null ? CollectAsync(index) : CollectAndStopAsync(index, new Random(random.Next()))),
        ];
    }

    private async Task CollectAsync(int index)
    {
        await using DfssClient client = NewClient();
        while (!stop.IsCancellationRequested)
        {
            await pause.Ended;
            OptimizeResult result = await client.OptimizeAsync(peers[index].Address, NoGrace);
            results.Enqueue(result);
        }
    }

    /// <summary>
    /// Twice: what one peer has settled, another may let go of. Each name is read before, so that a peer that was too
    /// slow to hear of a change hears of it now.
    /// </summary>
    private async Task OptimizeAllAsync()
    {
        await using DfssClient client = NewClient();
        for (int pass = 0; pass < 2; pass++)
        {
            foreach (string name in Names)
            {
                await TryGetAsync(client, name);
            }

            foreach (PeerAddress peer in peers.Addresses)
            {
                OptimizeResult result = await client.OptimizeAsync(peer, NoGrace);
                if (result.UndecidedNames > 0)
                {
                    throw new InvalidOperationException($"{peer} still has undecided names: {result}");
                }
            }
        }
    }

    private async Task<string?> FindLossAsync(DfssClient client, StoredFile stored)
    {
        foreach (StoredFile version in VersionsOf(stored))
        {
            FileHealth health = await client.TestAsync(version, deep: false, progress: null);
            ChunkHealth[] few = [.. health.Chunks.Prepend(health.Manifest).Where(chunk => !chunk.IsHealthy)];
            if (few.Length > 0)
            {
                return $"version {version.Record.Version} of '{stored.Record.Name}' has too few copies of "
                    + $"{string.Join(", ", few.Select(chunk => $"{chunk.Id} ({chunk})"))}: {health}";
            }

            await client.ReceiveAsync(version, folder["received"], new ReceiveOptions { Force = true }, progress: null);
            byte[] sent = SHA256.HashData(await File.ReadAllBytesAsync(contents[version.Record.FileId].Path));
            if (!SHA256.HashData(await File.ReadAllBytesAsync(folder["received"])).AsSpan().SequenceEqual(sent))
            {
                return $"version {version.Record.Version} of '{stored.Record.Name}' is not what was sent";
            }
        }

        return null;
    }
}
