using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <content>
/// The system calls: .NET tells neither the change time nor the inode, nor what kind of file a path is.
/// </content>
internal readonly partial record struct FileStatus
{
    /// <summary>Room for any struct stat or statx: 256 bytes on Linux, 144 on macOS.</summary>
    private const int MaxStatusBytes = 256;

    private static unsafe FileStatus? OfLinux(SafeFileHandle handle)
    {
        const int EmptyPath = 0x1000;
        const uint BasicStatus = 0x7FF;
        byte* status = stackalloc byte[MaxStatusBytes];

        // struct statx is the same on every architecture. What it says that it has is at offset 0: the type, links,
        // both times, inode and size are needed.
        const uint Needed = 1 | 4 | 0x40 | 0x80 | 0x100 | 0x200;
        bool isTold = Statx(handle, string.Empty, EmptyPath, BasicStatus, status) == 0 && (*(uint*)status & Needed) == Needed;
        return isTold
            ? new FileStatus(*(long*)(status + 40), ReadTime(status + 112), Wrap(ReadTime(status + 96)), *(ulong*)(status + 32))
            {
                IsRemoved = *(uint*)(status + 16) == 0,
            }
            : null;
    }

    private static unsafe int? ModeOnLinux(string path)
    {
        const int CurrentFolder = -100;
        const uint TypeOnly = 1;
        byte* status = stackalloc byte[MaxStatusBytes];
        return Statx(CurrentFolder, path, 0, TypeOnly, status) == 0 ? *(ushort*)(status + 28) : null;
    }

    private static unsafe FileStatus? OfMac(SafeFileHandle handle)
    {
        // struct stat with 64-bit inodes: st_dev has 4 bytes, st_mode and st_nlink 2 each, st_ino 8; the times follow
        // from 32 in the order access, modification, change, birth, then the size.
        byte* status = stackalloc byte[MaxStatusBytes];
        int result = IsMacOnIntel ? StatOfHandleInode64(handle, status) : StatOfHandle(handle, status);
        return result == 0
            ? new FileStatus(*(long*)(status + 96), ReadTime(status + 48), Wrap(ReadTime(status + 64)), *(ulong*)(status + 8))
            {
                IsRemoved = *(ushort*)(status + 6) == 0,
            }
            : null;
    }

    private static unsafe int? ModeOnMac(string path)
    {
        byte* status = stackalloc byte[MaxStatusBytes];
        int result = IsMacOnIntel ? StatInode64(path, status) : Stat(path, status);
        return result == 0 ? *(ushort*)(status + 4) : null;
    }

    private static unsafe FileStatus? OfWindows(SafeFileHandle handle)
    {
        // FILE_BASIC_INFO: creation, access, write and change time in 100 ns since 1601, attributes. FILE_ID_INFO: the
        // volume in 8 bytes, the file's id in 16. Not every file system has both.
        const int BasicInformation = 0;
        const int IdInformation = 18;
        byte* basic = stackalloc byte[40];
        byte* id = stackalloc byte[24];
        bool isTold = GetFileInformation(handle, BasicInformation, basic, 40) && GetFileInformation(handle, IdInformation, id, 24);
        return isTold
            ? new FileStatus(
                RandomAccess.GetLength(handle), FromWindowsTime(*(long*)(basic + 16)), Wrap(FromWindowsTime(*(long*)(basic + 24))),
                new UInt128(*(ulong*)(id + 16), *(ulong*)(id + 8)))
            : null;
    }

    private static bool IsMacOnIntel => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Seconds in 8 bytes, ns in 4.</summary>
    private static unsafe UnixTime ReadTime(byte* time) => new(((Int128)(*(long*)time) * 1_000_000_000) + *(uint*)(time + 8));

    private static UnixTime FromWindowsTime(long time) => new(((Int128)time - DateTime.UnixEpoch.ToFileTimeUtc()) * 100);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int folder, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(SafeFileHandle file, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "stat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatInode64(string path, byte* status);

    [LibraryImport("libc", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Stat(string path, byte* status);

    [LibraryImport("libc", EntryPoint = "fstat$INODE64")]
    private static unsafe partial int StatOfHandleInode64(SafeFileHandle file, byte* status);

    [LibraryImport("libc", EntryPoint = "fstat")]
    private static unsafe partial int StatOfHandle(SafeFileHandle file, byte* status);

    [LibraryImport("kernel32", EntryPoint = "GetFileInformationByHandleEx")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static unsafe partial bool GetFileInformation(SafeFileHandle file, int kind, byte* information, uint length);
}
