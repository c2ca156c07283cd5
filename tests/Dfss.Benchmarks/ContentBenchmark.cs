using System.Diagnostics;
using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>
/// The memory and the time of content that goes through the pipeline without a local file: two peers with stores on
/// disk, one copy of each chunk, each command in a process of <c>dfss</c> of its own.
/// </summary>
internal static class ContentBenchmark
{
    /// <summary>160 MB of 1,000 kB, as the kernel counts: the bound is 150 MB, and a busy machine has a little more in
    /// flight.</summary>
    private const int LimitMB = 160;

    private const string Begin =
        "$ErrorActionPreference = 'Stop'; $clock = [System.Diagnostics.Stopwatch]::StartNew(); ";

    /// <summary>The time, and the most memory that the process had resident, by its own account.</summary>
    private const string End = """
        ; $seconds = $clock.Elapsed.TotalSeconds
        $peak = [System.IO.File]::ReadAllLines('/proc/self/status').Where({ $_ -match '^VmHWM' })[0] -replace '\D'
        [Console]::Out.WriteLine([string]::Format([cultureinfo]::InvariantCulture, '{0} {1}', $seconds, $peak))
        """;

    /// <returns>Whether each command stayed below the limit of memory.</returns>
    public static async Task<bool> RunAsync(string folder, int mebibytes, TextWriter output)
    {
        Environment.SetEnvironmentVariable("XDG_STATE_HOME", Path.Combine(folder, "state"));
        await using ShellPeer first = await ShellPeer.StartAsync(Path.Combine(folder, "store1"));
        await using ShellPeer second = await ShellPeer.StartAsync(Path.Combine(folder, "store2"));
        Environment.SetEnvironmentVariable("DFSS_PEER", $"{first.Address},{second.Address}");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{mebibytes} MiB of random bytes, two peers on disk, one copy, {Environment.ProcessorCount} processors."));
        output.WriteLine();
        output.WriteLine("| | seconds | MiB/s | most memory, MB |");
        output.WriteLine("|---|---|---|---|");
        await MeasureAsync("a listing", "$null = Get-DfssFileInfo", mebibytes: null, output);
        double set = await MeasureAsync(
            "`Set-DfssContent -AsByteStream`, blocks of 1 MiB",
            $"$random = [Random]::new(1); $block = [byte[]]::new(1MB); "
                + $"& {{ for ($i = 0; $i -lt {mebibytes}; $i++) {{ $random.NextBytes($block); , $block }} }} | "
                + "Set-DfssContent x -AsByteStream -Replicas 1",
            mebibytes,
            output);
        double get = await MeasureAsync(
            "`Get-DfssContent -AsByteStream -Raw`",
            "Get-DfssContent x -AsByteStream -Raw | & { process { $length += $_.Length } }",
            mebibytes,
            output);
        double open = await MeasureAsync(
            "`Open-DfssFile`, hashed",
            "$stream = Open-DfssFile x; $null = [System.Security.Cryptography.SHA256]::HashData($stream); "
                + "$stream.Dispose()",
            mebibytes,
            output);
        bool isWithin = Math.Max(Math.Max(set, get), open) <= LimitMB;
        if (!isWithin)
        {
            output.WriteLine();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Over the limit of {LimitMB} MB."));
        }

        return isWithin;
    }

    /// <returns>The most memory, in MB.</returns>
    private static async Task<double> MeasureAsync(string name, string command, int? mebibytes, TextWriter output)
    {
        using Process process = Shell.Start(Begin + command + End);
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string[] figures = (await process.StandardOutput.ReadToEndAsync()).Trim().Split(' ');
        await process.WaitForExitAsync();
        if (process.ExitCode != 0 || figures.Length != 2)
        {
            throw new InvalidOperationException($"{name}: {await error}");
        }

        double seconds = double.Parse(figures[0], CultureInfo.InvariantCulture);
        double peak = double.Parse(figures[1], CultureInfo.InvariantCulture) / 1000;
        string rate = mebibytes is int moved
            ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} | {moved / seconds:0}")
            : " | ";
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {rate} | {peak:0} |"));
        return peak;
    }
}
