using System.Globalization;

namespace Dfss.Benchmarks;

/// <summary>What a process has done so far.</summary>
/// <param name="AllocatedBytes">Managed memory allocated.</param>
/// <param name="ReadBytes">Bytes read from files, by the kernel's count.</param>
/// <param name="WrittenBytes">Bytes written to files, by the kernel's count.</param>
internal readonly record struct ProcessWork(long AllocatedBytes, long ReadBytes, long WrittenBytes)
{
    /// <summary>Of this process. Sockets are not counted: they use other calls than read and write.</summary>
    public static ProcessWork Read()
    {
        string[] lines = File.ReadAllLines("/proc/self/io");
        return new ProcessWork(GC.GetTotalAllocatedBytes(precise: true), Find("rchar: "), Find("wchar: "));

        long Find(string name) => long.Parse(
            lines.First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..],
            CultureInfo.InvariantCulture);
    }

    public static ProcessWork Parse(string line)
    {
        long[] figures = [.. line.Split(' ').Select(text => long.Parse(text, CultureInfo.InvariantCulture))];
        return new ProcessWork(figures[0], figures[1], figures[2]);
    }

    public static ProcessWork operator -(ProcessWork after, ProcessWork before) => new(
        after.AllocatedBytes - before.AllocatedBytes,
        after.ReadBytes - before.ReadBytes,
        after.WrittenBytes - before.WrittenBytes);

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{AllocatedBytes} {ReadBytes} {WrittenBytes}");
}
