using Dfss.Testing;
using Dfss.Tests.Transfer;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Faults;

/// <summary>Real peer processes, killed with SIGKILL in the middle of sends.</summary>
public sealed class KilledPeerTests
{
    private const int Sends = 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_acknowledged_survives_kill_9_and_nothing_grows()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are Unix's.");
        int seed = Environment.TickCount;
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        Random random = new(seed);
        using TemporaryFolder folder = new();
        PeerProcess peer = await PeerProcess.StartAsync(folder["store"]);
        int port = peer.Port;
        HashSet<ChunkId> chunks = [];
        try
        {
            Dictionary<string, string> acknowledged = [];
            for (int i = 0; i < Sends; i++)
            {
                string source = folder.CreateFile($"source{i}", random.Next(1, 6 << 20), random.Next());
                long killAt = random.NextInt64(0, new FileInfo(source).Length + (512 << 10));
                await using DfssClient client = new([peer.Address], new TransferOptions { RetryDelay = TimeSpan.FromMilliseconds(10) });
                TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
                CallbackProgress progress = new(state =>
                {
                    if (state.TransferredBytes >= killAt || state.Phase == TransferPhase.Committing)
                    {
                        reached.TrySetResult();
                    }
                });
                Task killing = KillWhenAsync(reached.Task, peer, random.Next(20_000));
                bool isAcknowledged = await TrySendAsync(client, source, $"file{i}", progress);
                reached.TrySetResult();
                await killing;
                await peer.DisposeAsync();

                peer = await PeerProcess.StartAsync(folder["store"], port);
                if (!isAcknowledged)
                {
                    // The same command again settles it: it was committed before the kill, or it is now.
                    await using DfssClient again = new([peer.Address], TransferOptions.Default);
                    await again.SendAsync(source, $"file{i}", new SendOptions { Force = true, ChunkSize = DfssLimits.MinChunkSize }, progress: null, Token);
                }

                acknowledged.Add($"file{i}", source);
                await VerifyAsync(peer, acknowledged, folder["received"], chunks);
            }

            await using DfssClient last = new([peer.Address], TransferOptions.Default);
            PeerInfo info = await last.GetPeerInfoAsync(peer.Address, Token);
            Assert.Equal(chunks.Count, info.Chunks);
            Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(folder["store"], "incoming")));
        }
        finally
        {
            await peer.DisposeAsync();
        }
    }

    private static async Task KillWhenAsync(Task reached, PeerProcess peer, int spins)
    {
        await reached;
        Thread.SpinWait(spins);
        await peer.KillAsync();
    }

    private static async Task<bool> TrySendAsync(DfssClient client, string source, string name, CallbackProgress progress)
    {
        try
        {
            await client.SendAsync(source, name, new SendOptions { ChunkSize = DfssLimits.MinChunkSize }, progress, Token);
            return true;
        }
        catch (DfssException error) when (error.IsTransient)
        {
            return false;
        }
    }

    private static async Task VerifyAsync(PeerProcess peer, Dictionary<string, string> expected, string destination, HashSet<ChunkId> chunks)
    {
        await using DfssClient client = new([peer.Address], TransferOptions.Default);
        foreach ((string name, string source) in expected)
        {
            StoredFile file = await client.GetAsync(name, Token);
            await client.ReceiveAsync(file, destination, new ReceiveOptions { Force = true }, progress: null, Token);
            byte[] bytes = await File.ReadAllBytesAsync(source, Token);
            Assert.Equal(bytes, await File.ReadAllBytesAsync(destination, Token));
            chunks.Add(file.Record.FileId.ToChunkId());
            for (int offset = 0; offset < bytes.Length; offset += file.Record.ChunkSize)
            {
                chunks.Add(ChunkId.Of(bytes.AsSpan(offset, Math.Min(file.Record.ChunkSize, bytes.Length - offset))));
            }
        }
    }
}
