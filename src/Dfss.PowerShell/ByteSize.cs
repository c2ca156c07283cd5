using System.Globalization;

namespace Dfss;

/// <summary>Numbers of bytes as people read them.</summary>
public static class ByteSize
{
    private static readonly string[] Units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];

    /// <summary>
    /// A number of bytes with the unit that fits (1 KB = 1024 B), for example <c>12.3 MB</c>; empty for null.
    /// </summary>
    public static string ToText(long? bytes)
    {
        if (bytes is not { } value)
        {
            return string.Empty;
        }

        int unit = 0;
        double scaled = value;
        while (Math.Abs(scaled) >= 1023.95 && unit < Units.Length - 1)
        {
            scaled /= 1024;
            unit++;
        }

        string format = unit == 0 ? "0" : "0.0";
        return $"{scaled.ToString(format, CultureInfo.InvariantCulture)} {Units[unit]}";
    }
}
