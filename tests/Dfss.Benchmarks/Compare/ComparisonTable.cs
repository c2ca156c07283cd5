using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>The comparison as Markdown: medians, and ratios within a round, of which the median again.</summary>
/// <param name="output">Where it is written.</param>
/// <param name="rounds">How many turns each tool has.</param>
/// <param name="floorName">How the name of the tool begins to which the others are compared.</param>
internal sealed class ComparisonTable(TextWriter output, int rounds, string floorName = CpTool.PlainName)
{
    public void WriteIntroduction(string folder, MachineLimits limits, List<string> skipped)
    {
        output.WriteLine($"Measured {Machine.Describe(folder)}.");
        output.WriteLine(
            $"Medians of {rounds} round(s); the tools take turns; what was received is compared with the source.");
        output.WriteLine();
        output.WriteLine(
            """
            All copy the same bytes on the same disk. The tools copy to one place; dfss spreads the chunks over two
            peers, or over three with two copies of each. Only dfss and what has "then sync" in its name have what was
            sent on disk when they return. The time of dfss is that of the command in a new process, first-time
            compilation included, the engine's own start not; that of the others is the whole process. Processor
            seconds are of all these processes, at both ends, not of the kernel's own threads. Peak memory is of the
            largest process at each end; of the others it is sampled 20 times a second, and "?" is what ended before a
            sample.
            """);
        output.WriteLine();
        WriteLimits(limits);
        foreach (string reason in skipped)
        {
            output.WriteLine();
            output.WriteLine("Left out: " + reason);
        }
    }

    /// <summary>Refers to the picture beside the table.</summary>
    public void WritePicture(Workload workload)
    {
        output.WriteLine();
        output.WriteLine($"![{workload.Title}: seconds]({workload.Name}.svg)");
    }

    public void Write(Workload workload, List<ToolTurns> results)
    {
        string unit = workload.IsOfFiles ? "1,000 files" : "GB";
        double units = workload.IsOfFiles ? workload.Files / 1e3 : workload.Bytes / 1e9;
        string speed = workload.IsOfFiles ? "files/s" : "MB/s";
        List<Turn> floor = results.First(result => IsFloor(result.Tool)).Turns;
        output.WriteLine();
        output.WriteLine(
            $"| {workload.Title} | verified; durable | send, s ({speed}) | to {floorName} "
            + $"| receive, s ({speed}) | to {floorName} "
            + $"| processor s per {unit}, send / receive | peak memory, client / server, MB |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach ((ICopyTool tool, List<Turn> turns) in results)
        {
            double processorToSend = Figures.Median(turns.Select(turn => turn.Send.ProcessorSeconds)) / units;
            double processorToReceive = Figures.Median(turns.Select(turn => turn.Receive.ProcessorSeconds)) / units;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {tool.Name} | {tool.Promise} | {Times(workload, turns, floor, turn => turn.Send)} "
                + $"| {Times(workload, turns, floor, turn => turn.Receive)} "
                + $"| {processorToSend:0.00} / {processorToReceive:0.00} | {Memory(turns)} |"));
        }

        output.WriteLine();
        output.WriteLine($"Load average at the end of it: {Machine.LoadAverage()}.");
    }

    private bool IsFloor(ICopyTool tool) =>
        tool.Name == floorName || tool.Name.StartsWith(floorName + ' ', StringComparison.Ordinal);

    private void WriteLimits(MachineLimits limits)
    {
        output.WriteLine("What this machine can do at best, measured in the same run:");
        output.WriteLine();
        output.WriteLine("| | GB/s | processor s per GB |");
        output.WriteLine("|---|---|---|");
        WriteLimit("files of 1 MiB, synced, 4 at a time", limits.DurableWriteSpeed, limits.DurableWriteCost);
        WriteLimit("SHA-256", 1 / limits.Sha256Cost, limits.Sha256Cost);
        WriteLimit("TCP over loopback, both ends", null, limits.LoopbackCost);
        WriteLimit("one file, not synced", null, limits.PlainWriteCost);
        WriteLimit("a cached file read", null, limits.CachedReadCost);
        WriteLimit("so a send that verifies at both ends, durable", limits.SendLimit, null);
        WriteLimit("so a receive that verifies", limits.ReceiveLimit, null);
    }

    private void WriteLimit(string part, double? speed, double? cost) => output.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"| {part} | {speed:0.00} | {cost:0.00} |"));

    private static string Times(Workload workload, List<Turn> turns, List<Turn> floor, Func<Turn, Cost> direction)
    {
        double seconds = Figures.Median(turns.Select(turn => direction(turn).Seconds));
        double ratio = Figures.Median(
            turns.Zip(floor, (turn, cp) => direction(turn).Seconds / direction(cp).Seconds));
        double speed = (workload.IsOfFiles ? workload.Files : workload.Bytes / 1e6) / seconds;
        return string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} ({speed:N0}) | {ratio:0.0}");
    }

    private static string Memory(List<Turn> turns)
    {
        List<Cost> costs = [.. turns.SelectMany(turn => new[] { turn.Send, turn.Receive })];
        string client = Megabytes(costs.Max(cost => cost.ClientPeakBytes));
        return costs.Max(cost => cost.ServerPeakBytes) is { } server
            ? $"{client} / {Megabytes(server)}"
            : client + " / -";
    }

    private static string Megabytes(long bytes) =>
        bytes == 0 ? "?" : (bytes / 1e6).ToString("0", CultureInfo.InvariantCulture);
}
