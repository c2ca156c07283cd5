using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>rclone, to an `rclone serve webdav` of its own on loopback.</summary>
internal sealed class RcloneTool : ICopyTool
{
    private readonly ServerProcess server;
    private readonly string root;
    private readonly string[] options;

    private RcloneTool(string version, ServerProcess server, string root, string[] options)
    {
        Name = version;
        this.server = server;
        this.root = root;
        this.options = options;
    }

    public string Name { get; }

    public string Promise => "the size of each file; not synced";

    public static async Task<ICopyTool> StartAsync(string root)
    {
        string rclone = Programs.Find("rclone") ?? throw new ToolUnavailableException("rclone is not installed");
        int port = ServerProcess.FindFreePort();
        string configuration = Path.Combine(root, "rclone.conf");
        await File.WriteAllTextAsync(configuration, string.Empty);
        string address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        ServerProcess server = await ServerProcess.StartAsync(
            rclone, ["serve", "webdav", root, "--config", configuration, "--addr", address], port);
        string version = (await Command.ReadFirstLineAsync(rclone, "version")).Replace("rclone v", string.Empty);
        return new RcloneTool(
            $"rclone {version}, WebDAV", server, root,
            ["--config", configuration, "--webdav-url", "http://" + address]);
    }

    public async Task<Turn> RunAsync(Workload workload, string folder)
    {
        string copy = $":webdav:{Path.GetRelativePath(root, folder)}/copy";
        await Machine.SettleAsync(workload);
        Cost send = await Command.MeasureAsync("rclone", ["copy", workload.Folder, copy, .. options], server);
        await Machine.SettleAsync(workload);
        return new Turn(
            send,
            await Command.MeasureAsync("rclone", ["copy", copy, Path.Combine(folder, "received"), .. options], server));
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
