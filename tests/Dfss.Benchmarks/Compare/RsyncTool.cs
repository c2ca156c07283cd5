using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>rsync, to a daemon of its own on loopback; alone, or followed by a sync of the disk.</summary>
internal sealed class RsyncTool : ICopyTool
{
    private readonly ServerProcess daemon;
    private readonly string root;
    private readonly string address;
    private readonly bool syncs;

    private RsyncTool(string version, ServerProcess daemon, string root, int port, bool syncs)
    {
        this.daemon = daemon;
        this.root = root;
        this.syncs = syncs;
        address = string.Create(CultureInfo.InvariantCulture, $"rsync://127.0.0.1:{port}/root/");
        Name = syncs ? version + ", then sync" : version;
    }

    public string Name { get; }

    public string Promise => $"a checksum of each file, on arrival; {(syncs ? "on disk" : "not synced")}";

    public static Task<ICopyTool> StartAsync(string root) => StartAsync(root, syncs: false);

    public static Task<ICopyTool> StartSyncedAsync(string root) => StartAsync(root, syncs: true);

    /// <param name="root">The folder whose files the daemon may read and write.</param>
    /// <param name="syncs">Whether each command is followed by a sync.</param>
    private static async Task<ICopyTool> StartAsync(string root, bool syncs)
    {
        string rsync = Programs.Find("rsync") ?? throw new ToolUnavailableException("rsync is not installed");
        string configuration = Path.Combine(root, $"rsyncd-{(syncs ? "synced" : "plain")}.conf");
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
        return new RsyncTool($"rsync {version.ElementAtOrDefault(2)}, its daemon", daemon, root, port, syncs);
    }

    public async Task<Turn> RunAsync(Workload workload, string folder)
    {
        string copy = address + Path.GetRelativePath(root, folder) + "/copy/";
        Cost send = await CopyAsync(workload, workload.Folder + "/", copy, folder);
        return new Turn(send, await CopyAsync(workload, copy, Path.Combine(folder, "received"), folder));
    }

    public ValueTask DisposeAsync() => daemon.DisposeAsync();

    private async Task<Cost> CopyAsync(Workload workload, string source, string destination, string folder)
    {
        await Machine.SettleAsync(workload);
        string script = syncs ? "rsync -rpt \"$0\" \"$1\" && sync -f \"$2\"" : "exec rsync -rpt \"$0\" \"$1\"";
        return await Command.MeasureAsync("sh", ["-c", script, source, destination, folder], daemon);
    }
}
