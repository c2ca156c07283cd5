using System.Diagnostics;
using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>
/// What importing the module adds to the start of a process: the engine with the import and without it, in turns, each
/// time a new process; embedded, and as pwsh where that is on PATH.
/// </summary>
internal static class ImportBenchmark
{
    /// <summary>Beyond this a user notices a pause.</summary>
    private const int BoundMilliseconds = 150;

    /// <summary>bin/CONFIGURATION/net10.0 is where this runs from.</summary>
    private static readonly string Configuration =
        new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)).Parent!.Name;

    public static async Task RunAsync(int rounds, TextWriter output)
    {
        string manifest = Path.Combine(Root(), "module", "Dfss", "Dfss.psd1");
        string engine = Path.Combine(
            Root(), "tests", "Dfss.BareEngine", "bin", Configuration, "net10.0", "Dfss.BareEngine.dll");
        string import = $"Import-Module '{manifest}'; ";
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Import of the module, {rounds} rounds, medians; the bound is {BoundMilliseconds} ms."));
        output.WriteLine();
        output.WriteLine("| engine | alone, ms | with the import, ms | the import, ms | its processor time, ms |");
        output.WriteLine("|---|---|---|---|---|");
        await MeasureAsync(
            "embedded", script => new ProcessStartInfo("dotnet", [engine, script]), import, rounds, output);
        if (Programs.Find("pwsh") is { } pwsh)
        {
            await MeasureAsync(
                "pwsh", script => new ProcessStartInfo(pwsh, ["-NoProfile", "-NonInteractive", "-Command", script]),
                import, rounds, output);
        }
    }

    private static async Task MeasureAsync(
        string name, Func<string, ProcessStartInfo> start, string import, int rounds, TextWriter output)
    {
        // Files into the page cache first.
        await RunAsync(start(import));
        List<Start> alone = [];
        List<Start> withImport = [];
        for (int i = 0; i < rounds; i++)
        {
            alone.Add(await RunAsync(start(string.Empty)));
            withImport.Add(await RunAsync(start(import)));
        }

        double added = Figures.Median(alone.Zip(withImport, (without, with) => with.Elapsed - without.Elapsed));
        double processor = Figures.Median(alone.Zip(withImport, (without, with) => with.Processor - without.Processor));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {Figures.Median(alone.Select(run => run.Elapsed)):0} | "
            + $"{Figures.Median(withImport.Select(run => run.Elapsed)):0} "
            + $"| {added:0} | {processor:0} |"));
    }

    private static async Task<Start> RunAsync(ProcessStartInfo start)
    {
        // The process says itself what it took: after its end the system no longer tells.
        start.ArgumentList[^1] += "[int][Environment]::CpuUsage.TotalTime.TotalMilliseconds";
        start.RedirectStandardOutput = true;
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        string processor = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? new Start(
                Stopwatch.GetElapsedTime(began).TotalMilliseconds,
                double.Parse(processor, CultureInfo.InvariantCulture))
            : throw new InvalidOperationException($"{start.FileName} ended with exit code {process.ExitCode}.");
    }

    private sealed record Start(double Elapsed, double Processor);

    private static string Root()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Dfss.sln")))
        {
            folder = folder.Parent
                ?? throw new InvalidOperationException("The benchmarks run in a clone of the repository.");
        }

        return folder.FullName;
    }
}
