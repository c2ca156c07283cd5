namespace Dfss.Benchmarks;

/// <summary>
/// One large file and many small ones through two peers of one store in an engine, beside <c>rclone copy</c> straight
/// to the same bucket. Each send and each receive is a new process, and each turn has a store of its own.
/// </summary>
internal static class EngineBenchmark
{
    private const string Engine = "DFSS_S3";

    /// <summary>Of the time of rclone: what a large file, and what many small ones may take at most.</summary>
    private const string Aims = "at most 1.25 for a large file, 1.4 for small ones; memory below 200 MB";

    public static async Task RunAsync(string folder, int mebibytes, int files, int rounds, TextWriter output)
    {
        string named = Environment.GetEnvironmentVariable(Engine) ?? throw new InvalidOperationException(
            $"{Engine} is not set: it names the bucket, as s3://BUCKET?endpoint=URL. "
                + "tests/Dfss.Ceph/run.sh -- COMMAND runs a command with a Ceph of its own.");
        string[] parts = named.Split('?', 2);
        string bucket = parts[0]["s3://".Length..].Split('/')[0];
        string endpoint = parts[1].Split('&').First(
            part => part.StartsWith("endpoint=", StringComparison.Ordinal))["endpoint=".Length..];
        string run = Guid.NewGuid().ToString("N");
        RcloneBucketTool rclone = await RcloneBucketTool.StartAsync(
            folder, bucket, run, new Uri(Uri.UnescapeDataString(endpoint)));
        ICopyTool[] tools = [rclone, DfssTool.OnEngine($"s3://{bucket}/{run}/{{0}}/dfss?{parts[1]}")];
        output.WriteLine($"Measured {Machine.Describe(folder)}.");
        output.WriteLine(
            FormattableString.Invariant($"Medians of {rounds} round(s); the tools take turns; what was received is ")
                + "compared with the source. Processor seconds and memory of dfss are of the client and the peers, "
                + "those of rclone of its process, neither with the engine's. The time of dfss is that of the command "
                + $"in a new process. Aims: of the time of rclone {Aims}.");
        ComparisonTable table = new(output, rounds, RcloneBucketTool.Program);
        foreach (Workload workload in new[]
        {
            Workload.CreateLarge(Path.Combine(folder, "large"), mebibytes),
            Workload.CreateSmall(Path.Combine(folder, "small"), files),
        })
        {
            table.Write(workload, await CompareBenchmark.MeasureAsync(workload, tools, folder, rounds));
            await rclone.DeleteAllAsync();
        }
    }
}
