using System.Globalization;
using Dfss.Transfer;

namespace Dfss.Benchmarks;

/// <summary>The work that one chunk of a large file, and one small file, costs client and peer: memory allocated,
/// system calls, and bytes read from and written to files. Times are not measured: the figures hardly depend on the
/// machine, so each has a limit.</summary>
internal sealed class WorkBenchmark
{
    private const int SmallFilesAtOnce = 256;

    private readonly string folder;
    private readonly TextWriter output;
    private readonly List<string> breaches = [];
    private readonly DfssClient client;
    private readonly WorkPeer peer;
    private int runs;

    private WorkBenchmark(string folder, WorkPeer peer, DfssClient client, TextWriter output)
    {
        this.folder = folder;
        this.peer = peer;
        this.client = client;
        this.output = output;
    }

    /// <summary>Measures and reports.</summary>
    /// <returns>Whether all figures are within their limits.</returns>
    public static async Task<bool> RunAsync(string folder, int mebibytes, int files, TextWriter output)
    {
        string tls = Directory.CreateDirectory(Path.Combine(folder, "tls")).FullName;
        TlsFiles.Create(tls);
        bool isPlainWithin = await RunAsync(
            Path.Combine(folder, "plain"), tlsFolder: null, WorkLimits.Small, mebibytes, files, output);
        return await RunAsync(Path.Combine(folder, "secure"), tls, WorkLimits.SmallOverTls, mebibytes: 0, files, output)
            && isPlainWithin;
    }

    /// <summary>The same with one peer, over TLS if <paramref name="tlsFolder"/> is not null.</summary>
    private static async Task<bool> RunAsync(
        string folder, string? tlsFolder, WorkLimits small, int mebibytes, int files, TextWriter output)
    {
        await using WorkPeer peer = await WorkPeer.StartAsync(Path.Combine(folder, "store"), tlsFolder);
        await using DfssClient client = new([peer.Address], TransferOptions.Default with
        {
            StateFolder = Path.Combine(folder, "state"),
            Identity = tlsFolder is null ? null : TlsFiles.ReadClient(tlsFolder),
        });
        WorkBenchmark benchmark = new(folder, peer, client, output);

        // What is done once in the life of a process is not counted.
        await benchmark.TransferAsync(benchmark.CreateLarge(mebibytes: 32), (_, transfer) => transfer());
        await benchmark.TransferAsync(benchmark.CreateSmall(files: 100), (_, transfer) => transfer());
        if (mebibytes > 0)
        {
            await benchmark.MeasureAsync(WorkLimits.Large, () => benchmark.CreateLarge(mebibytes), mebibytes);
        }

        await benchmark.MeasureAsync(small, () => benchmark.CreateSmall(files), files);
        benchmark.breaches.ForEach(breach => output.WriteLine($"Above its limit: {breach}"));
        return benchmark.breaches.Count == 0;
    }

