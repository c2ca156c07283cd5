namespace Dfss.Benchmarks;

/// <summary>
/// cp, the floor: no network, no check; or cp and then a sync of the disk, the floor for what is to be durable.
/// </summary>
internal sealed class CpTool(bool syncs) : ICopyTool
{
    public const string PlainName = "cp";

    public string Name => syncs ? "cp, then sync" : PlainName;

    public string Promise => syncs ? "nothing verified; on disk" : "nothing verified; not synced";

    public async Task<Turn> RunAsync(Workload workload, string folder)
    {
        string copy = Path.Combine(folder, "copy");
        Cost send = await CopyAsync(workload, workload.Folder, copy);
        return new Turn(send, await CopyAsync(workload, copy, Path.Combine(folder, "received")));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<Cost> CopyAsync(Workload workload, string source, string destination)
    {
        await Machine.SettleAsync(workload);
        // A file system that shares blocks between files would copy nothing.
        const string Copy = "cp -rp --reflink=never \"$0\" \"$1\"";
        return await Command.MeasureAsync(
            "sh", ["-c", syncs ? Copy + " && sync -f \"$1\"" : "exec " + Copy, source, destination]);
    }
}
