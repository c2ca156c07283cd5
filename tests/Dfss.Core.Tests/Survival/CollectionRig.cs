using System.Security.Cryptography;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Transfer;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Survival;

/// <summary>
/// Three peers and three changing clients, each a process, and beside them a collection of garbage with no grace period
/// at each peer, over and over, by the operation that Optimize-DfssStore uses.
/// </summary>
internal sealed class CollectionRig : IAsyncDisposable
{
    private const int PeerCount = 3;
    private const int ClientCount = 3;

    private static readonly OptimizeOptions NoGrace = new() { GracePeriod = TimeSpan.Zero };

    private readonly TemporaryFolder folder = new();
    private readonly CancellationTokenSource stop = new();
    private readonly CollectionPause pause = new();
    private readonly List<ChangingClient> clients = [];
    private readonly SharedContent contents;
    private readonly Random random;
    private PeerGroup peers = null!;
    private Task<OptimizeResult[]>[] collecting = [];

    private CollectionRig(int seed)
    {
        random = new Random(seed);
        contents = new SharedContent(folder, random);
    }

    /// <summary>What was done, and what the collections deleted meanwhile.</summary>
    public string Report => string.Join(", ", clients
        .SelectMany(client => client.Counts)
        .Concat(collecting.SelectMany(one => one.Result).SelectMany(Describe))
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
        for (int i = 0; i < ClientCount; i++)
        {
            rig.clients.Add(new ChangingClient(
                rig.peers.Addresses, rig.contents, new Random(rig.random.Next()), $"client{i}", rig.pause));
        }

        rig.collecting = [.. rig.peers.Addresses.Select(rig.CollectAsync)];
        return rig;
    }

    /// <summary>
    /// The clients make so many changes together; then, while collections go on, all that is to be there is looked at.
    /// </summary>
    /// <returns>Null, or what was lost.</returns>
    public async Task<string?> ChangeAsync(int changes)
    {
        await Task.WhenAll(clients.Select(async (client, index) =>
        {
            for (int i = index; i < changes; i += ClientCount)
            {
                await client.ChangeAsync();
            }
        }));
        return await FindLossAsync();
    }

    /// <summary>Ends the collections, and makes the last ones: those that delete what is garbage now.</summary>
    public async Task CollectLastAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(collecting);
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

    /// <summary>
    /// Where the stores hold something else than what the versions kept consist of, or less than each of its copies.
    /// Which peers have them does not matter: from a peer that loses too much before the seal, the next of the ring
    /// takes over.
    /// </summary>
    public async Task<IReadOnlyList<string>> CompareStoresAsync()
    {
        HashSet<ChunkId> wanted = [];
        await using (DfssClient client = NewClient())
        {
            foreach (string name in Names)
            {
                StoredFile? stored = await TryGetAsync(client, name);
                wanted.UnionWith(
                    stored is null
                        ? []
                        : VersionsOf(stored).SelectMany(version => contents[version.Record.FileId].AllIds));
            }
        }

        HashSet<ChunkId>[] held = [.. await Task.WhenAll(Enumerable.Range(0, PeerCount).Select(ListStoreAsync))];
        return
        [
            .. held.SelectMany(
                (there, i) => there.Except(wanted)
                    .Select(id => $"peer {i} has {contents.Describe(id)}, which nothing needs")),
            .. wanted.Where(id => held.Count(there => there.Contains(id)) < 2)
                .Select(id => $"there are fewer than 2 of {contents.Describe(id)}"),
        ];
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

    /// <summary>All chunks that are in the stores.</summary>
    public async Task<int> CountChunksAsync()
    {
        int count = 0;
        for (int i = 0; i < PeerCount; i++)
        {
            count += (await ListStoreAsync(i)).Count;
        }

        return count;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await ((Task)Task.WhenAll(collecting)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (ChangingClient client in clients)
        {
            await client.DisposeAsync();
        }

        await peers.DisposeAsync();
        stop.Dispose();
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

    private async Task<OptimizeResult[]> CollectAsync(PeerAddress peer)
    {
        await using DfssClient client = NewClient();
        List<OptimizeResult> results = [];
        while (!stop.IsCancellationRequested)
        {
            await pause.Ended;
            results.Add(await client.OptimizeAsync(peer, NoGrace));
        }

        return [.. results];
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

    /// <summary>
    /// What is in a store after its peer was stopped in order and its folder looked through; then it is started again.
    /// </summary>
    private async Task<HashSet<ChunkId>> ListStoreAsync(int index)
    {
        await peers[index].StopAsync();
        HashSet<ChunkId> held = [];
        await using (LocalStore store = await LocalStore.OpenAsync(
            peers[index].StorePath, new LocalStoreOptions(), default))
        {
            await store.Recovery;
            held.UnionWith(await store.Chunks.EnumerateAsync(after: null, default).ToListAsync());
        }

        await peers.RestartAsync(index);
        return held;
    }
}
