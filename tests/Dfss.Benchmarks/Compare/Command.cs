using System.Diagnostics;

namespace Dfss.Benchmarks;

/// <summary>One command of a rival, measured from outside.</summary>
internal static class Command
{
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">Its name or path.</param>
    /// <param name="arguments">What it is told.</param>
    /// <param name="server">The server it speaks to, whose cost counts too.</param>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static async Task<Cost> MeasureAsync(string program, string[] arguments, ServerProcess? server = null)
    {
        double processor = ProcessorSeconds(server);
        long clientPeak = 0;
        long? serverPeak = null;
        long began = Stopwatch.GetTimestamp();
        using Process process = Start(program, arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task ended = process.WaitForExitAsync();
        while (!ended.IsCompleted)
        {
            clientPeak = Math.Max(clientPeak, ProcessTree.PeakResidentBytes(process.Id));
            serverPeak = server is null ? null : Math.Max(serverPeak ?? 0, ProcessTree.PeakResidentBytes(server.Id));
            await Task.WhenAny(ended, Task.Delay(SampleInterval));
        }

        await ended;
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"'{program} {string.Join(' ', arguments)}' failed: {await errors}{await output}");
        }

        if (server is not null)
        {
            await server.WaitUntilIdleAsync();
        }

        return new Cost(seconds, ProcessorSeconds(server) - processor, clientPeak, serverPeak);
    }

    /// <summary>The first line a program prints, wherever it prints it.</summary>
    public static async Task<string> ReadFirstLineAsync(string program, params string[] arguments)
    {
        using Process process = Start(program, arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (output + await errors).Split('\n')[0].Trim();
    }

    public static Process Start(string program, string[] arguments) => Process.Start(
        new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;

    /// <summary>
    /// A program that has ended is counted as an ended child of this process, a server's session as one of the server.
    /// </summary>
    private static double ProcessorSeconds(ServerProcess? server) =>
        ProcessTree.EndedChildrenSeconds(Environment.ProcessId)
        + (server is null ? 0 : ProcessTree.ProcessorSeconds(server.Id));
}
