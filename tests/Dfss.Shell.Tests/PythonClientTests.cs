using System.Diagnostics;

namespace Dfss.Shell.Tests;

/// <summary>The client in examples/python, written from docs/protocol.md alone, against peers of this build.</summary>
public sealed class PythonClientTests(ITestOutputHelper output)
{
    private const string Python = "/usr/bin/python3";

    /// <summary>The suite takes well under a minute; only one that hangs meets this.</summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task The_python_client_passes_its_suite()
    {
        Assert.SkipUnless(File.Exists(Python), $"{Python} is not installed");
        Assert.SkipUnless(
            await RunAsync("-c", "import sys; sys.exit(sys.version_info < (3, 11))") is (0, _),
            $"{Python} is older than 3.11");
        Assert.SkipUnless(await RunAsync("-c", "import msgpack") is (0, _), "python3-msgpack is not installed");

        (int exitCode, string report) = await RunAsync("-B", ShellProcess.PythonSuite);

        output.WriteLine(report);
        Assert.True(exitCode == 0, report);
    }

    private static async Task<(int ExitCode, string Report)> RunAsync(params string[] arguments)
    {
        ProcessStartInfo start = new(Python, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DFSS_SHELL"] = ShellProcess.ShellPath;
        using Process process = Process.Start(start)!;
        using CancellationTokenSource timeLimit = new(TimeLimit);
        try
        {
            Task<string> results = process.StandardOutput.ReadToEndAsync(timeLimit.Token);
            string errors = await process.StandardError.ReadToEndAsync(timeLimit.Token);
            string report = errors + await results;
            await process.WaitForExitAsync(timeLimit.Token);
            return (process.ExitCode, report);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
