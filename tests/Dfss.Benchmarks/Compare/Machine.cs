using System.Globalization;
using System.Reflection;

namespace Dfss.Benchmarks;

/// <summary>Where and when something was measured.</summary>
internal static class Machine
{
    /// <summary>What a reader of the figures must know about them.</summary>
    public static string Describe(string folder)
    {
        string commit = typeof(Machine).Assembly
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC, dfss {commit}, {Environment.ProcessorCount} processors, "
            + $"kernel {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}, {new DriveInfo(folder).DriveFormat}, "
            + $"load average {LoadAverage()}");
    }

    /// <summary>Of the last minute.</summary>
    public static string LoadAverage() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    /// <summary>
    /// Writes back what earlier commands left in the page cache, and has memory ready, so that what is measured next
    /// does not pay for what was measured before.
    /// </summary>
    /// <param name="workload">
    /// What is copied next, at most twice. As much again is for the processes, at most half a GiB: touching that for
    /// each of a hundred small commands would take longer than they do.
    /// </param>
    public static async Task SettleAsync(Workload workload)
    {
        await Command.MeasureAsync("sync", []);
        long copies = 2 * workload.CachedBytes;
        MachineLimits.TouchMemory(copies + Math.Min(copies, 512L << 20));
    }
}
