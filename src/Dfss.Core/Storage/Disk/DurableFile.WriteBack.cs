using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <content>Writes back what other processes have mapped and changed.</content>
internal sealed partial class DurableFile
{
    // SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE and _WAIT_AFTER.
    private const uint WaitWriteWait = 1 | 2 | 4;

    /// <summary>
    /// Has the system write back the cached pages of a file that another process may have mapped. The next write
    /// through the mapping then sets the file's times again; one to a page that is not written back yet does not. On
    /// Linux it does not flush the drive, as a sync does even for a file that has nothing to write. Unix only, and
    /// without effect on a file system in memory.
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public static void WriteBack(SafeFileHandle file, string path)
    {
        while (WriteBackOnce(file) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error is InvalidArgument or ReadOnlyFileSystem)
            {
                // A file of /proc, for example: there is nothing to write.
                return;
            }

            if (error != Interrupted)
            {
                throw Failed(error, "sync", path);
            }
        }
    }

    private static int WriteBackOnce(SafeFileHandle file)
    {
        if (OperatingSystem.IsLinux() && SyncsRanges(file))
        {
            int result = FileSyncRange(file, offset: 0, length: 0, WaitWriteWait);
            if (result == 0 || Marshal.GetLastPInvokeError() != NotImplemented)
            {
                return result;
            }
        }

        return OperatingSystem.IsMacOS() ? FileSync(file) : FileDataSync(file);
    }

    /// <summary>
    /// Whether sync_file_range writes the file's dirty pages. It does nothing and reports success on a file system that
    /// is made of another one, such as the overlay of a container, because the pages are those of the file below.
    /// </summary>
    private static unsafe bool SyncsRanges(SafeFileHandle file)
    {
        const int StatisticsBytes = 256;
        const long Ext = 0xEF53, Xfs = 0x58465342, Btrfs = 0x9123683E, Memory = 0x01021994;
        byte* statistics = stackalloc byte[StatisticsBytes];
        return FileSystemStatistics(file, statistics) == 0
            && (long)Unsafe.ReadUnaligned<nint>(statistics) is Ext or Xfs or Btrfs or Memory;
    }

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    private static partial int FileSyncRange(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport("libc", EntryPoint = "fstatfs", SetLastError = true)]
    private static unsafe partial int FileSystemStatistics(SafeFileHandle file, byte* statistics);
}
