namespace Dfss.Benchmarks;

/// <summary>dfss: peers on disk, new ones for each turn; each send and each receive a new process.</summary>
internal sealed class DfssTool : ICopyTool
{
    private readonly int peerCount;
    private readonly string sendArguments;
    private readonly string peerArguments;
    private readonly string clientArguments;
    private readonly string? engine;

    private DfssTool(
        string name, int peerCount, string sendArguments, string peerArguments, string clientArguments,
        string? engine = null)
    {
        this.engine = engine;
        Name = name;
        this.peerCount = peerCount;
        this.sendArguments = sendArguments;
        this.peerArguments = peerArguments;
        this.clientArguments = clientArguments;
    }

    public string Name { get; }

    public string Promise => engine is null
        ? "SHA-256 of each chunk, at both ends; sent: on disk at the peers, received: not synced"
        : "SHA-256 of each chunk, at both ends; sent: as the engine keeps it, received: not synced";

    /// <summary>One copy of each chunk, as the other tools make one of each file.</summary>
    public static DfssTool Plain() => new("dfss, two peers", 2, "-Replicas 1", string.Empty, string.Empty);

    /// <summary>The same over TLS 1.3, both sides authenticated.</summary>
    public static DfssTool Tls(string root)
    {
        TlsFiles files = TlsFiles.Create(root);
        return new("dfss, two peers, TLS", 2, "-Replicas 1", files.PeerArguments, files.ClientArguments);
    }

    /// <summary>As it is without arguments: two copies.</summary>
    public static DfssTool TwoCopies() =>
        new("dfss, three peers, two copies", 3, string.Empty, string.Empty, string.Empty);

    /// <summary>Two peers of one store in an engine, a new store for each turn.</summary>
    /// <param name="engine">The address of a bucket, with <c>{0}</c> for what its keys begin with.</param>
    public static DfssTool OnEngine(string engine) =>
        new("dfss, two peers on the engine", 2, string.Empty, string.Empty, string.Empty, engine);

    public async Task<Turn> RunAsync(Workload workload, string folder)
    {
        List<ShellPeer> peers = [];
        try
        {
            for (int i = 1; i <= peerCount; i++)
            {
                peers.Add(engine is null
                    ? await ShellPeer.StartAsync(Path.Combine(folder, $"store{i}"), peerArguments)
                    : await ShellPeer.StartOnEngineAsync(
                        engine.Replace("{0}", Path.GetFileName(folder), StringComparison.Ordinal)));
            }

            string others = $"-Peer '{string.Join(',', peers.Select(peer => peer.Address))}' {clientArguments}";
            Cost send = await MeasureAsync(
                workload,
                $"$null = [IO.Directory]::GetFiles('{workload.Folder}', '*', 'AllDirectories') "
                + $"| Send-DfssFile -RelativeTo '{workload.Folder}' {sendArguments} {others}",
                peers);
            string received = Path.Combine(folder, "received");
            return new Turn(
                send,
                await MeasureAsync(
                    workload, $"$null = Receive-DfssFile '*' -Destination '{received}/' {others}", peers));
        }
        finally
        {
            foreach (ShellPeer peer in peers)
            {
                await peer.DisposeAsync();
            }
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task<Cost> MeasureAsync(Workload workload, string command, List<ShellPeer> peers)
    {
        await Machine.SettleAsync(workload);
        double before = peers.Sum(peer => peer.ProcessorSeconds);
        ClientRun run = await ClientRun.StartAsync(command);
        return new Cost(
            run.Seconds,
            run.ProcessorSeconds + peers.Sum(peer => peer.ProcessorSeconds) - before,
            run.PeakResidentBytes,
            peers.Max(peer => peer.PeakResidentBytes));
    }
}
