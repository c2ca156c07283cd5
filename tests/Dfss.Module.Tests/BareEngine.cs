using System.Diagnostics;
using System.Reflection;

namespace Dfss.Tests;

/// <summary>
/// The engine alone in a process of its own: what is loaded into it, and in which order, is the script's.
/// </summary>
internal static class BareEngine
{
    /// <summary>
    /// The assembly of a module that brings other versions of our dependencies into the default context.
    /// </summary>
    public static string NeighbourPath { get; } = ReadMetadata("Neighbour");

    /// <summary>Runs a script that has no error; gives the lines that it wrote.</summary>
    public static async Task<string[]> RunAsync(string script, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new("dotnet", [ReadMetadata("BareEngine"), script])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0
            ? output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)
            : throw new InvalidOperationException(await errors);
    }

    private static string ReadMetadata(string key) => typeof(BareEngine).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
