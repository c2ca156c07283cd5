using Dfss.Testing;
using Dfss.Transfer;

namespace Dfss.Tests.Survival;

/// <summary>
/// The peers of a race, as processes: each with a store of its own on disk, or all of them with one in an engine. Those
/// can be stopped for some rounds too, and collect garbage.
/// </summary>
internal sealed class RacingPeers : IAsyncDisposable
{
    private static readonly OptimizeOptions NoGrace = new() { GracePeriod = TimeSpan.Zero };

    private readonly Func<int, string> storeOf;
    private readonly PeerSettings settings;
    private readonly Task<PeerProcess>[] peers;
    private readonly int[] ports;
    private readonly HashSet<int> stopped = [];

    private RacingPeers(int count, Func<int, string> storeOf, PeerSettings settings)
    {
        this.storeOf = storeOf;
        this.settings = settings with { AdvertisedAddress = PeerGroup.Nowhere };
        peers = new Task<PeerProcess>[count];
        ports = new int[count];
    }

    public int Count => peers.Length;

    /// <summary>Whether all serve one store.</summary>
    public bool AreOneStore { get; private init; }

    /// <summary>The peers that are stopped (SIGSTOP).</summary>
    public IReadOnlyCollection<int> Stopped => stopped;

    /// <summary>How many collections have ended, and how many have failed, as their peer was killed or stopped or the
    /// round was over.</summary>
    public (int Ended, int Failed, long ChunksDeleted) Collections { get; private set; }

    public IEnumerable<PeerAddress> Addresses => ports.Select(port => new PeerAddress("localhost", port));

    /// <summary>Each with a store of its own.</summary>
    public static Task<RacingPeers> StartAsync(int count, Func<int, string> storeOf, PeerSettings settings) =>
        StartAllAsync(new RacingPeers(count, storeOf, settings));

    /// <summary>All with one store.</summary>
    /// <param name="count">How many.</param>
    /// <param name="address">Where the store is in an engine: <c>s3://...</c>.</param>
    /// <param name="settings">How they run.</param>
    public static Task<RacingPeers> StartOnEngineAsync(int count, string address, PeerSettings settings) =>
        StartAllAsync(new RacingPeers(count, _ => address, settings) { AreOneStore = true });

    /// <summary>Ends when all that were killed have started again.</summary>
    public Task ReadyAsync() => Task.WhenAll(peers);

    /// <summary>SIGKILL; meanwhile it starts again at its port.</summary>
    public async Task KillAsync(int index)
    {
        await using (PeerProcess peer = await peers[index])
        {
            await peer.KillAsync();
        }

        stopped.Remove(index);
        peers[index] = StartPeerAsync(index);
    }

    /// <summary>SIGSTOP, wherever it is in what it does.</summary>
    public async Task StopAsync(int index)
    {
        (await peers[index]).Freeze();
        stopped.Add(index);
    }

    /// <summary>SIGCONT to each that is stopped.</summary>
    public async Task ContinueAsync()
    {
        foreach (int index in stopped)
        {
            (await peers[index]).Resume();
        }

        stopped.Clear();
    }

    /// <summary>
    /// Collects garbage at a peer, without grace. It fails where the peer is killed, or stopped until the token is
    /// cancelled.
    /// </summary>
    public async Task CollectAsync(int index, CancellationToken cancellationToken)
    {
        try
        {
            await CollectWholeAsync(index, cancellationToken);
        }
        catch (Exception exception) when (exception is DfssException or OperationCanceledException)
        {
            Collections = Collections with { Failed = Collections.Failed + 1 };
        }
    }

    /// <summary>Collects garbage at a peer that runs, without grace.</summary>
    public async Task CollectWholeAsync(int index, CancellationToken cancellationToken)
    {
        PeerAddress address = Addresses.ElementAt(index);
        await using DfssClient client = new([address], TransferOptions.Default);
        OptimizeResult result = await client.OptimizeAsync(address, NoGrace, cancellationToken);
        Collections = Collections with
        {
            Ended = Collections.Ended + 1,
            ChunksDeleted = Collections.ChunksDeleted + result.ChunksDeleted,
        };
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Task<PeerProcess> peer in peers)
        {
            await (await peer).DisposeAsync();
        }
    }

    private static async Task<RacingPeers> StartAllAsync(RacingPeers racing)
    {
        for (int i = 0; i < racing.Count; i++)
        {
            racing.peers[i] = racing.StartPeerAsync(i);
            racing.ports[i] = (await racing.peers[i]).Port;
        }

        return racing;
    }

    private Task<PeerProcess> StartPeerAsync(int index) =>
        PeerProcess.StartAsync(storeOf(index), ports[index], settings);
}
