using System.Globalization;
using Dfss.Hashing;

namespace Dfss.Benchmarks;

/// <summary>SHA-256 of chunks by the platform, in the lanes that this processor has, and by the choice between them.
/// All in one run, in processor time, so that other work on the machine matters little.</summary>
internal static class HashBenchmark
{
    private static readonly int[] ChunkKibibytes = [64, 256, 1024, 4096];

    public static void Run(int mebibytes, TextWriter output)
    {
        LaneCost? measured = LaneCost.Measure();
        List<(string Name, WideSha256 Hash)> columns = [("platform", new WideSha256(measured: null))];
        foreach (Sha256Lanes lanes in Sha256Lanes.All)
        {
            if (lanes.IsSupported)
            {
                // At no cost, so that lanes are used however few are filled.
                columns.Add((lanes.Name, new WideSha256(new LaneCost(lanes, Step: 0))));
            }
            else
            {
                output.WriteLine($"{lanes.Name}: skipped: this processor does not have it.");
            }
        }

        columns.Add(("the choice", new WideSha256(measured)));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"SHA-256, GB per processor second, one thread, {mebibytes} MiB a figure."));
        output.WriteLine(measured is { } cost
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"A step (one block in each lane) of {cost.Lanes.Name}, in blocks of the platform: {cost.Step:0.0}")
            : "The choice is the platform: no lanes are fast enough.");
        foreach (int kibibytes in ChunkKibibytes)
        {
            output.WriteLine();
            string names = string.Join(" | ", columns.Select(column => column.Name));
            output.WriteLine($"| chunks of {kibibytes} KiB at once | {names} |");
            output.WriteLine($"|---{string.Concat(Enumerable.Repeat("|---", columns.Count))}|");
            ReadOnlyMemory<byte>[] chunks = MakeChunks(kibibytes << 10);
            for (int count = 1; count <= chunks.Length; count++)
            {
                IEnumerable<string> speeds = columns.Select(column => Measure(column.Hash, chunks[..count], mebibytes));
                output.WriteLine($"| {count} | {string.Join(" | ", speeds)} |");
            }
        }
    }

    private static string Measure(WideSha256 hash, ReadOnlyMemory<byte>[] chunks, int mebibytes)
    {
        ChunkId[] ids = new ChunkId[chunks.Length];
        hash.Hash(chunks, ids);
        long batchBytes = chunks.Sum(chunk => (long)chunk.Length);
        long bytes = 0;
        TimeSpan before = Environment.CpuUsage.TotalTime;
        while (bytes < (long)mebibytes << 20)
        {
            hash.Hash(chunks, ids);
            bytes += batchBytes;
        }

        double seconds = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        return (bytes / 1e9 / seconds).ToString("0.00", CultureInfo.InvariantCulture);
    }

    private static ReadOnlyMemory<byte>[] MakeChunks(int length)
    {
        Random random = new(1);
        ReadOnlyMemory<byte>[] chunks = new ReadOnlyMemory<byte>[Sha256Lanes.MaxCount];
        for (int i = 0; i < chunks.Length; i++)
        {
            byte[] content = new byte[length];
            random.NextBytes(content);
            chunks[i] = content;
        }

        return chunks;
    }
}
