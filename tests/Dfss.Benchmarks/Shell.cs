using System.Diagnostics;

namespace Dfss.Benchmarks;

/// <summary>The built <c>dfss</c>, of the configuration that the benchmarks were built in.</summary>
internal static class Shell
{
    /// <summary>The clone of the repository that this runs in.</summary>
    public static string Root { get; } = FindRoot();

    private static readonly string Program = Find();

    /// <summary>Starts <c>dfss -Command</c>, its output and errors redirected.</summary>
    public static Process Start(string command)
    {
        ProcessStartInfo start = new("dotnet", [Program, "-Command", command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    private static string Find()
    {
        // bin/CONFIGURATION/net10.0 here; the same there.
        DirectoryInfo own = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(Root, "src", "Dfss.Shell", "bin", own.Parent!.Name, own.Name, "dfss.dll");
    }

    private static string FindRoot()
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