    private async Task MeasureAsync(WorkLimits limits, Func<Workload> create, int units)
    {
        Dictionary<string, (ProcessWork Client, ProcessWork Peer)> work = [];
        await TransferAsync(create(), async (direction, transfer) =>
        {
            ProcessWork peerBefore = await peer.ReadWorkAsync();
            ProcessWork clientBefore = ProcessWork.Read();
            await transfer();
            work[direction] = (ProcessWork.Read() - clientBefore, await peer.ReadWorkAsync() - peerBefore);
        });

        // Once more with strace, which allocates in this process.
        Dictionary<string, (SystemCallCounts Client, SystemCallCounts Peer)> calls = [];
        string? skipped = null;
        await TransferAsync(create(), async (direction, transfer) =>
        {
            // This process last: what it starts later would be counted too.
            await using SystemCalls? ofPeer = await SystemCalls.TryAttachAsync(
                peer.ProcessId, folder, reason => skipped = reason);
            await using SystemCalls? ofClient = ofPeer is null
                ? null
                : await SystemCalls.TryAttachAsync(Environment.ProcessId, folder, reason => skipped = reason);
            await transfer();
            if (ofClient is not null && ofPeer is not null)
            {
                calls[direction] = (await ofClient.EndAsync(), await ofPeer.EndAsync());
            }
        });

        output.WriteLine();
        output.WriteLine($"| for each {limits.Unit} | measured | limit |");
        output.WriteLine("|---|---|---|");
        foreach ((string direction, (ProcessWork ofClient, ProcessWork ofPeer)) in work)
        {
            Report(limits, direction, "client", ofClient, units);
            Report(limits, direction, "peer", ofPeer, units);
        }

        foreach ((string direction, (SystemCallCounts ofClient, SystemCallCounts ofPeer)) in calls)
        {
            Report(limits, $"{direction}, client: system calls", (double)ofClient.Total / units);
            Report(limits, $"{direction}, peer: system calls", (double)ofPeer.Total / units);
            Report(limits, $"{direction}, client: sends", (double)ofClient.Sends / units);
            Report(limits, $"{direction}, peer: sends", (double)ofPeer.Sends / units);
            Report(limits, $"{direction}, client: syncs", (double)ofClient.Syncs / units);
            Report(limits, $"{direction}, peer: syncs", (double)ofPeer.Syncs / units);
        }

        foreach ((string direction, (SystemCallCounts ofClient, SystemCallCounts ofPeer)) in calls)
        {
            output.WriteLine();
            output.WriteLine($"{direction}, client: {ofClient.Describe(units)}");
            output.WriteLine($"{direction}, peer: {ofPeer.Describe(units)}");
        }

        if (skipped is not null)
        {
            output.WriteLine();
            output.WriteLine($"System calls: skipped: {skipped}");
        }
    }

    private void Report(WorkLimits limits, string direction, string who, ProcessWork work, int units)
    {
        Report(limits, $"{direction}, {who}: KiB allocated", work.AllocatedBytes / 1024.0 / units);
        Report(limits, $"{direction}, {who}: KiB read from files", work.ReadBytes / 1024.0 / units);
        Report(limits, $"{direction}, {who}: KiB written to files", work.WrittenBytes / 1024.0 / units);
    }

    private void Report(WorkLimits limits, string name, double measured)
    {
        double limit = limits.Limits[name];
        string line = string.Create(CultureInfo.InvariantCulture, $"{name} | {measured:0.0##} | {limit:0.0##}");
        output.WriteLine($"| {line} |");
        if (measured > limit)
        {
            breaches.Add($"{limits.Unit}: {line}");
        }
    }

    /// <summary>Sends files and receives them, each direction inside <paramref name="run"/>.</summary>
    private async Task TransferAsync(Workload source, Func<string, Func<Task>, Task> run)
    {
        string[] paths = Directory.GetFiles(source.Folder);
        string received = Directory.CreateDirectory(source.Folder + "-received").FullName;
        string prefix = Path.GetFileName(source.Folder);
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = SmallFilesAtOnce };
        SendOptions options = SendOptions.Default with { Replicas = 1, MinimumReplicas = 1 };
        await run("send", () => Parallel.ForEachAsync(paths, parallel, async (path, token) =>
            await client.SendAsync(path, NameOf(path), options, progress: null, token)));
        await run("receive", () => Parallel.ForEachAsync(paths, parallel, async (path, token) =>
            await client.ReceiveAsync(
                await client.GetAsync(NameOf(path), token),
                Path.Combine(received, Path.GetFileName(path)),
                ReceiveOptions.Default,
                progress: null,
                token)));
        source.RequireEqual(received);

        string NameOf(string path) => $"{prefix}/{Path.GetFileName(path)}";
    }

    private Workload CreateLarge(int mebibytes) => Workload.CreateLarge(NextFolder(), mebibytes, seed: runs);

    private Workload CreateSmall(int files) => Workload.CreateSmall(NextFolder(), files, seed: runs);

    private string NextFolder() => Path.Combine(
        folder, string.Create(CultureInfo.InvariantCulture, $"files{++runs}"));
}
