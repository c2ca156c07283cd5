using System.Diagnostics;
using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>
/// What importing the module costs beyond the import of an empty binary module that is loaded in the same way: both in
/// turns, each time in a new process; embedded, and as pwsh where that is on PATH.
/// </summary>
internal static class ImportBenchmark
{
    /// <summary>Beyond this a user notices a pause.</summary>
    private const int BoundMilliseconds = 100;

    /// <summary>bin/CONFIGURATION/net10.0 is where this runs from.</summary>
    private static readonly string Configuration =
        new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)).Parent!.Name;

    public static async Task RunAsync(string folder, int rounds, TextWriter output)
    {
        string module = Path.Combine(Shell.Root, "module", "Dfss");
        string engine = Path.Combine(
            Shell.Root, "tests", "Dfss.BareEngine", "bin", Configuration, "net10.0", "Dfss.BareEngine.dll");
        string[] manifests =
            [await MakeEmptyModuleAsync(folder, Path.Combine(module, "lib")), Path.Combine(module, "Dfss.psd1")];
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Import of the module beyond that of an empty one, {rounds} rounds; bound: {BoundMilliseconds} ms."));
        output.WriteLine();
        output.WriteLine("| engine | time, ms: median | least | processor time, ms: median | least |");
        output.WriteLine("|---|---|---|---|---|");
        await MeasureAsync(
            "embedded", script => new("dotnet", [engine, script]), manifests, rounds, output);
        if (Programs.Find("pwsh") is { } pwsh)
        {
            await MeasureAsync(
                "pwsh", script => new(pwsh, ["-NoProfile", "-NonInteractive", "-Command", script]),
                manifests, rounds, output);
        }
    }

    /// <summary>A module with the same parts as DFSS and no cmdlet; its assembly is the smallest of DFSS.</summary>
    private static async Task<string> MakeEmptyModuleAsync(string folder, string library)
    {
        File.Copy(Path.Combine(library, "Dfss.Loader.dll"), Path.Combine(folder, "Empty.dll"));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "Empty.psm1"),
            """
            $library = [System.IO.Path]::Combine($PSScriptRoot, 'Empty.dll')
            $inner = Import-Module -Assembly ([System.Reflection.Assembly]::LoadFrom($library)) -PassThru
            $ExecutionContext.SessionState.Module.OnRemove = { $inner | Remove-Module -Force }
            """);
        string manifest = Path.Combine(folder, "Empty.psd1");
        await File.WriteAllTextAsync(
            manifest,
            """
            @{
                RootModule = 'Empty.psm1'; ModuleVersion = '1.0.0'; GUID = '1f0a4a3c-4f5f-4e0e-9a57-6f1f1e1c0b55'
                PowerShellVersion = '7.6'; FunctionsToExport = @(); CmdletsToExport = @(); AliasesToExport = @()
                VariablesToExport = @()
            }
            """);
        return manifest;
    }

    private static async Task MeasureAsync(
        string name, Func<string, ProcessStartInfo> start, string[] manifests, int rounds, TextWriter output)
    {
        List<Start>[] runs = [[], []];
        // The first round puts the files into the page cache.
        for (int round = 0; round <= rounds; round++)
        {
            for (int i = 0; i < manifests.Length; i++)
            {
                Start run = await RunAsync(start($"Import-Module '{manifests[i]}'; "));
                if (round > 0)
                {
                    runs[i].Add(run);
                }
            }
        }

        double Median(Func<Start, double> figure) =>
            Figures.Median(runs[0].Zip(runs[1], (empty, ours) => figure(ours) - figure(empty)));
        double Least(Func<Start, double> figure) => runs[1].Min(figure) - runs[0].Min(figure);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {Median(run => run.Elapsed):0} | {Least(run => run.Elapsed):0} "
            + $"| {Median(run => run.Processor):0} | {Least(run => run.Processor):0} |"));
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
}
