using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <content>The system calls.</content>
internal readonly partial record struct FileStatus
{
    /// <summary>Room for any struct stat or statx: 256 bytes on Linux, 144 on macOS.</summary>
    private const int MaxStatusBytes = 256;

    private const uint BasicStatus = 0x7FF;

    /// <summary>The type, links, owner, both times, inode and size.</summary>
    private const uint Needed = 1 | 4 | 8 | 0x40 | 0x80 | 0x100 | 0x200;

    private static bool IsMacOnIntel => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    private static unsafe FileStatus? OfLinux(SafeFileHandle file)
    {
        const int EmptyPath = 0x1000;
        byte* status = stackalloc byte[MaxStatusBytes];
        return Statx(file, string.Empty, EmptyPath, BasicStatus, status) == 0 ? FromStatx(status) : null;
    }

    private static unsafe FileStatus? OfLinux(string path, bool followsLinks)
    {
        const int CurrentFolder = -100;
        const int NoFollow = 0x100;
        byte* status = stackalloc byte[MaxStatusBytes];
        return Statx(CurrentFolder, path, followsLinks ? 0 : NoFollow, BasicStatus, status) == 0
            ? FromStatx(status)
            : null;
    }

    /// <summary>struct statx is the same on every architecture. The mask of its valid fields is at offset 0.</summary>
    private static unsafe FileStatus? FromStatx(byte* status) => (*(uint*)status & Needed) != Needed
        ? null
        : new FileStatus(
            *(long*)(status + 40), ReadTime(status + 112), Wrap(ReadTime(status + 96)), *(ulong*)(status + 32))
        {
            Device = *(ulong*)(status + 136),
            Owner = *(uint*)(status + 20),
            IsRemoved = *(uint*)(status + 16) == 0,
            Mode = *(ushort*)(status + 28),
        };

    private static unsafe FileStatus? OfMac(SafeFileHandle file)
    {
        byte* status = stackalloc byte[MaxStatusBytes];
        return (IsMacOnIntel ? StatOfHandleInode64(file, status) : StatOfHandle(file, status)) == 0
            ? FromStat(status)
            : null;
    }

    private static unsafe FileStatus? OfMac(string path, bool followsLinks)
    {
        const int CurrentFolder = -2;
        const int NoFollow = 0x20;
        byte* status = stackalloc byte[MaxStatusBytes];
        int flags = followsLinks ? 0 : NoFollow;
        int result = IsMacOnIntel
            ? StatInode64(CurrentFolder, path, status, flags)
            : Stat(CurrentFolder, path, status, flags);
        return result == 0 ? FromStat(status) : null;
    }

    /// <summary>
    /// macOS' struct stat with 64-bit inodes: st_dev has 4 bytes, st_mode and st_nlink 2 each, st_ino 8, st_uid 4; the
    /// times follow from 32 in the order access, modification, change, birth, then the size.
    /// </summary>
    private static unsafe FileStatus FromStat(byte* status) =>
        new(*(long*)(status + 96), ReadTime(status + 48), Wrap(ReadTime(status + 64)), *(ulong*)(status + 8))
        {
            Device = *(uint*)status,
            Owner = *(uint*)(status + 16),
            IsRemoved = *(ushort*)(status + 6) == 0,
            Mode = *(ushort*)(status + 4),
        };

    private static unsafe FileStatus? OfWindows(SafeFileHandle file)
    {
        // FILE_BASIC_INFO: creation, access, write and change time in 100 ns since 1601, attributes. FILE_ID_INFO: the
        // volume in 8 bytes, the file's id in 16. Not every file system has both.
        const int BasicInformation = 0;
        const int IdInformation = 18;
        byte* basic = stackalloc byte[40];
        byte* id = stackalloc byte[24];
        bool isTold = GetFileInformation(file, BasicInformation, basic, 40)
            && GetFileInformation(file, IdInformation, id, 24);
        return isTold
            ? new FileStatus(
                RandomAccess.GetLength(file), FromWindowsTime(*(long*)(basic + 16)),
                Wrap(FromWindowsTime(*(long*)(basic + 24))),
                new UInt128(*(ulong*)(id + 16), *(ulong*)(id + 8)))
            : null;
    }

    /// <summary>Seconds in 8 bytes, ns in 4.</summary>
    private static unsafe UnixTime ReadTime(byte* time) =>
        new(((Int128)(*(long*)time) * 1_000_000_000) + *(uint*)(time + 8));

    private static UnixTime FromWindowsTime(long time) =>
        new(((Int128)time - DateTime.UnixEpoch.ToFileTimeUtc()) * 100);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int folder, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(SafeFileHandle file, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "fstatat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatInode64(int folder, string path, byte* status, int flags);

    [LibraryImport("libc", EntryPoint = "fstatat", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Stat(int folder, string path, byte* status, int flags);

    [LibraryImport("libc", EntryPoint = "fstat$INODE64")]
    private static unsafe partial int StatOfHandleInode64(SafeFileHandle file, byte* status);

    [LibraryImport("libc", EntryPoint = "fstat")]
    private static unsafe partial int StatOfHandle(SafeFileHandle file, byte* status);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();

    [LibraryImport("kernel32", EntryPoint = "GetFileInformationByHandleEx")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static unsafe partial bool GetFileInformation(
        SafeFileHandle file, int kind, byte* information, uint length);
}
