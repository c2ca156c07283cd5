using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Transfer;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Survival;

/// <summary>
/// Single bits are flipped in stored chunks, anywhere: in large chunks, small ones, and manifests. They are never
/// delivered, found by a deep test, and replaced by a repair. <c>DFSS_FLIPS</c> sets the number of bits,
/// <c>DFSS_SEED</c> the seed.
/// </summary>
public sealed class FlippedBitTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Peers = 3;

    /// <summary>So fast that it is through with the few files at once.</summary>
    private const long ScrubRate = 1 << 30;

    private const int OrdinaryFlips = 6;
    private const int FlipsOfRound = 6;

    /// <summary>Some two thirds of the chunks there are: a scrub is made once, as the next is due in a week.</summary>
    private const int MaxFlipsOfScrub = 24;

    /// <summary>Twice what a row takes: most chunks are files.</summary>
    private const int ChunkSize = 128 << 10;

    private readonly TemporaryFolder folder = new();
    private readonly List<SentFile> files = [];
    private PeerGroup peers = null!;
    private DfssClient client = null!;
    private Random random = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static int Flips => SearchSize.Take("DFSS_FLIPS", OrdinaryFlips);

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are Unix's.");
        random = new Random(FaultSeed.Take(output));
        peers = await PeerGroup.StartAsync(folder, Peers, PeerSettings.Default);
        client = new DfssClient(
            peers.Addresses, new TransferOptions { MaxAttempts = 2, RetryDelay = TimeSpan.FromMilliseconds(10) });
        int[] lengths = [1, 700, 40_000, ChunkSize, (9 * ChunkSize) + 1, (17 * ChunkSize) + 20_000];
        foreach (int length in lengths)
        {
            SentFile file = new(
                $"file{files.Count}", folder.CreateFile($"source{files.Count}", length, random.Next()), ChunkSize);
            files.Add(file);
            await client.SendAsync(
                file.Path, file.Name, new SendOptions { Replicas = 2, ChunkSize = ChunkSize }, progress: null, Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (client is not null)
        {
            await client.DisposeAsync();
        }

        if (peers is not null)
        {
            await peers.DisposeAsync();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task A_flipped_bit_is_never_delivered_and_is_found_and_repaired()
    {
        int small = 0;
        int manifests = 0;
        for (int done = 0; done < Flips; done += FlipsOfRound)
        {
            List<(StoreId Store, ChunkId Chunk, bool IsSmall)> flipped = await FlipAsync(FlipsOfRound);
            small += flipped.Count(flip => flip.IsSmall);
            manifests += flipped.Count(flip => files.Any(file => file.ManifestId == flip.Chunk));
            bool isReadFirst = random.Next(2) == 0;
            if (isReadFirst)
            {
                await ReceiveAllAsync();
            }

            List<FileHealth> healths = await TestAllAsync(deep: true);
            foreach ((StoreId store, ChunkId chunk, _) in flipped)
            {
                AssertFound(healths, store, chunk, isMet: isReadFirst);
            }

            foreach (FileHealth health in healths)
            {
                await client.RepairAsync(health.File, new RepairOptions { Deep = true }, progress: null, Token);
            }

            Assert.All(await TestAllAsync(deep: true), AssertWhole);
            await ReceiveAllAsync();
        }

        output.WriteLine($"{Flips} bits flipped, {small} in small chunks, {manifests} in manifests");
    }

    [Fact]
    public async Task The_scrub_finds_flipped_bits_and_a_repair_restores_them()
    {
        List<(StoreId Store, ChunkId Chunk, bool IsSmall)> flipped = await FlipAsync(
            Math.Clamp(Flips / 2, FlipsOfRound, MaxFlipsOfScrub));
        long found = 0;
        for (int i = 0; i < Peers; i++)
        {
            await peers.KillAsync(i);
            await peers.RestartAsync(i, new PeerSettings { ScrubBytesPerSecond = ScrubRate });
            PeerInfo info;
            do
            {
                info = await client.GetPeerInfoAsync(peers[i].Address, Token);
            }
            while (info.Scrub.LastCompleted is null);
            found += info.Scrub.CorruptChunks;
        }

        output.WriteLine($"{flipped.Count} bits flipped, {found} found by the scrub");
        Assert.Equal(flipped.Count, found);
        List<FileHealth> healths = await TestAllAsync(deep: false);
        foreach ((StoreId store, ChunkId chunk, _) in flipped)
        {
            AssertFound(healths, store, chunk, isMet: true);
        }

        foreach (FileHealth health in healths)
        {
            await client.RepairAsync(health.File, RepairOptions.Default, progress: null, Token);
        }

        Assert.All(await TestAllAsync(deep: true), AssertWhole);
        await ReceiveAllAsync();
    }

    private static bool IsSmall(StoredChunk chunk) => chunk.Length <= 64 << 10;

    /// <summary>Flips some, each in another chunk, so that a good copy is left of each.</summary>
    private async Task<List<(StoreId Store, ChunkId Chunk, bool IsSmall)>> FlipAsync(int count)
    {
        List<(StoreId Store, ChunkId Chunk, bool IsSmall)> flipped = [];
        while (flipped.Count < count)
        {
            int peer = random.Next(Peers);
            // As likely a small one or a manifest as one of the many large ones.
            bool isSmall = random.Next(2) == 0;
            // The corrupt record that a repair has replaced stays until it is collected; a bit of it concerns no one.
            StoredChunk[] chunks = [.. StoreFiles.List(peers[peer].StorePath).Where(
                chunk => IsSmall(chunk) == isSmall && chunk.Length > 0 && flipped.All(flip => flip.Chunk != chunk.Id)
                && ChunkId.Of(chunk.Read()) == chunk.Id)];
            if (chunks.Length > 0)
            {
                StoredChunk chunk = chunks[random.Next(chunks.Length)];
                chunk.Flip(random.Next(chunk.Length), random.Next(8));
                flipped.Add(((await client.GetPeerInfoAsync(peers[peer].Address, Token)).StoreId, chunk.Id, isSmall));
            }
        }

        return flipped;
    }

    /// <summary>
    /// That copy is told to be bad; or to be missing, where a receive or a scrub has met it and the peer has set it
    /// aside.
    /// </summary>
    private static void AssertFound(List<FileHealth> healths, StoreId store, ChunkId id, bool isMet)
    {
        ChunkHealth[] told =
            [.. healths.SelectMany(health => health.Chunks.Prepend(health.Manifest)).Where(chunk => chunk.Id == id)];
        Assert.NotEmpty(told);
        // The test itself fetches the manifest first: one met there is set aside at once, as by a receive.
        isMet |= told[0].Index is null;
        Assert.All(told, chunk => Assert.DoesNotContain(chunk.Holders, member => member.StoreId == store));
        Assert.True(
            isMet || told.Any(chunk => chunk.Corrupt.Any(member => member.StoreId == store)),
            $"{id} is not told to be corrupt");
    }

    private static void AssertWhole(FileHealth health)
    {
        Assert.True(health.IsHealthy, health.File.Record.Name);
        Assert.All(health.Chunks.Prepend(health.Manifest), chunk => Assert.Empty(chunk.Corrupt));
    }

    private async Task<List<FileHealth>> TestAllAsync(bool deep)
    {
        List<FileHealth> healths = [];
        foreach (SentFile file in files)
        {
            healths.Add(await client.TestAsync(await client.GetAsync(file.Name, Token), deep, progress: null, Token));
        }

        return healths;
    }

    private async Task ReceiveAllAsync()
    {
        string destination = folder["received"];
        foreach (SentFile file in files)
        {
            StoredFile stored = await client.GetAsync(file.Name, Token);
            await client.ReceiveAsync(stored, destination, new ReceiveOptions { Force = true }, progress: null, Token);
            Assert.Equal(
                await File.ReadAllBytesAsync(file.Path, Token), await File.ReadAllBytesAsync(destination, Token));
        }
    }
}
