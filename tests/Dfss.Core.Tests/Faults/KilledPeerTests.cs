using Dfss.Storage;
using Dfss.Testing;
using Dfss.Tests.Transfer;
using Dfss.Transfer;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Faults;

/// <summary>Real peer processes, killed with SIGKILL in the middle of sends.</summary>
public sealed class KilledPeerTests(ITestOutputHelper output)
{
    private const int OrdinarySends = 5;

    /// <summary>Most chunks are files, on their way through incoming/; the last of a file is often a row.</summary>
    private static readonly SendOptions Send = new() { ChunkSize = 256 << 10 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_acknowledged_survives_kill_9_and_nothing_grows()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are Unix's.");
        Random random = new(FaultSeed.Take(output));
        int sends = SearchSize.Take("DFSS_KILLS", OrdinarySends);
        using TemporaryFolder folder = new();
        PeerProcess peer = await PeerProcess.StartAsync(folder["store"]);
        int port = peer.Port;
        List<SentFile> acknowledged = [];
        try
        {
            int killed = 0;
            for (int i = 0; i < sends; i++)
            {
                SentFile file = new(
                    $"file{i}", folder.CreateFile($"source{i}", random.Next(1, 6 << 20), random.Next()),
                    Send.ChunkSize);
                bool isAcknowledged = await SendAndKillAsync(peer, file, random);
                await peer.DisposeAsync();
                peer = await PeerProcess.StartAsync(folder["store"], port);
                if (!isAcknowledged)
                {
                    killed++;
                    // The same command again settles it: it was committed before the kill, or it is now.
                    await using DfssClient again = new([peer.Address], TransferOptions.Default);
                    await again.SendAsync(file.Path, file.Name, Send with { Force = true }, progress: null, Token);
                }

                acknowledged.Add(file);
                await VerifyAsync(peer, acknowledged, folder["received"]);
            }

            output.WriteLine($"{killed} of {sends} sends were killed before their acknowledgement");
            Assert.Equal(0, await peer.StopAsync());
            await AssertNothingGrewAsync(folder["store"], acknowledged);
        }
        finally
        {
            await peer.DisposeAsync();
        }
    }

    /// <summary>Kills the peer at a random moment of a send.</summary>
    /// <returns>Whether the send was acknowledged all the same.</returns>
    private static async Task<bool> SendAndKillAsync(PeerProcess peer, SentFile file, Random random)
    {
        // In a quarter of the sends at once after the acknowledgement; else during the upload or what follows it.
        bool isAfter = random.Next(4) == 0;
        long killAt = random.NextInt64(0, new FileInfo(file.Path).Length + (512 << 10));
        await using DfssClient client = new(
            [peer.Address], new TransferOptions { RetryDelay = TimeSpan.FromMilliseconds(10) });
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        CallbackProgress progress = new(state =>
        {
            if (!isAfter && (state.TransferredBytes >= killAt || state.Phase == TransferPhase.Committing))
            {
                reached.TrySetResult();
            }
        });
        Task killing = KillWhenAsync(reached.Task, peer, random.Next(20_000));
        bool isAcknowledged = await TrySendAsync(client, file, progress);
        reached.TrySetResult();
        await killing;
        return isAcknowledged;
    }

    private static async Task KillWhenAsync(Task reached, PeerProcess peer, int spins)
    {
        await reached;
        Thread.SpinWait(spins);
        await peer.KillAsync();
    }

    private static async Task<bool> TrySendAsync(DfssClient client, SentFile file, CallbackProgress progress)
    {
        try
        {
            await client.SendAsync(file.Path, file.Name, Send, progress, Token);
            return true;
        }
        catch (DfssException error) when (error.IsTransient)
        {
            return false;
        }
    }

    private static async Task VerifyAsync(PeerProcess peer, List<SentFile> expected, string destination)
    {
        await using DfssClient client = new([peer.Address], TransferOptions.Default);
        foreach (SentFile file in expected)
        {
            StoredFile stored = await client.GetAsync(file.Name, Token);
            await client.ReceiveAsync(stored, destination, new ReceiveOptions { Force = true }, progress: null, Token);
            Assert.Equal(file.ManifestId, stored.Record.FileId.ToChunkId());
            Assert.Equal(
                await File.ReadAllBytesAsync(file.Path, Token), await File.ReadAllBytesAsync(destination, Token));
        }
    }

    /// <summary>
    /// Every file was sent in the end, so after recovery the store has their chunks, each once, and nothing else.
    /// </summary>
    private static async Task AssertNothingGrewAsync(string path, List<SentFile> sent)
    {
        await using LocalStore store = await LocalStore.OpenAsync(path, new LocalStoreOptions(), Token);
        await store.Recovery;
        Assert.Empty(StoreFiles.Unfinished(path));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(path, "quarantine")));
        List<ChunkId> there = await store.Chunks.EnumerateAsync(after: null, Token).ToListAsync(Token);
        Assert.Equal(sent.SelectMany(file => file.AllIds).Distinct().Order(), there);
        Assert.Equal(there.Count, store.GetUsage().Chunks);
    }
}
