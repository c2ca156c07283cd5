using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace Dfss.Shell.Tests;

/// <summary>What a dfss process left behind.</summary>
internal sealed record ShellResult(int ExitCode, string Output, string Error)
{
    public string[] OutputLines =>
        Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

/// <summary>A real dfss process with redirected streams; killed on dispose if it still runs.</summary>
internal sealed class ShellProcess : IDisposable
{
    /// <summary>Far more than any of these need; only a process that hangs meets it.</summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly Task<string> _error;

    private ShellProcess(Process process)
    {
        _process = process;
        _error = process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;

    /// <summary>
    /// Whether the tests were started so (by nohup, or in the background by a script) that they ignore SIGHUP or
    /// SIGINT: a child would inherit that. Always false where there is no /proc.
    /// </summary>
    private static bool IgnoresSignals { get; } = File.Exists("/proc/self/status")
        && File.ReadLines("/proc/self/status").Any(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)
            && (ulong.Parse(line.AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 0b11) != 0);

    public static string ShellPath { get; } = Metadata("DfssShell");

    public static string PythonSuite { get; } = Metadata("PythonSuite");

    private static string Metadata(string key) => typeof(ShellProcess).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;

    public static ShellProcess Start(string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessStartInfo start = new(IgnoresSignals ? "env" : "dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        if (IgnoresSignals)
        {
            start.ArgumentList.Add("--default-signal=HUP,INT,TERM");
            start.ArgumentList.Add("dotnet");
        }

        start.ArgumentList.Add(ShellPath);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // Set by a pwsh that the tests were started from (build.ps1): dfss would find that one's modules.
        start.Environment.Remove("PSModulePath");
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new ShellProcess(Process.Start(start)!);
    }

    public static Task<ShellResult> RunAsync(params string[] arguments) => RunAsync(string.Empty, arguments);

    public static async Task<ShellResult> RunAsync(
        string input, string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        using ShellProcess shell = Start(arguments, environment);
        await shell._process.StandardInput.WriteAsync(input);
        return await shell.EndAsync();
    }

    /// <summary>Reads output up to a line that is exactly this.</summary>
    public async Task ReadUntilAsync(string expected)
    {
        using CancellationTokenSource timeLimit = new(TimeLimit);
        string? line;
        do
        {
            line = await _process.StandardOutput.ReadLineAsync(timeLimit.Token)
                ?? throw new InvalidOperationException($"dfss ended before it wrote '{expected}': {await _error}");
        }
        while (line != expected);
    }

    /// <summary>Sends a signal with kill(1), to this process alone.</summary>
    public async Task SignalAsync(string name)
    {
        using Process kill = Process.Start("kill", ["-" + name, Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    public async Task<ShellResult> EndAsync()
    {
        _process.StandardInput.Close();
        using CancellationTokenSource timeLimit = new(TimeLimit);
        string output = await _process.StandardOutput.ReadToEndAsync(timeLimit.Token);
        await _process.WaitForExitAsync(timeLimit.Token);
        return new ShellResult(_process.ExitCode, output, await _error);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    /// <summary>Starts a prompt on a terminal of its own, which script(1) makes.</summary>
    public static ShellProcess StartOnTerminal()
    {
        string reset = IgnoresSignals ? "env --default-signal=HUP,INT,TERM " : string.Empty;

        // exec: a shell that stays (dash does, bash does not) hears Ctrl+C too and gives 130 for its own.
        ProcessStartInfo start = new("/usr/bin/script", ["-qec", $"exec {reset}dotnet '{ShellPath}'", "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return new ShellProcess(Process.Start(start)!);
    }

    /// <summary>Types text without a newline of its own.</summary>
    public async Task TypeAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Reads output until it ends with this; gives what it read.</summary>
    public async Task<string> ReadUntilEndsAsync(string expected)
    {
        using CancellationTokenSource timeLimit = new(TimeLimit);
        StringBuilder read = new();
        char[] one = new char[1];
        while (!read.ToString().EndsWith(expected, StringComparison.Ordinal))
        {
            if (await _process.StandardOutput.ReadAsync(one, timeLimit.Token) == 0)
            {
                throw new InvalidOperationException($"dfss ended before it wrote '{expected}': {read}");
            }

            read.Append(one);
        }

        return read.ToString();
    }
}
