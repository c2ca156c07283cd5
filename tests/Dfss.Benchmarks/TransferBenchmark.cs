using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>
/// One large file through two peers with stores on disk, as a user would do it: the peers are processes of <c>dfss</c>,
/// each send and receive is a new process of it. Beside it, in the same rounds, what the machine can do at best.
/// </summary>
internal static class TransferBenchmark
{
    private const double Gigabyte = 1e9;

    public static async Task RunAsync(string folder, int fileMebibytes, int rounds, TextWriter output)
    {
        Workload source = Workload.CreateLarge(Path.Combine(folder, "source"), fileMebibytes);
        List<Round> results = [];
        for (int i = 0; i < rounds; i++)
        {
            results.Add(await RunRoundAsync(Path.Combine(folder, "round"), source));
        }

        Report(results, fileMebibytes, output);
    }

    private static async Task<Round> RunRoundAsync(string folder, Workload source)
    {
        double gigabytes = source.Bytes / Gigabyte;
        Directory.CreateDirectory(folder);
        MachineLimits limits = await MachineLimits.MeasureAsync(folder, CancellationToken.None);
        await using ShellPeer first = await ShellPeer.StartAsync(Path.Combine(folder, "store1"));
        await using ShellPeer second = await ShellPeer.StartAsync(Path.Combine(folder, "store2"));
        string peers = $"{first.Address},{second.Address}";
        string received = Path.Combine(folder, "received");

        await Machine.SettleAsync(source);
        ClientRun send = await ClientRun.StartAsync(
            $"$null = Send-DfssFile '{source.Folder}/*' -Replicas 1 -Peer '{peers}'");
        double sendProcessor = first.ProcessorSeconds + second.ProcessorSeconds + send.ProcessorSeconds;
        await Machine.SettleAsync(source);
        ClientRun receive = await ClientRun.StartAsync(
            $"$null = Receive-DfssFile '*' -Destination '{received}/' -Peer '{peers}'");
        double receiveProcessor = first.ProcessorSeconds + second.ProcessorSeconds + send.ProcessorSeconds
            + receive.ProcessorSeconds - sendProcessor;
        source.RequireEqual(received);

        Round round = new(
            limits,
            gigabytes / send.Seconds,
            gigabytes / receive.Seconds,
            sendProcessor / gigabytes,
            receiveProcessor / gigabytes,
            Math.Max(send.PeakResidentBytes, receive.PeakResidentBytes),
            Math.Max(first.PeakResidentBytes, second.PeakResidentBytes));
        await first.DisposeAsync();
        await second.DisposeAsync();
        Directory.Delete(folder, recursive: true);
        return round;
    }

    private static void Report(List<Round> rounds, int fileMebibytes, TextWriter output)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{fileMebibytes} MiB through two peers on disk, {rounds.Count} rounds, {Environment.ProcessorCount} "
                + $"processors. Medians."));
        output.WriteLine();
        output.WriteLine("| | send | receive |");
        output.WriteLine("|---|---|---|");
        Row(output, "GB/s", rounds, round => round.SendSpeed, round => round.ReceiveSpeed);
        Row(output, "limit of this machine, GB/s", rounds, round => round.Limits.SendLimit,
            round => round.Limits.ReceiveLimit);
        Row(output, "of the limit", rounds, round => round.SendSpeed / round.Limits.SendLimit,
            round => round.ReceiveSpeed / round.Limits.ReceiveLimit);
        Row(output, "processor seconds per GB, all processes", rounds, round => round.SendCost,
            round => round.ReceiveCost);
        Row(output, "peak memory of the client / a peer, MB", rounds, round => round.ClientPeakBytes / 1e6,
            round => round.PeerPeakBytes / 1e6);
        output.WriteLine();
        output.WriteLine("What the limit is made of (processor seconds per GB, medians): "
            + $"SHA-256 {Median(rounds, round => round.Limits.Sha256Cost)}, loopback "
            + $"{Median(rounds, round => round.Limits.LoopbackCost)}, "
            + $"durable write {Median(rounds, round => round.Limits.DurableWriteCost)} "
            + $"({Median(rounds, round => round.Limits.DurableWriteSpeed)} GB/s), "
            + $"plain write {Median(rounds, round => round.Limits.PlainWriteCost)}, cached read "
            + $"{Median(rounds, round => round.Limits.CachedReadCost)}.");
    }

    private static void Row(
        TextWriter output, string name, List<Round> rounds, Func<Round, double> send, Func<Round, double> receive) =>
        output.WriteLine($"| {name} | {Median(rounds, send)} | {Median(rounds, receive)} |");

    private static string Median(List<Round> rounds, Func<Round, double> figure) =>
        Figures.Median(rounds.Select(figure)).ToString("0.00", CultureInfo.InvariantCulture);

    private sealed record Round(
        MachineLimits Limits,
        double SendSpeed,
        double ReceiveSpeed,
        double SendCost,
        double ReceiveCost,
        long ClientPeakBytes,
        long PeerPeakBytes);
}
