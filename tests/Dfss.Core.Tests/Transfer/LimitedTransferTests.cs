using System.Collections.Concurrent;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// Transfers with a limit of bytes a second, so low that every chunk but the first must wait for hours.
/// </summary>
public sealed class LimitedTransferTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;
    private const int ChunkCount = 10;
    private const int Copies = 2;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_send_waits_for_its_turn_with_every_copy()
    {
        ImmediateClock clock = new();
        await using Cluster cluster = await Cluster.StartAsync(Copies);
        await using DfssClient client = new(cluster.Addresses, Limited(clock));
        await client.SendAsync(
            cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1), "x",
            new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);

        // All but the last one put, a manifest, are paid for before it.
        int manifest = FileManifest.HeaderBytes + (ChunkCount * ChunkId.SizeBytes);
        Assert.Equal((Copies * ChunkCount) + Copies - 1, clock.Waits.Count);
        Assert.Equal(
            (Copies * ChunkCount * ChunkSize) + ((Copies - 1) * manifest), clock.Waits.Max().TotalSeconds,
            tolerance: 60.0);
    }

    [Fact]
    public async Task A_receive_waits_for_its_turn()
    {
        ImmediateClock clock = new();
        await using Cluster cluster = await Cluster.StartAsync(Copies);
        string source = cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1);
        StoredFile sent = await cluster.Client.SendAsync(
            source, "x", new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);
        await using DfssClient client = new(cluster.Addresses, Limited(clock));
        await client.ReceiveAsync(sent, cluster.Folder["received"], ReceiveOptions.Default, progress: null, Token);

        Assert.Equal(
            await File.ReadAllBytesAsync(source, Token),
            await File.ReadAllBytesAsync(cluster.Folder["received"], Token));
        Assert.Equal(ChunkCount - 1, clock.Waits.Count);
        Assert.Equal((ChunkCount - 1) * ChunkSize, clock.Waits.Max().TotalSeconds, tolerance: 60.0);
    }

    [Fact]
    public async Task Without_a_limit_nothing_waits()
    {
        ImmediateClock clock = new();
        await using Cluster cluster = await Cluster.StartAsync(Copies);
        await using DfssClient client = new(cluster.Addresses, Limited(clock) with { BytesPerSecond = null });
        await client.SendAsync(
            cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed: 1), "x",
            new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);
        Assert.Empty(clock.Waits);
    }

    private static TransferOptions Limited(TimeProvider clock) => new() { BytesPerSecond = 1, TimeProvider = clock };

    /// <summary>The system's clock, but that a wait of more than an hour is over at once, and is remembered.</summary>
    private sealed class ImmediateClock : TimeProvider
    {
        public ConcurrentBag<TimeSpan> Waits { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime > TimeSpan.FromHours(1))
            {
                Waits.Add(dueTime);
                dueTime = TimeSpan.Zero;
            }

            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
