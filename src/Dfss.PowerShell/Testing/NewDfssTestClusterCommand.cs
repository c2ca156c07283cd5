using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Dfss.Clusters;

namespace Dfss.Commands;

/// <summary>
/// Makes a cluster of peers for a test, on free ports of loopback, with faults to switch on and off while it runs.
/// </summary>
[Cmdlet(VerbsCommon.New, "DfssTestCluster", SupportsShouldProcess = true)]
[OutputType(typeof(DfssTestCluster))]
public sealed class NewDfssTestClusterCommand : DfssCmdlet
{
    /// <summary>32: more than any replica set needs, and each may be a process.</summary>
    private const int MaxPeers = 32;

    /// <summary>How many peers.</summary>
    [Parameter(Position = 0, HelpMessage = "How many peers.")]
    [ValidateRange(1, MaxPeers)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int Peers { get; set; } = 3;

    /// <summary>Keeps the stores in a temporary folder, in place of memory.</summary>
    [Parameter(HelpMessage = "Keeps the stores in a temporary folder.")]
    public SwitchParameter OnDisk { get; set; }

    /// <summary>Runs each peer in a process of its own.</summary>
    [Parameter(HelpMessage = "Runs each peer in a process of its own.")]
    public SwitchParameter SeparateProcess { get; set; }

    /// <summary>Gives the peers and this user certificates of an authority that is made for this cluster.</summary>
    [Parameter(HelpMessage = "Gives the peers and this user certificates: all traffic is over TLS.")]
    public SwitchParameter Tls { get; set; }

    /// <summary>Decides which chunks are corrupt where not all are.</summary>
    [Parameter(HelpMessage = "Decides which chunks are corrupt where not all are.")]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int Seed { get; set; }

    /// <summary>For the processes that -SeparateProcess starts.</summary>
    [Parameter(DontShow = true, HelpMessage = "For the processes that -SeparateProcess starts.")]
    [TextArgument]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string? ControlPipe { get; set; }

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (ControlPipe is not null)
        {
            await TestPeerOrder.ServeAsync(ControlPipe, cancellationToken).ConfigureAwait(false);
            return;
        }

        string target = FormattableString.Invariant($"{Peers} {(Peers == 1 ? "peer" : "peers")} on localhost");
        if (await ShouldProcessAsync(target, "Start a test cluster").ConfigureAwait(false))
        {
            await MakeAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task MakeAsync(CancellationToken cancellationToken)
    {
        Runspace session = await InvokeAsync(() => Runspace.DefaultRunspace).ConfigureAwait(false);
        DirectoryInfo? folder = OnDisk || Tls ? Directory.CreateTempSubdirectory("dfss-test-") : null;
        Task<TestPeerRun>[] starts = [];
        DfssTestCluster cluster;
        try
        {
            TestPeerOrder[] orders =
            [
                .. Enumerable.Range(0, Peers).Select(number => new TestPeerOrder(
                    OnDisk ? Path.Combine(folder!.FullName, $"peer{number}") : null, Seed)),
            ];
            ClusterMembership? membership = null;
            if (Tls)
            {
                (membership, orders) = await TestMembership.CreateAsync(
                    folder!.FullName, orders, cancellationToken).ConfigureAwait(false);
            }

            starts = [.. orders.Select(order => StartAsync(order, cancellationToken))];
            TestPeerRun[] runs = await Task.WhenAll(starts).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (membership is not null)
            {
                await TestMembership.ListAsync(membership, runs, cancellationToken).ConfigureAwait(false);
            }

            cluster = new DfssTestCluster(session, runs, folder, Seed) { Cluster = membership?.Folder };
        }
        catch
        {
            await ((Task)Task.WhenAll(starts)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await DfssTestCluster.StopAsync(
                starts.Where(start => start.IsCompletedSuccessfully).Select(start => start.Result),
                folder).ConfigureAwait(false);
            throw;
        }

        TestClusters.Add(cluster);
        await WriteObjectAsync(cluster).ConfigureAwait(false);
    }

    private async Task<TestPeerRun> StartAsync(TestPeerOrder order, CancellationToken cancellationToken) =>
        SeparateProcess
            ? await TestPeerProcess.StartAsync(order, cancellationToken).ConfigureAwait(false)
            : new LocalTestPeer(await LocalTestPeer.StartAsync(order, cancellationToken).ConfigureAwait(false));
}
