using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>A process and what it started, as /proc shows them.</summary>
internal static class ProcessTree
{
    /// <summary>Of Linux, on every architecture that .NET runs on.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>Processor seconds of a process and of its children that have ended.</summary>
    public static double ProcessorSeconds(int processId) => Own(processId) + EndedChildrenSeconds(processId);

    /// <summary>Processor seconds of a process's children, and theirs, that have ended.</summary>
    public static double EndedChildrenSeconds(int processId) => Ticks(processId, 13) + Ticks(processId, 14);

    /// <summary>Whether a process has children.</summary>
    public static bool HasChildren(int processId) => Descendants(processId).Count > 1;

    /// <summary>The peak resident memory, so far, of the largest process of a tree; 0 if all have ended.</summary>
    public static long PeakResidentBytes(int processId) => Descendants(processId).Max(PeakOf);

    private static double Own(int processId) => Ticks(processId, 11) + Ticks(processId, 12);

    private static double Ticks(int processId, int index) =>
        Stat(processId) is { Length: > 0 } fields
            ? long.Parse(fields[index], CultureInfo.InvariantCulture) / TicksPerSecond
            : 0;

    /// <summary>The process itself and all below it.</summary>
    private static List<int> Descendants(int processId)
    {
        ILookup<int, int> children = Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out int id) ? id : 0)
            .Where(id => id > 0)
            .Select(id => (Id: id, Fields: Stat(id)))
            .Where(process => process.Fields.Length > 0)
            .ToLookup(process => int.Parse(process.Fields[1], CultureInfo.InvariantCulture), process => process.Id);
        List<int> found = [processId];
        for (int i = 0; i < found.Count; i++)
        {
            found.AddRange(children[found[i]]);
        }

        return found;
    }

    private static long PeakOf(int processId) => Read(processId, "status").Split('\n')
        .Where(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
        .Select(
            line => long.Parse(
                line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024)
        .FirstOrDefault();

    /// <summary>The fields after the process's name, which may itself hold spaces: state, parent, ...</summary>
    private static string[] Stat(int processId)
    {
        string text = Read(processId, "stat");
        return text.Length == 0 ? [] : text[(text.LastIndexOf(')') + 2)..].Split(' ');
    }

    private static string Read(int processId, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/{file}");
        }
        catch (IOException)
        {
            // The process has ended since it was listed.
            return string.Empty;
        }
    }
}
