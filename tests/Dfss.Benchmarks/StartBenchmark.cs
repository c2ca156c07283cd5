using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Dfss.Storage;

namespace Dfss.Benchmarks;

/// <summary>
/// What a store of many chunks costs: its start, its memory, and a collection that finds nothing to delete. The chunks
/// are made by a generator: their records are listed in indexes, and the segments are holes.
/// </summary>
internal static class StartBenchmark
{
    private const int SmallBytes = 900;
    private const int LargeBytes = 1 << 20;

    public static async Task RunAsync(string folder, long chunks, TextWriter output)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"| {chunks:N0} chunks of | segments | start, s | processor, s "
                + $"| memory held, MB | peak, MB | collection, s |"));
        output.WriteLine("|---|---|---|---|---|---|---|");
        foreach (int length in (int[])[SmallBytes, LargeBytes])
        {
            string store = Path.Combine(folder, $"store{length}");
            int segments = await MakeAsync(store, chunks, length);
            GC.Collect();
            ResetPeak();
            long before = GC.GetTotalMemory(forceFullCollection: true);
            TimeSpan processor = Environment.CpuUsage.TotalTime;
            var watch = Stopwatch.StartNew();
            LocalStore opened = await LocalStore.OpenAsync(store, new LocalStoreOptions(), CancellationToken.None);
            double start = watch.Elapsed.TotalSeconds;
            processor = Environment.CpuUsage.TotalTime - processor;
            await using (opened)
            {
                await opened.Recovery;
                if (opened.GetUsage().Chunks != chunks)
                {
                    throw new InvalidOperationException($"The store has {opened.GetUsage().Chunks} chunks.");
                }

                long held = GC.GetTotalMemory(forceFullCollection: true) - before;
                long peak = Process.GetCurrentProcess().PeakWorkingSet64;
                watch.Restart();
                await opened.Collector.CollectAsync(TimeSpan.FromDays(1), CancellationToken.None);
                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {length:N0} bytes | {segments:N0} | {start:0.0} | {processor.TotalSeconds:0.0} | "
                    + $"{held >> 20:N0} "
                    + $"| {peak >> 20:N0} | {watch.Elapsed.TotalSeconds:0.0} |"));
            }

            Directory.Delete(store, recursive: true);
        }
    }

    private static async Task<int> MakeAsync(string store, long chunks, int length)
    {
        await (await LocalStore.OpenAsync(store, new LocalStoreOptions(), CancellationToken.None)).DisposeAsync();
        int made = 0;
        byte[] id = new byte[ChunkId.SizeBytes];
        Random random = new(1);
        while (chunks > 0)
        {
            long end = SegmentFormat.HeaderBytes;
            List<SegmentRecord> records = [];
            while (chunks > 0 && end < SegmentFormat.MaxBytes && records.Count < SegmentFormat.MaxRecords)
            {
                random.NextBytes(id);
                BinaryPrimitives.WriteInt64LittleEndian(id.AsSpan(8), chunks--);
                records.Add(new SegmentRecord(new ChunkId(id), new ChunkLocation(Segment: 0, (uint)end, length)));
                end = records[^1].Location.End;
            }

            await HoleSegments.WriteAsync(store, (uint)++made, records);
        }

        return made;
    }

    private static void ResetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");
}
