using System.Diagnostics;
using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>
/// How long Tab takes for a stored name, whatever the peers do: a running one, a stopped one, an address where nothing
/// listens, and 100,000 names in memory. In one process of <c>dfss</c>; the first completion of a case is not known
/// yet.
/// </summary>
internal static class CompletionBenchmark
{
    /// <summary>Beyond this a user notices a pause.</summary>
    private const int BoundMilliseconds = 150;

    private const string Script = """
        $ErrorActionPreference = 'Stop'
        function Measure-Case([string] $name, [string] $line, [int] $rounds) {
            foreach ($round in 0..$rounds) {
                $watch = [Diagnostics.Stopwatch]::StartNew()
                $found = [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null)
                $time = $watch.Elapsed.TotalMilliseconds
                [Console]::Out.WriteLine(
                    ('CASE|{0}|{1}|{2:r}|{3}' -f $name, $round, $time, $found.CompletionMatches.Count))
            }
        }
        $peer = Start-DfssPeer -InMemory -Port 0
        $null = Send-DfssFile SOURCE -Peer $peer
        Measure-Case 'a peer' "Get-DfssFileInfo -Peer $($peer.Endpoint) " ROUNDS
        $stopped = Start-DfssPeer STORE -Port 0 -Detached
        try {
            $null = Send-DfssFile SOURCE -Peer $stopped
            kill -STOP $stopped.ProcessId
            Measure-Case 'a stopped peer' "Get-DfssFileInfo -Peer $($stopped.Endpoint) " ROUNDS
            Measure-Case 'a stopped peer, not asked before' "Get-DfssFileInfo -Peer 127.0.0.1:$($stopped.Port) " ROUNDS
        }
        finally {
            kill -CONT $stopped.ProcessId
            $stopped | Stop-DfssPeer
        }
        Measure-Case 'nothing listens' 'Get-DfssFileInfo -Peer localhost:1 ' ROUNDS
        Measure-Case 'an address that drops' 'Get-DfssFileInfo -Peer 192.0.2.1:9000 ' ROUNDS
        $cache = (Get-Command Get-DfssFileInfo).ImplementingType.Assembly.GetType('Dfss.Commands.NameCache')
        $of = $cache.GetMethod('Of', [Reflection.BindingFlags] 'NonPublic, Static')
        $list = $of.Invoke($null, @('files||localhost:2'))
        $add = $list.GetType().GetMethod('Add', [Reflection.BindingFlags] 'NonPublic, Instance')
        foreach ($number in 1..100000) {
            $null = $add.Invoke($list, @("folder$($number % 100)/file$number", [long[]] 1))
        }
        Measure-Case '100,000 names, all' 'Get-DfssFileInfo -Peer localhost:2 ' ROUNDS
        Measure-Case '100,000 names, a folder' 'Get-DfssFileInfo -Peer localhost:2 folder42/' ROUNDS
        Measure-Case '100,000 names, one' 'Get-DfssFileInfo -Peer localhost:2 folder42/file99942' ROUNDS
        """;

    public static async Task RunAsync(string folder, int rounds, TextWriter output)
    {
        string source = Path.Combine(folder, "a.txt");
        await File.WriteAllTextAsync(source, "a");
        using Process process = Shell.Start(Script
            .Replace("SOURCE", $"'{source}'", StringComparison.Ordinal)
            .Replace("STORE", $"'{Path.Combine(folder, "store")}'", StringComparison.Ordinal)
            .Replace("ROUNDS", rounds.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"The commands failed: {await errors}{text}");
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Completion of a stored name, {rounds} rounds after a first one; the bound is {BoundMilliseconds} ms."));
        output.WriteLine();
        output.WriteLine("| case | first, ms | median, ms | longest, ms | offered |");
        output.WriteLine("|---|---|---|---|---|");
        foreach (IGrouping<string, string[]> group in text.Split('\n')
            .Where(line => line.StartsWith("CASE|", StringComparison.Ordinal)).Select(line => line.Trim().Split('|'))
            .GroupBy(parts => parts[1]))
        {
            double[] times = [.. group.Select(parts => double.Parse(parts[3], CultureInfo.InvariantCulture))];
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {group.Key} | {times[0]:0} | {Figures.Median(times[1..]):0} | {times[1..].Max():0} | "
                    + $"{group.Last()[4]} |"));
        }
    }
}
