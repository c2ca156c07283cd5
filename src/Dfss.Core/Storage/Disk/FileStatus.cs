using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>
/// The status of a file that the system gives and .NET does not. While length, both times and number are equal at two
/// times, the file is unchanged, except where it was edited and its times were set back within one tick of the disk's
/// clock.
/// </summary>
/// <param name="Length">The length in bytes.</param>
/// <param name="Modified">The last write; programs may set it.</param>
/// <param name="Changed">The last change of content, name or mode, in ns since 1970 UTC; no program can set it.</param>
/// <param name="Number">The inode's number, or Windows' file id: the file in its file system.</param>
internal readonly partial record struct FileStatus(long Length, UnixTime Modified, long Changed, UInt128 Number)
{
    private const int FileTypeMask = 0xF000;
    private const int RegularFile = 0x8000;

    /// <summary>The user that this process works for; Unix only.</summary>
    public static uint CurrentUser => GetEffectiveUserId();

    /// <summary>The file system; network and stacked ones have another number after each mount. 0 on Windows.</summary>
    public ulong Device { get; init; }

    /// <summary>The user id of its owner; 0 on Windows.</summary>
    public uint Owner { get; init; }

    /// <summary>Whether the file has no name any more; never on Windows.</summary>
    public bool IsRemoved { get; init; }

    /// <summary>Unix' file type and permission bits; 0 on Windows.</summary>
    private int Mode { get; init; }

    /// <summary>The status of an open file; null if this system does not give all of it.</summary>
    public static FileStatus? Of(SafeFileHandle file) => OperatingSystem.IsLinux() ? OfLinux(file)
        : OperatingSystem.IsMacOS() ? OfMac(file)
        : OperatingSystem.IsWindows() ? OfWindows(file)
        : null;

    /// <summary>The status of a path; null where there is nothing, and on Windows.</summary>
    public static FileStatus? Of(string path, bool followsLinks) =>
        OperatingSystem.IsLinux() ? OfLinux(path, followsLinks)
            : OperatingSystem.IsMacOS() ? OfMac(path, followsLinks)
            : null;

    /// <summary>
    /// Whether the path is that of an open file, and not of another file or of a link to it. Unix only.
    /// </summary>
    public static bool IsAt(string path, SafeFileHandle file) => Of(file) is { } open
        && Of(path, followsLinks: false) is { } found && (found.Device, found.Number) == (open.Device, open.Number);

    /// <summary>
    /// Whether the path is a regular file, after following links, and not a folder, FIFO, socket or device; also true
    /// if it cannot be examined: opening it gives the error.
    /// </summary>
    public static bool IsRegular(string path) =>
        Of(path, followsLinks: true) is not { } found || (found.Mode & FileTypeMask) == RegularFile;

    /// <summary>In 64 bits: the years 1678 to 2262 fit, and other times still differ from each other.</summary>
    public static long Wrap(UnixTime time) => unchecked((long)time.Nanoseconds);
}
