namespace Dfss.Benchmarks;

/// <summary>restic, to a repository in a folder: encrypted and deduplicated as a backup is.</summary>
internal sealed class ResticTool : ICopyTool
{
    private readonly string passwordFile;

    private ResticTool(string version, string passwordFile)
    {
        Name = version;
        this.passwordFile = passwordFile;
    }

    public string Name { get; }

    public string Promise => "SHA-256 of each chunk; encrypted; not over a network";

    public static async Task<ICopyTool> StartAsync(string root)
    {
        string restic = Programs.Find("restic") ?? throw new ToolUnavailableException("restic is not installed");
        string passwordFile = Path.Combine(root, "restic-password");
        await File.WriteAllTextAsync(passwordFile, "benchmark");
        string[] words = (await Command.ReadFirstLineAsync(restic, "version")).Split(' ');
        return new ResticTool($"restic {words.ElementAtOrDefault(1)}, a local repository", passwordFile);
    }

    public async Task<Turn> RunAsync(Workload workload, string folder)
    {
        string repository = Path.Combine(folder, "repository");
        string[] options = ["-q", "--no-cache", "-r", repository, "-p", passwordFile];
        await Command.MeasureAsync("restic", ["init", .. options]);
        await Machine.SettleAsync(workload);
        Cost send = await Command.MeasureAsync(
            "sh", ["-c", "cd \"$0\" && exec restic \"$@\"", workload.Folder, "backup", .. options, "."]);
        await Machine.SettleAsync(workload);
        string received = Path.Combine(folder, "received");
        return new Turn(
            send, await Command.MeasureAsync("restic", ["restore", "latest", "--target", received, .. options]));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
