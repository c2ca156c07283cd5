using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>What is copied, and how often.</summary>
internal sealed record ComparisonSize
{
    /// <summary>The size of the one large file in MiB; 0 leaves it out.</summary>
    public int Large { get; init; }

    /// <summary>How many files of 4 KiB; 0 leaves them out.</summary>
    public int Small { get; init; }

    /// <summary>How many files the mixed tree has; 0 leaves it out.</summary>
    public int Mixed { get; init; }

    /// <summary>The length of the sparse file in MiB; 0 leaves it out.</summary>
    public int Sparse { get; init; }

    /// <summary>
    /// The first words of the names of the tools that take part beside cp, to which the others are compared; empty for
    /// all.
    /// </summary>
    public string[] Tools { get; init; } = [];

    /// <summary>How many turns each tool has.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Where the measured files lie.</summary>
    public string Folder { get; init; } = Path.GetTempPath();

    /// <summary>Where pictures of the results are written; null for none.</summary>
    public string? Plots { get; init; }

    /// <summary>Reads arguments such as <c>large=1024</c>; null where one of them is none.</summary>
    public static ComparisonSize? Parse(IEnumerable<string> arguments)
    {
        ComparisonSize? size = new();
        foreach (string argument in arguments)
        {
            string[] parts = argument.Split('=', 2);
            string value = parts.ElementAtOrDefault(1) ?? string.Empty;
            bool isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            size = (parts[0], isNumber) switch
            {
                ("large", true) => size with { Large = number },
                ("small", true) => size with { Small = number },
                ("mixed", true) => size with { Mixed = number },
                ("sparse", true) => size with { Sparse = number },
                ("tools", _) when value.Split(',').All(CompareBenchmark.IsTool) =>
                    size with { Tools = value.Split(',') },
                ("rounds", true) when number > 0 => size with { Rounds = number },
                ("folder", _) when value.Length > 0 => size with { Folder = value },
                ("plots", _) when value.Length > 0 => size with { Plots = value },
                _ => null,
            };
            if (size is null)
            {
                return null;
            }
        }

        return size is { Large: 0, Small: 0, Mixed: 0, Sparse: 0 } ? size with { Large = 1024, Small = 10_000 } : size;
    }
}

/// <summary>
/// dfss beside what a user would otherwise copy with: the same files, there and back, on the same disk of the same
/// machine. The tools take turns, so that a change of the machine's mood meets all of them.
/// </summary>
internal static class CompareBenchmark
{
    private static readonly (string Name, Func<string, Task<ICopyTool>> Start)[] All =
    [
        ("cp", _ => Task.FromResult<ICopyTool>(new CpTool(syncs: false))),
        ("cp, then sync", _ => Task.FromResult<ICopyTool>(new CpTool(syncs: true))),
        ("rsync", RsyncTool.StartAsync),
        ("rsync, then sync", RsyncTool.StartSyncedAsync),
        ("scp", ScpTool.StartAsync),
        .. Enum.GetValues<HttpWay>().Select(
            way => ("nginx and curl", (Func<string, Task<ICopyTool>>)(root => HttpTool.StartAsync(root, way)))),
        ("rclone", RcloneTool.StartAsync),
        ("restic", ResticTool.StartAsync),
        ("dfss", _ => Task.FromResult<ICopyTool>(DfssTool.Plain())),
        ("dfss, TLS", root => Task.FromResult<ICopyTool>(DfssTool.Tls(root))),
        ("dfss, two copies", _ => Task.FromResult<ICopyTool>(DfssTool.TwoCopies())),
    ];

    /// <summary>Whether a word names a tool, or several, of the comparison.</summary>
    public static bool IsTool(string word) => All.Any(tool => FirstWord(tool.Name) == word);

    public static async Task RunAsync(string folder, ComparisonSize options, TextWriter output)
    {
        List<ICopyTool> tools = [];
        try
        {
            List<string> skipped = [];
            foreach ((string name, Func<string, Task<ICopyTool>> start) in All)
            {
                if (options.Tools.Length == 0 || name == "cp" || options.Tools.Contains(FirstWord(name)))
                {
                    await AddAsync(name, start, folder, tools, skipped);
                }
            }

            await using PlotPage? page = options.Plots is { } plots ? new PlotPage(plots, output) : null;
            ComparisonTable table = new(page ?? output, options.Rounds);
            table.WriteIntroduction(folder, await MachineLimits.MeasureAsync(folder, CancellationToken.None), skipped);
            foreach ((int size, string name, Func<string, int, int, Workload> create) in Workloads(options))
            {
                if (size > 0)
                {
                    await CompareAsync(create(Path.Combine(folder, name), size, 1), tools, folder, options, table);
                    Directory.Delete(Path.Combine(folder, name), recursive: true);
                }
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

    /// <summary>The tools take turns; what each brings back is compared with the source.</summary>
    public static async Task<List<ToolTurns>> MeasureAsync(
        Workload workload, IReadOnlyList<ICopyTool> tools, string folder, int rounds)
    {
        List<ToolTurns> results = [.. tools.Select(tool => new ToolTurns(tool, []))];
        for (int round = 1; round <= rounds; round++)
        {
            foreach ((ICopyTool tool, List<Turn> turns) in results)
            {
                await Console.Error.WriteLineAsync($"{workload.Title}, round {round} of {rounds}: {tool.Name}");
                // A folder that no server has seen: rclone remembers what it has listed.
                string place = Directory.CreateDirectory(Path.Combine(folder, $"{workload.Name}-{round}")).FullName;
                turns.Add(await tool.RunAsync(workload, place));
                workload.RequireEqual(Path.Combine(place, "received"));
                Directory.Delete(place, recursive: true);
            }
        }

        return results;
    }

    private static (int Size, string Name, Func<string, int, int, Workload> Create)[] Workloads(
        ComparisonSize options) =>
    [
        (options.Large, "large", Workload.CreateLarge),
        (options.Small, "small", Workload.CreateSmall),
        (options.Mixed, "mixed", Workload.CreateMixed),
        (options.Sparse, "sparse", Workload.CreateSparse),
    ];

    private static string FirstWord(string name) => name.Split([' ', ','])[0];

    private static async Task CompareAsync(
        Workload workload, List<ICopyTool> tools, string folder, ComparisonSize options, ComparisonTable table)
    {
        List<ToolTurns> results = await MeasureAsync(workload, tools, folder, options.Rounds);
        table.Write(workload, results);
        if (options.Plots is { } plots)
        {
            ComparisonPlot.Write(plots, workload, results, Machine.Describe(folder));
            table.WritePicture(workload);
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
}

/// <summary>A tool and what its turns cost, in the order of the rounds.</summary>
internal sealed record ToolTurns(ICopyTool Tool, List<Turn> Turns);
