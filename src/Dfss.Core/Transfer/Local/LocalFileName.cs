using System.Buffers;
using System.Text;

namespace Dfss.Transfer;

/// <summary>Which names a file or folder of this machine, or of Windows, can have.</summary>
public static class LocalFileName
{
    /// <summary>
    /// 255: the longest part of the usual file systems, in bytes of UTF-8 on Unix and in UTF-16 units on Windows.
    /// </summary>
    public const int MaxPartLength = 255;

    private static readonly SearchValues<char> NotOnWindows = SearchValues.Create("<>:\"|?*\\/");
    private static readonly string[] Devices = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

    /// <summary>Whether a name is too long for a disk.</summary>
    /// <param name="part">One part of a path.</param>
    /// <param name="isWindows">Whether the disk is one of Windows.</param>
    public static bool IsTooLong(string part, bool isWindows)
    {
        ArgumentNullException.ThrowIfNull(part);
        return (isWindows ? part.Length : Encoding.UTF8.GetByteCount(part)) > MaxPartLength;
    }

    /// <summary>Whether Windows can have a file of this name, and opens nothing else by it.</summary>
    /// <param name="part">One part of a path.</param>
    public static bool IsWindowsName(string part)
    {
        ArgumentException.ThrowIfNullOrEmpty(part);
        ReadOnlySpan<char> stem = part.AsSpan();
        int dot = stem.IndexOf('.');
        stem = (dot < 0 ? stem : stem[..dot]).TrimEnd(' ');
        return !part.AsSpan().ContainsAny(NotOnWindows) && !part.Any(character => character < ' ')
            && part[^1] is not ('.' or ' ') && !IsDevice(stem);
    }

    private static bool IsDevice(ReadOnlySpan<char> stem)
    {
        string text = stem.ToString();
        if (stem.Length == 4 && (stem.StartsWith("COM", StringComparison.OrdinalIgnoreCase)
            || stem.StartsWith("LPT", StringComparison.OrdinalIgnoreCase)))
        {
            // Windows treats the superscript digits as digits here.
            return char.IsAsciiDigit(stem[3]) || stem[3] is '\u00b9' or '\u00b2' or '\u00b3';
        }

        return Devices.Any(device => device.Equals(text, StringComparison.OrdinalIgnoreCase));
    }
}
