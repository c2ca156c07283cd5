using System.Diagnostics;
using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>
/// What progress costs: the same commands with and without it, in turns, in one process of <c>dfss</c> that is warm.
/// Everything is in memory but the files themselves, so that the cost is not lost in a disk's noise.
/// </summary>
internal static class ProgressBenchmark
{
    private const int LargeMebibytes = 256;
    private const int SmallFiles = 2000;
    private const int WarmUpRounds = 2;

    public static async Task RunAsync(string folder, int rounds, TextWriter output)
    {
        string large = Path.Combine(folder, "large");
        await File.WriteAllBytesAsync(large, MakeContent(LargeMebibytes << 20));
        string small = Path.Combine(folder, "small");
        Directory.CreateDirectory(small);
        for (int i = 0; i < SmallFiles; i++)
        {
            await File.WriteAllBytesAsync(
                Path.Combine(small, i.ToString(CultureInfo.InvariantCulture)), MakeContent(4 << 10));
        }

        output.WriteLine("| with progress / without, medians; median ratio of the pairs | time | processor time |");
        output.WriteLine("|---|---|---|");
        await MeasureAsync($"send {LargeMebibytes} MiB", large, isReceive: false);
        await MeasureAsync($"receive {LargeMebibytes} MiB", large, isReceive: true);
        await MeasureAsync($"send {SmallFiles} files of 4 KiB", Path.Combine(small, "*"), isReceive: false);
        await MeasureAsync($"receive {SmallFiles} files of 4 KiB", Path.Combine(small, "*"), isReceive: true);

        async Task MeasureAsync(string name, string source, bool isReceive)
        {
            MachineLimits.TouchMemory(2L << 30);
            List<Round> measured = await RunShellAsync(Script(source, Path.Combine(folder, "out"), isReceive, rounds));
            output.WriteLine(
                $"| {name} | {Ratio(measured, round => round.Seconds)} | "
                    + $"{Ratio(measured, round => round.ProcessorSeconds)} |");
        }
    }

    /// <summary>
    /// The order within a pair changes from pair to pair, so that what comes second has no advantage.
    /// </summary>
    private static string Script(string source, string destination, bool isReceive, int rounds)
    {
        string send = $"$null = Send-DfssFile '{source}' -Peer $peer";
        string measured = isReceive
            ? $"$null = Receive-DfssFile '*' -Peer $peer -Destination '{destination}/' -Force"
            : send;
        return string.Join(
            '\n',
            "$ErrorActionPreference = 'Stop'",
            $"foreach ($round in 1..{rounds + WarmUpRounds}) {{",
            "  $order = if ($round % 2) { 'Continue', 'SilentlyContinue' } else { 'SilentlyContinue', 'Continue' }",
            "  foreach ($preference in $order) {",
            "    $peer = Start-DfssPeer -InMemory -Port 0",
            isReceive ? "    " + send : string.Empty,
            "    [GC]::Collect()",
            "    $ProgressPreference = $preference",
            "    $processor = [Environment]::CpuUsage.TotalTime.TotalSeconds",
            "    $watch = [Diagnostics.Stopwatch]::StartNew()",
            "    " + measured,
            "    $watch.Stop()",
            "    $processor = [Environment]::CpuUsage.TotalTime.TotalSeconds - $processor",
            "    Stop-DfssPeer $peer.Id",
            "    [Console]::Out.WriteLine(('ROUND {0} {1} {2:r} {3:r}' -f $round, $preference, "
                + "$watch.Elapsed.TotalSeconds, $processor))",
            "  }",
            "}");
    }

    private static async Task<List<Round>> RunShellAsync(string script)
    {
        using Process process = Shell.Start(script);
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"The commands failed: {await errors}{output}");
        }

        return [.. output.Split('\n').Where(line => line.StartsWith("ROUND", StringComparison.Ordinal))
            .Select(Round.Parse)
            .Where(round => round.Number > WarmUpRounds)];
    }

    /// <summary>
    /// Of each pair its own ratio, as a machine is faster in one minute than in the next; of these the median.
    /// </summary>
    private static string Ratio(List<Round> rounds, Func<Round, double> figure)
    {
        double[] with = [.. rounds.Where(round => round.HasProgress).OrderBy(round => round.Number).Select(figure)];
        double[] without = [.. rounds.Where(round => !round.HasProgress).OrderBy(round => round.Number).Select(figure)];
        double ratio = Figures.Median(with.Zip(without, (one, other) => one / other));
        return FormattableString.Invariant(
            $"{Figures.Median(with):0.000} / {Figures.Median(without):0.000} s, ratio {ratio:0.000}");
    }

    private static byte[] MakeContent(int bytes)
    {
        byte[] content = new byte[bytes];
        System.Security.Cryptography.RandomNumberGenerator.Fill(content);
        return content;
    }

    private sealed record Round(int Number, bool HasProgress, double Seconds, double ProcessorSeconds)
    {
        public static Round Parse(string line)
        {
            string[] parts = line.Trim().Split(' ');
            return new Round(
                int.Parse(parts[1], CultureInfo.InvariantCulture),
                parts[2] == "Continue",
                double.Parse(parts[3], CultureInfo.InvariantCulture),
                double.Parse(parts[4], CultureInfo.InvariantCulture));
        }
    }
}
