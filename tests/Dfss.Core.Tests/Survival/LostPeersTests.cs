using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Transfer;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Survival;

/// <summary>
/// Five peers, two copies of everything, many files of all sizes: any one peer is killed and then wiped, and nothing is
/// lost; after a repair it may happen again. <c>DFSS_FILES</c> sets the number of files, and has every peer be lost in
/// turn in place of two; <c>DFSS_SEED</c> sets the seed.
/// </summary>
public sealed class LostPeersTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Peers = 5;
    private const int OrdinaryFiles = 16;
    private const int OrdinaryVictims = 2;

    /// <summary>Twice what a row takes: most chunks are files.</summary>
    private const int ChunkSize = 128 << 10;

    /// <summary>On a busy machine a voter may answer too late; all that are left are needed for a majority.</summary>
    private const int Tries = 20;

    private readonly TemporaryFolder folder = new();
    private readonly List<SentFile> files = [];
    private PeerGroup peers = null!;
    private Random random = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are Unix's.");
        random = new Random(FaultSeed.Take(output));
        peers = await PeerGroup.StartAsync(folder, Peers, PeerSettings.Default);
    }

    public async ValueTask DisposeAsync()
    {
        if (peers is not null)
        {
            await peers.DisposeAsync();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task Any_one_peer_is_lost_and_after_a_repair_another()
    {
        await SendAllAsync();
        int[] order = [.. Enumerable.Range(0, Peers).OrderBy(_ => random.Next())];
        int victims = SearchSize.IsWhole("DFSS_FILES") ? Peers : OrdinaryVictims;
        foreach ((int index, int victim) in order[..victims].Index())
        {
            IReadOnlyList<FileHealth> before = await TestAllAsync();
            Assert.All(before, health => Assert.True(health.IsHealthy, health.File.Record.Name));
            await peers.KillAsync(victim);
            await ReceiveAllAsync();
            await peers.RestartAsync(victim);
            StoreId lost = await IdOfAsync(victim);
            await peers.WipeAsync(victim);
            await ReceiveAllAsync();

            int named = 0;
            IReadOnlyList<FileHealth> after = await TestAllAsync();
            for (int i = 0; i < files.Count; i++)
            {
                named += AssertNamesExactlyTheLost(before[i], after[i], lost);
            }

            output.WriteLine(
                $"peer {victim} ({lost}) wiped: {named} copies named as missing, "
                    + $"{after.Count(health => !health.IsHealthy)} files degraded");
            Assert.NotEqual(0, named);
            if (index == 0)
            {
                await RepairAllAsync(after.Where(health => !health.IsHealthy), RepairOptions.Default);
            }
            else
            {
                // Two of five votes are lost with their stores. The new stores get votes where the file moves to them.
                await RepairAllAsync(after, new RepairOptions { MoveTo = peers.Addresses });
            }

            Assert.All(await TestAllAsync(), health => Assert.True(health.IsHealthy, health.File.Record.Name));
        }

        await ReceiveAllAsync();
    }

    /// <summary>The chunks of which a copy was lost are those, and no others, that are told to have too few.</summary>
    private static int AssertNamesExactlyTheLost(FileHealth before, FileHealth after, StoreId lost)
    {
        bool WasAt(ChunkHealth chunk) => chunk.Holders.Any(holder => holder.StoreId == lost);
        int[] expected =
            [.. before.Chunks.Where(chunk => WasAt(chunk) && chunk.Holders.Count <= before.Replicas)
                .Select(chunk => chunk.Index!.Value)];
        Assert.Equal(expected, after.Chunks.Where(chunk => !chunk.IsHealthy).Select(chunk => chunk.Index!.Value));
        Assert.Equal(expected.Length > 0, !after.IsHealthy);
        Assert.Contains(after.Members, member => member.Member.StoreId == lost && !member.IsUp);
        return expected.Length;
    }

    private async Task SendAllAsync()
    {
        int count = SearchSize.Take("DFSS_FILES", OrdinaryFiles);
        await using DfssClient client = NewClient();
        for (int i = 0; i < count; i++)
        {
            // One in eight has the content of another: its chunks are stored once, and wanted by both.
            SentFile file = i > 0 && random.Next(8) == 0
                ? new SentFile($"file{i}", files[random.Next(i)].Path, ChunkSize)
                : new SentFile($"file{i}", folder.CreateFile($"source{i}", PickLength(), random.Next()), ChunkSize);
            files.Add(file);
            SendOptions options = new() { Replicas = 2, ChunkSize = ChunkSize };
            StoredFile stored = await client.SendAsync(file.Path, file.Name, options, progress: null, Token);
            Assert.Equal(2, stored.PresentReplicas);
        }
    }

    private long PickLength() => random.Next(6) switch
    {
        0 => random.Next(0, 2),
        // A boundary between two chunks, or between a row and a file, and a byte to either side.
        1 => (ChunkSize / 2 * random.NextInt64(1, 8)) + random.Next(-1, 2),
        2 => random.Next(2, 5000),
        3 or 4 => random.Next(5000, 500_000),
        _ => random.Next(500_000, 4 << 20),
    };

    private DfssClient NewClient() => new(
        peers.Addresses, new TransferOptions { MaxAttempts = 3, RetryDelay = TimeSpan.FromMilliseconds(10) });

    private async Task<StoreId> IdOfAsync(int index)
    {
        await using DfssClient client = NewClient();
        return (await client.GetPeerInfoAsync(peers[index].Address, Token)).StoreId;
    }

    private async Task ReceiveAllAsync()
    {
        await using DfssClient client = NewClient();
        string destination = folder["received"];
        foreach (SentFile file in files)
        {
            StoredFile stored = await client.GetAsync(file.Name, Token);
            for (int tries = 1; !stored.IsCurrent && tries < Tries; tries++)
            {
                stored = await client.GetAsync(file.Name, Token);
            }

            Assert.True(stored.IsCurrent);
            await client.ReceiveAsync(stored, destination, new ReceiveOptions { Force = true }, progress: null, Token);
            Assert.Equal(
                await File.ReadAllBytesAsync(file.Path, Token), await File.ReadAllBytesAsync(destination, Token));
        }
    }

    private async Task<IReadOnlyList<FileHealth>> TestAllAsync()
    {
        await using DfssClient client = NewClient();
        List<FileHealth> healths = [];
        foreach (SentFile file in files)
        {
            healths.Add(
                await client.TestAsync(await client.GetAsync(file.Name, Token), deep: false, progress: null, Token));
        }

        return healths;
    }

    private async Task RepairAllAsync(IEnumerable<FileHealth> healths, RepairOptions options)
    {
        await using DfssClient client = NewClient();
        foreach (FileHealth health in healths)
        {
            await client.RepairAsync(health.File, options, progress: null, Token);
        }
    }
}
