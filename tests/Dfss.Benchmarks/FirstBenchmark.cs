using System.Diagnostics;
using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>
/// What the first transfer of a new process costs beyond the second one in the same process: connections, first-time
/// compilation, and what else is made once. In <c>dfss</c>, and in pwsh where that is on PATH; the import of the module
/// and the start of the engine are not part of it.
/// </summary>
internal static class FirstBenchmark
{
    /// <summary>Beyond this the first one feels slower.</summary>
    private const double BoundSeconds = 0.3;

    private const int BytesPerMebibyte = 1 << 20;

    public static async Task RunAsync(string folder, int mebibytes, int rounds, TextWriter output)
    {
        await using ShellPeer one = await ShellPeer.StartAsync(Path.Combine(folder, "peer1"));
        await using ShellPeer two = await ShellPeer.StartAsync(Path.Combine(folder, "peer2"));
        Client client = new(folder, $"{one.Address}, {two.Address}", mebibytes);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"The first transfer of a new process beside the second one in it: a file of {mebibytes} MiB each, two "
            + $"peers that have served others, medians of {rounds} rounds; bound: {BoundSeconds} s more."));
        output.WriteLine();
        output.WriteLine("| | first, s | second, s | more, s | least more, s |");
        output.WriteLine("|---|---|---|---|---|");
        await MeasureAsync("dfss", Shell.Start, client, rounds, output);
        if (Programs.Find("pwsh") is { } pwsh)
        {
            string module = Path.Combine(Shell.Root, "module", "Dfss", "Dfss.psd1");
            await MeasureAsync(
                "pwsh", script => Start(pwsh, $"Import-Module '{module}'\n{script}"), client, rounds, output);
        }
    }

    private static Process Start(string pwsh, string script) => Process.Start(
        new ProcessStartInfo(pwsh, ["-NoProfile", "-NonInteractive", "-Command", script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    private static async Task MeasureAsync(
        string name, Func<string, Process> start, Client client, int rounds, TextWriter output)
    {
        List<Pair> sends = [];
        List<Pair> receives = [];
        // The first round is the peers' own first one, and puts the program into the page cache.
        for (int round = 0; round <= rounds; round++)
        {
            Pair send = await client.SendAsync(start);
            Pair receive = await client.ReceiveAsync(start);
            if (round > 0)
            {
                sends.Add(send);
                receives.Add(receive);
            }
        }

        foreach ((string what, List<Pair> pairs) in new[] { ("send", sends), ("receive", receives) })
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name}, {what} | {Figures.Median(pairs.Select(pair => pair.First)):0.00} "
                + $"| {Figures.Median(pairs.Select(pair => pair.Second)):0.00} "
                + $"| {Figures.Median(pairs.Select(pair => pair.More)):0.00} | {pairs.Min(pair => pair.More):0.00} |"));
        }
    }

    private sealed record Pair(double First, double Second)
    {
        public double More => First - Second;
    }

    /// <summary>New processes that send, or receive, two files that no other process has sent.</summary>
    private sealed class Client(string folder, string peers, int mebibytes)
    {
        private int files;

        public Task<Pair> SendAsync(Func<string, Process> start)
        {
            for (int i = 0; i < 2; i++)
            {
                files++;
                byte[] content = new byte[mebibytes * BytesPerMebibyte];
                new Random(files).NextBytes(content);
                File.WriteAllBytes(Source(files), content);
            }

            return RunAsync(start, file => $"Send-DfssFile '{Source(file)}' -Peer {peers} -Replicas 1 | Out-Null");
        }

        public Task<Pair> ReceiveAsync(Func<string, Process> start) => RunAsync(
            start,
            file => $"Receive-DfssFile file{file} -Peer {peers} -Destination '{folder}/received{file}' | Out-Null");

        private string Source(int file) =>
            Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"file{file}"));

        private async Task<Pair> RunAsync(Func<string, Process> start, Func<int, string> command)
        {
            string script = string.Join(
                '\n',
                "$ErrorActionPreference = 'Stop'",
                "$watch = [Diagnostics.Stopwatch]::StartNew()",
                command(files - 1),
                "$first = $watch.Elapsed.TotalSeconds",
                "$watch.Restart()",
                command(files),
                "[Console]::Out.WriteLine(('{0:r} {1:r}' -f $first, $watch.Elapsed.TotalSeconds))");
            using Process process = start(script);
            process.StandardInput.Close();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"'{command(files)}' failed: {await errors}{output}");
            }

            double[] seconds =
            [
                .. output.Trim().Split('\n')[^1].Split(' ')
                    .Select(text => double.Parse(text, CultureInfo.InvariantCulture)),
            ];
            return new Pair(seconds[0], seconds[1]);
        }
    }
}
