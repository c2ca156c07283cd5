using System.Runtime.InteropServices;

namespace Dfss.Transfer;

/// <summary>What .NET does not tell of a path: whether it is a regular file, or a FIFO, socket or device.</summary>
internal static partial class FileKind
{
    /// <summary>
    /// Whether the path is a regular file or a folder, after following links; also true where it cannot be examined:
    /// opening it tells why.
    /// </summary>
    public static unsafe bool IsRegular(string path)
    {
        const int FileTypeMask = 0xF000;
        const int RegularFile = 0x8000;
        if (OperatingSystem.IsLinux())
        {
            // struct statx is the same on every architecture: stx_mode is the 16 bits at offset 28.
            const int CurrentFolder = -100;
            const uint TypeOnly = 1;
            byte* status = stackalloc byte[256];
            return Statx(CurrentFolder, path, 0, TypeOnly, status) != 0 || (*(ushort*)(status + 28) & FileTypeMask) == RegularFile;
        }

        if (OperatingSystem.IsMacOS())
        {
            // struct stat with 64-bit inodes: st_dev has 4 bytes, st_mode the next 2.
            byte* status = stackalloc byte[256];
            int result = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? StatInode64(path, status) : Stat(
                path, status);
            return result != 0 || (*(ushort*)(status + 4) & FileTypeMask) == RegularFile;
        }

        return true;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int folder, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "stat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatInode64(string path, byte* status);

    [LibraryImport("libc", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Stat(string path, byte* status);
}
