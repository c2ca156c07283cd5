using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>
/// What encryption costs: the same file through two peers with stores on disk, as it is and encrypted with a key that the peers do not
/// have, one after the other in each round, and each first in turn.
/// </summary>
internal static class EncryptionBenchmark
{
    private const double Megabyte = 1e6;

    public static async Task RunAsync(string folder, int fileMebibytes, int rounds, TextWriter output)
    {
        Workload source = Workload.CreateLarge(Path.Combine(folder, "source"), fileMebibytes);
        string load = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0];
        List<Way> plain = [];
        List<Way> encrypted = [];
        for (int i = 0; i < rounds; i++)
        {
            foreach (bool isEncrypted in i % 2 == 0 ? new[] { false, true } : [true, false])
            {
                (isEncrypted ? encrypted : plain).Add(await MeasureAsync(folder, source, isEncrypted));
            }
        }

        double megabytes = source.Bytes / Megabyte;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{fileMebibytes} MiB through two peers on disk, {rounds} rounds, {Environment.ProcessorCount} processors, load {load} at the start. "
            + $"Medians."));
        output.WriteLine();
        output.WriteLine("| | plain | encrypted | ratio |");
        output.WriteLine("|---|---|---|---|");
        Row("send, MB/s", way => megabytes / way.SendSeconds);
        Row("receive, MB/s", way => megabytes / way.ReceiveSeconds);
        Row("send, processor seconds per GB, all processes", way => way.SendProcessor * 1000 / megabytes);
        Row("receive, processor seconds per GB, all processes", way => way.ReceiveProcessor * 1000 / megabytes);

        void Row(string name, Func<Way, double> figure)
        {
            double before = Figures.Median(plain.Select(figure));
            double after = Figures.Median(encrypted.Select(figure));
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"| {name} | {before:0.00} | {after:0.00} | {after / before:0.00} |"));
        }
    }

    private static async Task<Way> MeasureAsync(string parent, Workload source, bool isEncrypted)
    {
        string folder = Path.Combine(parent, "round");
        Directory.CreateDirectory(folder);
        string key = isEncrypted ? $"-EncryptionKey '{folder}/files.key'" : string.Empty;
        await using ShellPeer first = await ShellPeer.StartAsync(Path.Combine(folder, "store1"));
        await using ShellPeer second = await ShellPeer.StartAsync(Path.Combine(folder, "store2"));
        string peers = $"{first.Address},{second.Address}";
        string received = Path.Combine(folder, "received");

        if (isEncrypted)
        {
            await ClientRun.StartAsync($"$null = New-DfssEncryptionKey '{folder}/files.key'");
        }

        await Machine.SettleAsync();
        ClientRun send = await ClientRun.StartAsync($"$null = Send-DfssFile '{source.Folder}/*' -Replicas 1 -Peer '{peers}' {key}");
        double sendProcessor = first.ProcessorSeconds + second.ProcessorSeconds;
        await Machine.SettleAsync();
        ClientRun receive = await ClientRun.StartAsync(
            $"$null = Receive-DfssFile '*' -Destination '{received}/' -Peer '{peers}' {key}");
        double receiveProcessor = first.ProcessorSeconds + second.ProcessorSeconds - sendProcessor;
        source.RequireEqual(received);
        await first.DisposeAsync();
        await second.DisposeAsync();
        Directory.Delete(folder, recursive: true);
        return new Way(
            send.Seconds, receive.Seconds, sendProcessor + send.ProcessorSeconds, receiveProcessor + receive.ProcessorSeconds);
    }

    private sealed record Way(double SendSeconds, double ReceiveSeconds, double SendProcessor, double ReceiveProcessor);
}
