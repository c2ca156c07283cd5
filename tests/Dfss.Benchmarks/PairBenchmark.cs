using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>
/// What something costs a transfer: the same file through two peers with stores on disk, without it and with it, one
/// after the other in each round, and each first in turn.
/// </summary>
/// <param name="folder">Where everything lies; the rounds in folders of their own below.</param>
/// <param name="without">What the plain way is called.</param>
/// <param name="with">What the other way is called.</param>
internal sealed class PairBenchmark(string folder, string without, string with)
{
    private const double Megabyte = 1e6;

    /// <summary>What the peers of the other way are started with.</summary>
    public string PeerArguments { get; init; } = string.Empty;

    /// <summary>What both commands of the other way are given.</summary>
    public required string ClientArguments { get; init; }

    public async Task RunAsync(int fileMebibytes, int rounds, TextWriter output)
    {
        Workload source = Workload.CreateLarge(Path.Combine(folder, "source"), fileMebibytes);
        string load = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0];
        List<Way> plain = [];
        List<Way> other = [];
        for (int i = 0; i < rounds; i++)
        {
            foreach (bool isOther in i % 2 == 0 ? new[] { false, true } : [true, false])
            {
                (isOther ? other : plain).Add(await MeasureAsync(source, isOther));
            }
        }

        double megabytes = source.Bytes / Megabyte;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{fileMebibytes} MiB through two peers on disk, {rounds} rounds, {Environment.ProcessorCount} processors, "
            + $"load {load} at the start. "
            + $"Medians."));
        output.WriteLine();
        output.WriteLine($"| | {without} | {with} | ratio |");
        output.WriteLine("|---|---|---|---|");
        Row("send, MB/s", way => megabytes / way.SendSeconds);
        Row("receive, MB/s", way => megabytes / way.ReceiveSeconds);
        Row("send, processor seconds per GB, all processes", way => way.SendProcessor * 1000 / megabytes);
        Row("receive, processor seconds per GB, all processes", way => way.ReceiveProcessor * 1000 / megabytes);

        void Row(string name, Func<Way, double> figure)
        {
            double before = Figures.Median(plain.Select(figure));
            double after = Figures.Median(other.Select(figure));
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"| {name} | {before:0.00} | {after:0.00} | {after / before:0.00} |"));
        }
    }

    private async Task<Way> MeasureAsync(Workload source, bool isOther)
    {
        string round = Path.Combine(folder, "round");
        Directory.CreateDirectory(round);
        string peerArguments = isOther ? PeerArguments : string.Empty;
        string arguments = isOther ? ClientArguments : string.Empty;
        await using ShellPeer first = await ShellPeer.StartAsync(Path.Combine(round, "store1"), peerArguments);
        await using ShellPeer second = await ShellPeer.StartAsync(Path.Combine(round, "store2"), peerArguments);
        string peers = $"{first.Address},{second.Address}";
        string received = Path.Combine(round, "received");

        await Machine.SettleAsync(source);
        ClientRun send = await ClientRun.StartAsync(
            $"$null = Send-DfssFile '{source.Folder}/*' -Replicas 1 -Peer '{peers}' {arguments}");
        double sendProcessor = first.ProcessorSeconds + second.ProcessorSeconds;
        await Machine.SettleAsync(source);
        ClientRun receive = await ClientRun.StartAsync(
            $"$null = Receive-DfssFile '*' -Destination '{received}/' -Peer '{peers}' {arguments}");
        double receiveProcessor = first.ProcessorSeconds + second.ProcessorSeconds - sendProcessor;
        source.RequireEqual(received);
        await first.DisposeAsync();
        await second.DisposeAsync();
        Directory.Delete(round, recursive: true);
        return new Way(
            send.Seconds, receive.Seconds, sendProcessor + send.ProcessorSeconds,
            receiveProcessor + receive.ProcessorSeconds);
    }

    private sealed record Way(double SendSeconds, double ReceiveSeconds, double SendProcessor, double ReceiveProcessor);
}
