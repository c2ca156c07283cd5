namespace Dfss.Benchmarks;

/// <summary>How much is copied, and how often.</summary>
/// <param name="LargeMebibytes">The size of the one large file; 0 leaves it out.</param>
/// <param name="SmallFiles">How many files of 4 KiB; 0 leaves them out.</param>
/// <param name="Rounds">How many turns each tool has.</param>
/// <param name="PlotFolder">Where pictures of the results are written; null for none.</param>
internal sealed record ComparisonSize(int LargeMebibytes, int SmallFiles, int Rounds, string? PlotFolder);

/// <summary>
/// dfss beside what a user would otherwise copy with: the same files, there and back, on the same disk of the same
/// machine. The tools take turns, so that a change of the machine's mood meets all of them.
/// </summary>
internal static class CompareBenchmark
{
    public static async Task RunAsync(string folder, ComparisonSize options, TextWriter output)
    {
        List<ICopyTool> tools = [new CpTool(syncs: false), new CpTool(syncs: true)];
        try
        {
            List<string> skipped = [];
            await AddAsync("rsync", RsyncTool.StartAsync, folder, tools, skipped);
            await AddAsync("rsync, then sync", RsyncTool.StartSyncedAsync, folder, tools, skipped);
            await AddAsync("scp", ScpTool.StartAsync, folder, tools, skipped);
            foreach (HttpWay way in Enum.GetValues<HttpWay>())
            {
                await AddAsync("nginx and curl", root => HttpTool.StartAsync(root, way), folder, tools, skipped);
            }

            await AddAsync("rclone", RcloneTool.StartAsync, folder, tools, skipped);
            await AddAsync("restic", ResticTool.StartAsync, folder, tools, skipped);
            tools.AddRange([DfssTool.Plain(), DfssTool.Tls(folder), DfssTool.TwoCopies()]);
            ComparisonTable table = new(output, options.Rounds);
            table.WriteIntroduction(folder, skipped);
            if (options.LargeMebibytes > 0)
            {
                Workload large = Workload.CreateLarge(Path.Combine(folder, "large"), options.LargeMebibytes);
                await CompareAsync(large, tools, folder, options, table);
            }

            if (options.SmallFiles > 0)
            {
                Workload small = Workload.CreateSmall(Path.Combine(folder, "small"), options.SmallFiles);
                await CompareAsync(small, tools, folder, options, table);
            }
        }
        finally
        {
            foreach (ICopyTool tool in tools)
            {
                await tool.DisposeAsync();
            }
        }
    }

    private static async Task CompareAsync(
        Workload workload, List<ICopyTool> tools, string folder, ComparisonSize options, ComparisonTable table)
    {
        List<ToolTurns> results = await MeasureAsync(workload, tools, folder, options.Rounds);
        table.Write(workload, results);
        if (options.PlotFolder is { } plots)
        {
            ComparisonPlot.Write(plots, workload, results, Machine.Describe(folder));
        }
    }

    private static async Task AddAsync(
        string name, Func<string, Task<ICopyTool>> start, string folder, List<ICopyTool> tools, List<string> skipped)
    {
        try
        {
            tools.Add(await start(folder));
        }
        catch (ToolUnavailableException exception)
        {
            skipped.Add($"{name}: {exception.Message}");
        }
    }

    private static async Task<List<ToolTurns>> MeasureAsync(
        Workload workload, List<ICopyTool> tools, string folder, int rounds)
    {
        List<ToolTurns> results = [.. tools.Select(tool => new ToolTurns(tool, []))];
        for (int round = 1; round <= rounds; round++)
        {
            foreach ((ICopyTool tool, List<Turn> turns) in results)
            {
                await Console.Error.WriteLineAsync($"{workload.Title}, round {round} of {rounds}: {tool.Name}");
                string place = Directory.CreateDirectory(Path.Combine(folder, "turn")).FullName;
                turns.Add(await tool.RunAsync(workload, place));
                workload.RequireEqual(Path.Combine(place, "received"));
                Directory.Delete(place, recursive: true);
            }
        }

        return results;
    }
}

/// <summary>A tool and what its turns cost, in the order of the rounds.</summary>
internal sealed record ToolTurns(ICopyTool Tool, List<Turn> Turns);
