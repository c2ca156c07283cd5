namespace Dfss.Benchmarks;

/// <summary>dfss: two peers on disk, new ones for each turn; each send and each receive a new process.</summary>
internal sealed class DfssTool : ICopyTool
{
    public string Name => "dfss, two peers";

    public string Promise => "SHA-256 of each chunk, at both ends; sent: on disk at the peers, received: not synced";

    public async Task<Turn> RunAsync(Workload workload, string folder)
    {
        await using ShellPeer first = await ShellPeer.StartAsync(Path.Combine(folder, "store1"));
        await using ShellPeer second = await ShellPeer.StartAsync(Path.Combine(folder, "store2"));
        string peers = $"-Peer '{first.Address},{second.Address}'";
        // One copy of each chunk, as the other tools make one of each file.
        Cost send = await MeasureAsync(
            $"$null = Send-DfssFile '{workload.Folder}/*' -Replicas 1 {peers}", first, second);
        string received = Path.Combine(folder, "received");
        return new Turn(
            send,
            await MeasureAsync($"$null = Receive-DfssFile '*' -Destination '{received}/' {peers}", first, second));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task<Cost> MeasureAsync(string command, ShellPeer first, ShellPeer second)
    {
        await Machine.SettleAsync();
        double before = first.ProcessorSeconds + second.ProcessorSeconds;
        ClientRun run = await ClientRun.StartAsync(command);
        return new Cost(
            run.Seconds,
            run.ProcessorSeconds + first.ProcessorSeconds + second.ProcessorSeconds - before,
            run.PeakResidentBytes,
            Math.Max(first.PeakResidentBytes, second.PeakResidentBytes));
    }
}
