using System.Diagnostics;
using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>
/// A send and a receive that are killed on their way and given again, beside fresh ones: two peers with stores on disk,
/// two copies of each chunk, each command a new process of <c>dfss</c>.
/// </summary>
internal static class ResumeBenchmark
{
    private const int Copies = 2;

    private static readonly double[] KilledAfter = [0.5, 0.9];

    /// <summary>Often enough to kill within a few MiB of the place meant.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(10);

    public static async Task RunAsync(string folder, int fileMebibytes, int rounds, TextWriter output)
    {
        // Where the commands keep what an interrupted send has found out.
        Environment.SetEnvironmentVariable("XDG_STATE_HOME", Path.Combine(folder, "state"));
        Workload source = Workload.CreateLarge(Path.Combine(folder, "source"), fileMebibytes);
        List<double[]> sends = [];
        List<double[]> receives = [];
        for (int i = 0; i < rounds; i++)
        {
            string round = Path.Combine(folder, "round");
            List<double> send = [];
            List<double> receive = [];
            foreach (double fraction in KilledAfter.Prepend(0))
            {
                (double sendSeconds, double receiveSeconds) = await MeasureAsync(round, source, fraction);
                send.Add(sendSeconds);
                receive.Add(receiveSeconds);
            }

            sends.Add([.. send]);
            receives.Add([.. receive]);
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{fileMebibytes} MiB, two peers on disk, two copies, {rounds} rounds, {Environment.ProcessorCount} "
                + $"processors. Seconds, medians."));
        output.WriteLine();
        output.WriteLine("| | fresh | "
            + string.Join(" | ", KilledAfter.Select(fraction => $"again after {fraction * 100:0} %, of fresh")) + " |");
        output.WriteLine(string.Concat(Enumerable.Repeat("|---", KilledAfter.Length + 2)) + "|");
        Row(output, "send", sends);
        Row(output, "receive", receives);
    }

    private static void Row(TextWriter output, string name, List<double[]> rounds)
    {
        double fresh = Figures.Median(rounds.Select(seconds => seconds[0]));
        IEnumerable<string> again = KilledAfter.Select(
            (_, i) => Figures.Median(rounds.Select(seconds => seconds[i + 1])))
            .Select(seconds => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00}, {seconds / fresh:0.00}"));
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"| {name} | {fresh:0.00} | {string.Join(" | ", again)} |"));
    }

    /// <summary>
    /// With new stores: how long a send and a receive take, after they were killed at this part of the way (0: not at
    /// all).
    /// </summary>
    private static async Task<(double Send, double Receive)> MeasureAsync(
        string folder, Workload source, double killedAfter)
    {
        Directory.CreateDirectory(folder);
        await using ShellPeer first = await ShellPeer.StartAsync(Path.Combine(folder, "store1"));
        await using ShellPeer second = await ShellPeer.StartAsync(Path.Combine(folder, "store2"));
        string peers = $"{first.Address},{second.Address}";
        string received = Path.Combine(folder, "received");

        string send = $"$null = Send-DfssFile '{source.Folder}/*' -Peer '{peers}' -Replicas {Copies}";
        await KillAsync(
            send, killedAfter * source.Bytes * Copies,
            _ => WrittenBytes(first.ProcessId) + WrittenBytes(second.ProcessId));
        await Machine.SettleAsync(source);
        ClientRun sent = await ClientRun.StartAsync(send);

        string receive = $"$null = Receive-DfssFile '*' -Destination '{received}/' -Peer '{peers}'";
        await KillAsync(receive, killedAfter * source.Bytes, WrittenBytes);
        await Machine.SettleAsync(source);
        ClientRun taken = await ClientRun.StartAsync(receive);
        source.RequireEqual(received);

        await first.DisposeAsync();
        await second.DisposeAsync();
        Directory.Delete(folder, recursive: true);
        return (sent.Seconds, taken.Seconds);
    }

    /// <summary>Begins a command and kills it (SIGKILL) when so many bytes have been written.</summary>
    private static async Task KillAsync(string command, double bytes, Func<int, long> written)
    {
        if (bytes == 0)
        {
            return;
        }

        using Process process = Shell.Start(command);
        long before = written(process.Id);
        while (written(process.Id) - before < bytes)
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException(
                    $"'{command}' had ended before it was to be killed: "
                        + await process.StandardError.ReadToEndAsync());
            }

            await Task.Delay(LookInterval);
        }

        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>What a process has written to files; what it has sent is not in it.</summary>
    private static long WrittenBytes(int processId)
    {
        string line = File.ReadLines($"/proc/{processId}/io")
            .First(text => text.StartsWith("wchar:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }
}
