using System.Diagnostics;

namespace Dfss.Benchmarks;

/// <summary>The built <c>dfss</c>, of the configuration that the benchmarks were built in.</summary>
internal static class Shell
{
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
        DirectoryInfo? root = own;
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Dfss.sln")))
        {
            root = root.Parent;
        }

        return Path.Combine(
            (root ?? own).FullName, "src", "Dfss.Shell", "bin", own.Parent!.Name, own.Name, "dfss.dll");
    }
}
