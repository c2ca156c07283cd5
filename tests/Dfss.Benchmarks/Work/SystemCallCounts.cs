using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>System calls by name.</summary>
internal sealed class SystemCallCounts(IReadOnlyDictionary<string, long> counts)
{
    /// <summary>All of them.</summary>
    public long Total => counts.Values.Sum();

    /// <summary>Sends to sockets. A request is one, with or without TLS, so that a client's are its round
    /// trips.</summary>
    public long Sends => Count("sendto", "sendmsg");

    /// <summary>Waits for the disk.</summary>
    public long Syncs => Count("fsync", "fdatasync");

    /// <summary>The most frequent, for each unit of the work.</summary>
    public string Describe(int units) => string.Join(", ", counts
        .OrderByDescending(call => call.Value)
        .TakeWhile(call => call.Value * 20 >= units)
        .Select(call => string.Create(
            CultureInfo.InvariantCulture, $"{call.Key} {(double)call.Value / units:0.0}")));

    private long Count(params ReadOnlySpan<string> names)
    {
        long count = 0;
        foreach (string name in names)
        {
            count += counts.GetValueOrDefault(name);
        }

        return count;
    }
}
