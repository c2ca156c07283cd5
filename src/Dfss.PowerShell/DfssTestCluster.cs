using System.Management.Automation.Runspaces;
using Dfss.Commands;

namespace Dfss;

/// <summary>
/// Peers for a test, with faults to switch on and off. They stop, and their files are removed, when the cluster is
/// disposed or removed, the module is removed from its session, or the process ends.
/// </summary>
public sealed class DfssTestCluster : IDisposable
{
    private readonly SessionOwner owner;
    private readonly TestPeerRun[] runs;
    private readonly DirectoryInfo? folder;
    private readonly Lazy<Task> removal;

    internal DfssTestCluster(Runspace session, IEnumerable<TestPeerRun> runs, DirectoryInfo? folder, int seed)
    {
        owner = new SessionOwner(session);
        this.runs = [.. runs];
        this.folder = folder;
        Seed = seed;
        Peers = new DisplayList<DfssTestPeer>(this.runs.Select(run => new DfssTestPeer(run)));
        removal = new Lazy<Task>(RemoveOnceAsync);
    }

    /// <summary>The peers.</summary>
    public IReadOnlyList<DfssTestPeer> Peers { get; }

    /// <summary>
    /// With -Tls what -Cluster and $env:DFSS_CLUSTER take: the folder of this user's certificate of the cluster.
    /// </summary>
    public string? Cluster { get; internal init; }

    /// <summary>Decides which chunks are corrupt where not all are.</summary>
    public int Seed { get; }

    /// <summary>Whether it was removed.</summary>
    public bool IsRemoved => removal.IsValueCreated;

    /// <summary>Switches all faults of all peers off.</summary>
    public void Heal()
    {
        foreach (DfssTestPeer peer in Peers)
        {
            peer.Heal();
        }
    }

    /// <summary>Stops the peers and removes their files.</summary>
    public void Dispose() => PipelineBridge.WaitFor(RemoveAsync);

    /// <summary>The peers' addresses, separated by commas: what -Peer and $env:DFSS_PEER take.</summary>
    public override string ToString() => string.Join(',', Peers.Select(peer => peer.Endpoint));

    /// <summary>Whether it ends with a session.</summary>
    internal bool EndsWith(Runspace ending) => owner.EndsWith(ending);

    /// <summary>The same as <see cref="Dispose"/>; later calls wait for the first one.</summary>
    internal Task RemoveAsync() => removal.Value;

    private async Task RemoveOnceAsync()
    {
        TestClusters.Forget(this);
        await StopAsync(runs, folder).ConfigureAwait(false);
    }

    /// <summary>Stops peers, and then removes the folder of their stores.</summary>
    internal static async Task StopAsync(IEnumerable<TestPeerRun> runs, DirectoryInfo? folder)
    {
        try
        {
            await Task.WhenAll(runs.Select(run => run.DisposeAsync().AsTask())).ConfigureAwait(false);
        }
        finally
        {
            folder?.Delete(recursive: true);
        }
    }
}
