using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>What .NET does not tell of a file: which one it is, whatever its name, and whose.</summary>
/// <param name="Device">The file system.</param>
/// <param name="Inode">The file in it.</param>
/// <param name="Owner">The user id of its owner.</param>
internal readonly partial record struct FileIdentity(ulong Device, ulong Inode, uint Owner)
{
    private const int StatusBytes = 256;
    private const int CurrentFolder = -100;
    private const int NoFollow = 0x100;
    private const int EmptyPath = 0x1000;

    /// <summary>STATX_UID and STATX_INO.</summary>
    private const uint OwnerAndInode = 0x8 | 0x100;

    /// <summary>The user that this process works for; Unix only.</summary>
    public static uint CurrentUser => GetEffectiveUserId();

    /// <summary>The open file; null on Windows, where an open file keeps its name from others.</summary>
    public static unsafe FileIdentity? Of(SafeFileHandle file)
    {
        byte* status = stackalloc byte[StatusBytes];
        if (OperatingSystem.IsLinux())
        {
            return Statx(file, string.Empty, EmptyPath, OwnerAndInode, status) == 0 ? FromStatx(status) : null;
        }

        return OperatingSystem.IsMacOS() && FileStatus(file, status) == 0 ? FromStat(status) : null;
    }

    /// <summary>What has this name now, a link itself and not what it names; null where there is nothing, and on Windows.</summary>
    public static unsafe FileIdentity? Of(string path)
    {
        byte* status = stackalloc byte[StatusBytes];
        if (OperatingSystem.IsLinux())
        {
            return Statx(CurrentFolder, path, NoFollow, OwnerAndInode, status) == 0 ? FromStatx(status) : null;
        }

        return OperatingSystem.IsMacOS() && LinkStatus(path, status) == 0 ? FromStat(status) : null;
    }

    /// <summary>struct statx, the same on every architecture: stx_uid at 20, stx_ino at 32, the device's numbers at 136.</summary>
    private static unsafe FileIdentity FromStatx(byte* status) =>
        new(*(ulong*)(status + 136), *(ulong*)(status + 32), *(uint*)(status + 20));

    /// <summary>macOS' struct stat with 64-bit inodes: st_dev at 0, st_ino at 8, st_uid at 16.</summary>
    private static unsafe FileIdentity FromStat(byte* status) =>
        new(*(uint*)status, *(ulong*)(status + 8), *(uint*)(status + 16));

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int folder, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(SafeFileHandle folder, string path, int flags, uint mask, byte* status);

    private static unsafe int FileStatus(SafeFileHandle file, byte* status) =>
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? FileStatusInode64(file, status) : FileStatusPlain(file, status);

    private static unsafe int LinkStatus(string path, byte* status) =>
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? LinkStatusInode64(path, status) : LinkStatusPlain(path, status);

    [LibraryImport("libc", EntryPoint = "fstat$INODE64")]
    private static unsafe partial int FileStatusInode64(SafeFileHandle file, byte* status);

    [LibraryImport("libc", EntryPoint = "fstat")]
    private static unsafe partial int FileStatusPlain(SafeFileHandle file, byte* status);

    [LibraryImport("libc", EntryPoint = "lstat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int LinkStatusInode64(string path, byte* status);

    [LibraryImport("libc", EntryPoint = "lstat", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int LinkStatusPlain(string path, byte* status);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
