using System.Diagnostics;
using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>One command of a user, in a new process of <c>dfss</c>.</summary>
/// <param name="Seconds">
/// How long the command took in it, first-time compilation included, the engine's own start not.
/// </param>
/// <param name="ProcessorSeconds">What the command cost in this process.</param>
/// <param name="PeakResidentBytes">The most memory the process had resident.</param>
internal sealed record ClientRun(double Seconds, double ProcessorSeconds, long PeakResidentBytes)
{
    public static async Task<ClientRun> StartAsync(string command)
    {
        string script = string.Join(
            '\n',
            "$ErrorActionPreference = 'Stop'",
            "$processor = [Environment]::CpuUsage.TotalTime.TotalSeconds",
            "$watch = [Diagnostics.Stopwatch]::StartNew()",
            command,
            "$watch.Stop()",
            "$processor = [Environment]::CpuUsage.TotalTime.TotalSeconds - $processor",
            "$peak = [IO.File]::ReadAllLines('/proc/self/status') | Where-Object { $_.StartsWith('VmHWM:') }",
            "$peak = [long]($peak -replace '[^0-9]') * 1024",
            "[Console]::Out.WriteLine(('{0:r} {1:r} {2}' -f $watch.Elapsed.TotalSeconds, $processor, $peak))");
        using Process process = Shell.Start(script);
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{command}' failed: {await errors}{output}");
        }

        string[] figures = output.Trim().Split('\n')[^1].Split(' ');
        return new ClientRun(
            double.Parse(figures[0], CultureInfo.InvariantCulture),
            double.Parse(figures[1], CultureInfo.InvariantCulture),
            long.Parse(figures[2], CultureInfo.InvariantCulture));
    }
}
