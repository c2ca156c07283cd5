using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>rsync, to a daemon of its own on loopback.</summary>
internal sealed class RsyncTool : ICopyTool
{
    private readonly ServerProcess daemon;
    private readonly string root;
    private readonly string address;

    private RsyncTool(string version, ServerProcess daemon, string root, int port)
    {
        this.daemon = daemon;
        this.root = root;
        address = string.Create(CultureInfo.InvariantCulture, $"rsync://127.0.0.1:{port}/root/");
        Name = version;
    }

    public string Name { get; }

    public string Promise => "a checksum of each file, on arrival; not synced";

    /// <param name="root">The folder whose files the daemon may read and write.</param>
    public static async Task<ICopyTool> StartAsync(string root)
    {
        string rsync = Programs.Find("rsync") ?? throw new ToolUnavailableException("rsync is not installed");
        string configuration = Path.Combine(root, "rsyncd.conf");
        await File.WriteAllLinesAsync(
            configuration,
            [
                "use chroot = no",
                // Started by root, it would serve as a user without rights.
                .. Environment.IsPrivilegedProcess ? ["uid = 0", "gid = 0"] : Array.Empty<string>(),
                "[root]",
                $"path = {root}",
                "read only = no",
            ]);
        int port = ServerProcess.FindFreePort();
        ServerProcess daemon = await ServerProcess.StartAsync(
            rsync,
            [
                "--daemon", "--no-detach", "--address=127.0.0.1", $"--config={configuration}",
                "--port=" + port.ToString(CultureInfo.InvariantCulture),
            ],
            port);
        string[] version = (await Command.ReadFirstLineAsync(rsync, "--version"))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new RsyncTool($"rsync {version.ElementAtOrDefault(2)}, its daemon", daemon, root, port);
    }

    public async Task<Turn> RunAsync(Workload workload, string folder)
    {
        string copy = address + Path.GetRelativePath(root, folder) + "/copy/";
        await Machine.SettleAsync();
        Cost send = await Command.MeasureAsync("rsync", ["-rpt", workload.Folder + "/", copy], daemon);
        await Machine.SettleAsync();
        return new Turn(
            send, await Command.MeasureAsync("rsync", ["-rpt", copy, Path.Combine(folder, "received")], daemon));
    }

    public ValueTask DisposeAsync() => daemon.DisposeAsync();
}
