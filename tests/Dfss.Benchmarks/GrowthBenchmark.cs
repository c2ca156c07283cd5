using System.Diagnostics;
using System.Globalization;
using Dfss.Testing;
using Dfss.Transfer;

namespace Dfss.Benchmarks;

/// <summary>
/// What a peer costs as its catalog grows: its start, listings, a commit, a collection and its memory, for a hundredth,
/// a tenth and all of the names, with 10 chunks each.
/// </summary>
internal sealed class GrowthBenchmark(string folder, DfssClient client, WorkPeer peer, int names)
{
    /// <summary>A figure of less than a few milliseconds is the median of so many.</summary>
    private const int Repetitions = 21;

    public static async Task RunAsync(string folder, int names, TextWriter output)
    {
        output.WriteLine("| names | chunks | start, s | processor, s | memory after it, MB | first name listed, ms "
            + "| 1,000 names by prefix, ms | a commit, ms | a collection, s | processor, s | peak memory, MB |");
        output.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (int count in new[] { names / 100, names / 10, names })
        {
            string store = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"store{count}"));
            await GrowthStore.MakeAsync(store, count);
            output.WriteLine(await MeasureAsync(folder, store, count));
            Directory.Delete(store, recursive: true);
        }
    }

    private static async Task<string> MeasureAsync(string folder, string store, int names)
    {
        var watch = Stopwatch.StartNew();
        await using WorkPeer peer = await WorkPeer.StartAsync(store);
        double start = watch.Elapsed.TotalSeconds;
        await using DfssClient client = new(
            [peer.Address], TransferOptions.Default with { StateFolder = Path.Combine(folder, "state") });
        return await new GrowthBenchmark(folder, client, peer, names).MeasureAsync(start);
    }

    private async Task<string> MeasureAsync(double start)
    {
        using Process process = Process.GetProcessById(peer.ProcessId);
        double processor = process.TotalProcessorTime.TotalSeconds;
        long held = process.WorkingSet64;

        double first = await MedianAsync(_ => ListAsync(string.Empty, most: 1));
        double byPrefix = await MedianAsync(
            turn => ListAsync(GrowthStore.FolderOf((int)((long)names * turn / Repetitions)), most: int.MaxValue));
        string path = Path.Combine(folder, "small");
        double commit = await MedianAsync(async turn =>
        {
            await File.WriteAllBytesAsync(path, BitConverter.GetBytes(turn));
            SendOptions options = SendOptions.Default with { Replicas = 1, MinimumReplicas = 1 };
            await client.SendAsync(
                path, string.Create(CultureInfo.InvariantCulture, $"sent{turn}"), options, progress: null);
        });

        process.Refresh();
        double before = process.TotalProcessorTime.TotalSeconds;
        var watch = Stopwatch.StartNew();
        OptimizeResult result = await client.OptimizeAsync(peer.Address, OptimizeOptions.Default);
        double collection = watch.Elapsed.TotalSeconds;
        process.Refresh();
        if (result.Files < names || result.ChunksDeleted > 0)
        {
            throw new InvalidOperationException(
                $"The collection found {result.Files} files, and deleted {result.ChunksDeleted} chunks.");
        }

        double collectionProcessor = process.TotalProcessorTime.TotalSeconds - before;
        double peak = PeerProcess.ReadPeakResidentBytes(peer.ProcessId) / 1e6;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {names:N0} | {(long)names * GrowthStore.ChunksPerFile:N0} | {start:0.0} | {processor:0.0} "
                + $"| {held / 1e6:0} | {first:0.0} | {byPrefix:0.0} | {commit:0.0} | {collection:0.0} "
                + $"| {collectionProcessor:0.0} | {peak:0} |");
    }

    private static async Task<double> MedianAsync(Func<int, Task> run)
    {
        List<double> milliseconds = [];
        for (int turn = 0; turn < Repetitions; turn++)
        {
            var watch = Stopwatch.StartNew();
            await run(turn);
            milliseconds.Add(watch.Elapsed.TotalMilliseconds);
        }

        return Figures.Median(milliseconds);
    }

    private async Task ListAsync(string prefix, int most)
    {
        int found = 0;
        await foreach (StoredFile _ in client.ListAsync(prefix))
        {
            if (++found == most)
            {
                return;
            }
        }

        if (found == 0)
        {
            throw new InvalidOperationException($"There is no name that begins with '{prefix}'.");
        }
    }
}
