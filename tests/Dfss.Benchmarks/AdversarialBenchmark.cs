using System.Diagnostics;
using System.Globalization;
using Dfss.Testing;

namespace Dfss.Benchmarks;

/// <summary>What hostile clients take from an honest one: it sends a file to a peer and receives it, again and again,
/// for some seconds alone and for as many beside one adversarial client, in turns. All three share this machine, so
/// what an attacker spends on its attack is missing too.</summary>
internal static class AdversarialBenchmark
{
    private const int FileBytes = 8 << 20;

    private const double Megabyte = 1e6;

    public static async Task RunAsync(int seconds, int rounds, string which, TextWriter output)
    {
        string load = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0];
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"An honest client, {rounds} times {seconds} s alone and beside each, {Environment.ProcessorCount} "
            + $"processors, load {load} at the "
            + $"start; MB/s both ways, medians."));
        output.WriteLine();
        output.WriteLine("| beside one that | over | alone | beside | ratio | peer's peak, MB |");
        output.WriteLine("|---|---|---|---|---|---|");
        foreach (bool isSecured in new[] { false, true })
        {
            foreach (AdversarialClient adversary in AdversarialClient.All.Where(
                adversary => (isSecured ? !adversary.IsPlainOnly : !adversary.NeedsTls)
                    && adversary.Name.Contains(which, StringComparison.Ordinal)))
            {
                await MeasureAsync(adversary, isSecured, TimeSpan.FromSeconds(seconds), rounds, output);
            }
        }
    }

    private static async Task MeasureAsync(
        AdversarialClient adversary, bool isSecured, TimeSpan duration, int rounds, TextWriter output)
    {
        await using TargetPeer peer = await TargetPeer.StartAsync(isSecured, timeLimit: null);
        await using HonestClient honest = new(peer);
        await RunAsync(honest, TimeSpan.FromSeconds(1));
        List<double> alone = [];
        List<double> beside = [];
        for (int i = 0; i < rounds; i++)
        {
            alone.Add(await RunAsync(honest, duration));
            await using Attacker attacker = new(peer, isPersistent: true);
            await attacker.BeginAsync(adversary);
            beside.Add(await RunAsync(honest, duration));
        }

        double before = Figures.Median(alone);
        double after = Figures.Median(beside);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {adversary.Name} | {(isSecured ? "TLS" : "TCP")} | {before:0} | {after:0} | {after / before:0.00} | "
            + $"{peer.PeakResidentBytes / Megabyte:0} |"));
    }

    /// <summary>MB a second, both ways together.</summary>
    private static async Task<double> RunAsync(HonestClient honest, TimeSpan duration)
    {
        long began = Stopwatch.GetTimestamp();
        double moved = 0;
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            await honest.TransferAsync(FileBytes, CancellationToken.None);
            moved += 2 * FileBytes / Megabyte;
        }

        return moved / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
