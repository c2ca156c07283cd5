using System.Diagnostics;

namespace Dfss.Testing;

/// <summary>A program of the system that a test needs, run to its end.</summary>
internal static class SystemTool
{
    /// <summary>Where it is; null where it is not installed.</summary>
    public static string? Find(string name) => new[] { "/usr/sbin", "/usr/bin", "/sbin", "/bin" }
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Runs it.</summary>
    /// <exception cref="InvalidOperationException">Its exit code is above <paramref name="maxExitCode"/>.</exception>
    public static void Run(string name, IEnumerable<string> arguments, int maxExitCode = 0) =>
        Read(name, arguments, maxExitCode);

    /// <summary>Runs it, and gives what it has written.</summary>
    /// <exception cref="InvalidOperationException">Its exit code is above <paramref name="maxExitCode"/>.</exception>
    public static string Read(string name, IEnumerable<string> arguments, int maxExitCode = 0)
    {
        ProcessStartInfo start = new(
            Find(name) ?? throw new InvalidOperationException($"{name} is not installed."), arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode > maxExitCode)
        {
            throw new InvalidOperationException($"{name} ended with {process.ExitCode}: {errors}{output.Result}");
        }

        return output.Result;
    }
}
