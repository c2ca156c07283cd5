using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>What tells a local file, and a state of it, from others. Two equal ones, taken at different times, are one
/// unchanged file, except where it was edited and its times were set back within one tick of the disk's clock. No
/// device number: for network and stacked file systems it is another one after each mount.</summary>
/// <param name="Length">The length in bytes.</param>
/// <param name="Modified">The last write; programs may set it.</param>
/// <param name="Changed">The last change of content, name or mode, in ns since 1970 UTC; no program can set it.</param>
/// <param name="FileNumber">The inode's number, or Windows' file id.</param>
internal readonly partial record struct FileStatus(long Length, UnixTime Modified, long Changed, UInt128 FileNumber)
{
    /// <summary>The bytes of the encoding.</summary>
    public const int SizeBytes = 40;

    /// <summary>Whether the file has no name any more; not in the encoding.</summary>
    public bool IsRemoved { get; init; }

    /// <summary>The status of an open file; null where this system does not tell all of it.</summary>
    public static FileStatus? Of(SafeFileHandle handle) => OperatingSystem.IsLinux() ? OfLinux(handle)
        : OperatingSystem.IsMacOS() ? OfMac(handle)
        : OperatingSystem.IsWindows() ? OfWindows(handle)
        : null;

    /// <summary>Whether the path is a regular file or a folder, after following links, and not a FIFO, socket or
    /// device; also true where it cannot be examined: opening it tells why.</summary>
    public static bool IsRegular(string path)
    {
        const int FileTypeMask = 0xF000;
        const int RegularFile = 0x8000;
        int? mode = OperatingSystem.IsLinux() ? ModeOnLinux(path) : OperatingSystem.IsMacOS() ? ModeOnMac(path) : null;
        return mode is not int known || (known & FileTypeMask) == RegularFile;
    }

    /// <summary>Writes the encoding, big-endian, in the order of the fields.</summary>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination, Length);
        BinaryPrimitives.WriteInt64BigEndian(destination[8..], Wrap(Modified));
        BinaryPrimitives.WriteInt64BigEndian(destination[16..], Changed);
        BinaryPrimitives.WriteUInt128BigEndian(destination[24..], FileNumber);
    }

    /// <summary>In 64 bits: the years 1678 to 2262 fit, and other times still differ from each other.</summary>
    private static long Wrap(UnixTime time) => unchecked((long)time.Nanoseconds);
}
