namespace Dfss.Benchmarks;

/// <summary>rclone, straight to a bucket of an S3-compatible engine, with the credentials of the environment.</summary>
internal sealed class RcloneBucketTool : ICopyTool
{
    /// <summary>How <see cref="Name"/> begins.</summary>
    public const string Program = "rclone";

    private readonly string place;
    private readonly string[] options;

    private RcloneBucketTool(string version, string place, string[] options)
    {
        Name = $"{Program} {version}, copy to the bucket";
        this.place = place;
        this.options = options;
    }

    public string Name { get; }

    public string Promise => "MD5 of each part on its way there, of most files on their way back; not synced";

    /// <summary>Makes the bucket where it is not there.</summary>
    /// <param name="folder">Where its configuration, which is empty, is written.</param>
    /// <param name="bucket">The bucket.</param>
    /// <param name="run">What all keys of this run begin with.</param>
    /// <param name="endpoint">The engine.</param>
    public static async Task<RcloneBucketTool> StartAsync(string folder, string bucket, string run, Uri endpoint)
    {
        string rclone = Programs.Find(Program) ?? throw new ToolUnavailableException("rclone is not installed");
        string configuration = Path.Combine(folder, "rclone.conf");
        await File.WriteAllTextAsync(configuration, string.Empty);
        string version = (await Command.ReadFirstLineAsync(rclone, "version")).Replace("rclone v", string.Empty);
        RcloneBucketTool tool = new(
            version, $":s3:{bucket}/{run}",
            [
                "--config", configuration, "--s3-provider", "Ceph", "--s3-env-auth", "--s3-force-path-style",
                "--s3-endpoint", endpoint.OriginalString,
            ]);
        await tool.RunAsync("mkdir", $":s3:{bucket}");
        return tool;
    }

    /// <summary>Deletes the objects of this run, of both tools.</summary>
    public Task DeleteAllAsync() => RunAsync("purge", place);

    public async Task<Turn> RunAsync(Workload workload, string folder)
    {
        string copy = $"{place}/{Path.GetFileName(folder)}/rclone";
        await Machine.SettleAsync(workload);
        Cost send = await RunAsync("copy", workload.Folder, copy);
        await Machine.SettleAsync(workload);
        return new Turn(send, await RunAsync("copy", copy, Path.Combine(folder, "received")));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<Cost> RunAsync(params string[] arguments) => Command.MeasureAsync(Program, [.. arguments, .. options]);
}
