using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <content> The system calls. .NET's own flush swallows the errors of fsync on Unix (with EIO injected,
/// FileStream.Flush(true) returns normally), and it cannot sync a folder at all.
/// </content>
internal sealed partial class DurableFile
{
    private const int Interrupted = 4;
    private const int BadDevice = 5;
    private const int BadMessageLinux = 74;
    private const int BadStructureLinux = 117;
    private const int WindowsBadChecksum = 23;
    private const int WindowsSectorNotFound = 27;
    private const int WindowsDeviceError = 1117;
    private const int AccessDenied = 13;
    private const int NoSpace = 28;
    private const int NotSupportedOnLinux = 95;
    private const int NotImplemented = 38;
    private const int InvalidArgument = 22;
    private const int ReadOnlyFileSystem = 30;
    private const int QuotaOnLinux = 122;
    private const int QuotaOnMac = 69;
    private const int WindowsHandleDiskFull = 39;
    private const int WindowsDiskFull = 112;
    private const int WindowsQuota = 1295;
    private const int ReadOnly = 0;
    private const int ReadWrite = 2;
    private const int CloseOnExecLinux = 0x80000;
    private const int CloseOnExecMac = 0x1000000;
    private const int FullSyncMac = 51;
    private const int SharedWithoutWaiting = 1 | 4;
    private const int ExclusiveWithoutWaiting = 2 | 4;
    private const int WindowsSharingViolation = 32;
    private const int Unlocked = 8;
    private const uint ReplaceExisting = 1;
    private const uint WriteThrough = 8;

    /// <summary>
    /// Takes a lock on a file, which is made where it does not exist, until <see cref="Unlock"/> or the end of the
    /// process.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="sharing">What others may do with it meanwhile, on Windows.</param>
    /// <returns>The open file, or null if the lock is held, by this process or another.</returns>
    public static SafeFileHandle? TryTake(string path, FileShare sharing)
    {
        if (!OperatingSystem.IsWindows())
        {
            if (!File.Exists(path))
            {
                // Shared: another process may do the same now; the lock below decides which one goes on. On a file that
                // is locked already, .NET's own lock would fail.
                OwnerOnly.Touch(path);
            }

            return TryLock(path);
        }

        try
        {
            return OwnerOnly.Open(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, sharing);
        }
        catch (IOException exception) when ((exception.HResult & 0xFFFF) == WindowsSharingViolation)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether a lock on an existing file is held, by this process or another. A lock that others may share is taken
    /// for this moment: on Windows, the file is open and refuses writers.
    /// </summary>
    /// <exception cref="IOException">The file is missing, or cannot be opened.</exception>
    public static bool IsTaken(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            SafeFileHandle handle = OpenForReading(path);
            bool isShared = false;
            try
            {
                isShared = TryLock(handle, path, SharedWithoutWaiting);
                return !isShared;
            }
            finally
            {
                if (isShared)
                {
                    Unlock(handle);
                }

                handle.Dispose();
            }
        }

        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete).Dispose();
            return false;
        }
        catch (IOException exception) when ((exception.HResult & 0xFFFF) == WindowsSharingViolation)
        {
            return true;
        }
    }

    /// <summary>Takes an operating system's lock on an existing file, held until the handle is closed or the process
    /// ends. Unix only.</summary>
    /// <returns>The open file, or null if the lock is held, by this process or another.</returns>
    public static SafeFileHandle? TryLock(string path)
    {
        SafeFileHandle handle = OpenExisting(path, ReadWrite);
        bool isLocked = false;
        try
        {
            isLocked = TryLock(handle, path);
        }
        finally
        {
            if (!isLocked)
            {
                handle.Dispose();
            }
        }

        return isLocked ? handle : null;
    }

    /// <summary>Takes the same lock on a file that is open already. Unix only.</summary>
    public static bool TryLock(SafeFileHandle file, string path) => TryLock(file, path, ExclusiveWithoutWaiting);

    private static bool TryLock(SafeFileHandle file, string path, int operation)
    {
        // flock, not .NET's FileShare.None: that one can be switched off by an environment variable, and hides the
        // holder's pid.
        if (FileLock(file, operation) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error == (OperatingSystem.IsMacOS() ? 35 : 11) ? false : throw Failed(error, "lock", path);
    }

    /// <summary>Releases a lock and closes its file.</summary>
    /// <remarks>
    /// On Unix closing alone is not enough: a child that this process starts at this moment has the same open file
    /// until it runs its own program, and would hold the lock until then.
    /// </remarks>
    /// <exception cref="IOException">The operating system refused.</exception>
    public static void Unlock(SafeFileHandle handle)
    {
        if (OperatingSystem.IsWindows())
        {
            handle.Dispose();
            return;
        }

        int result = FileLock(handle, Unlocked);
        int error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        if (result != 0)
        {
            throw Failed(error, "unlock", "lock");
        }
    }

    /// <summary>
    /// Opens a file for reading that another process may write. On Unix past .NET's own advisory lock, which a locked
    /// file would refuse.
    /// </summary>
    public static SafeFileHandle OpenForReading(string path) => OperatingSystem.IsWindows()
        ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
        : OpenExisting(path, ReadOnly);

    private static SafeFileHandle OpenExisting(string path, int access)
    {
        int flags = access | (OperatingSystem.IsMacOS() ? CloseOnExecMac : CloseOnExecLinux);
        SafeFileHandle handle = Open(path, flags);
        if (handle.IsInvalid)
        {
            int error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            throw Failed(error, "open", path);
        }

        return handle;
    }

    /// <summary>
    /// Reserves the file's space, on Windows by its length. On Linux not by .NET's preallocation size: its exception
    /// has no code for a full disk, and it ignores a used-up quota. If a file system has no such call, the write itself
    /// fails.
    /// </summary>
    /// <exception cref="IOException">See <see cref="IsOutOfSpace(IOException)"/>.</exception>
    /// <returns>Whether the space is reserved.</returns>
    public static bool Allocate(SafeFileHandle handle, string path, long length)
    {
        if (OperatingSystem.IsWindows())
        {
            RandomAccess.SetLength(handle, length);
            return true;
        }

        if (!OperatingSystem.IsLinux() || length == 0)
        {
            return false;
        }

        int error = AllocateOnLinux(handle, mode: 0, offset: 0, length);
        return error == 0 || (error == NotSupportedOnLinux ? false : throw Failed(error, "make room for", path));
    }

    /// <summary>The fallocate of Linux, which also makes holes.</summary>
    /// <returns>The error's number; 0 on success.</returns>
    public static int AllocateOnLinux(SafeFileHandle file, int mode, long offset, long length)
    {
        while (FileAllocate(file, mode, (nint)offset, (nint)length) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                return error;
            }
        }

        return 0;
    }

    private static void SyncHandle(SafeFileHandle handle, string path, bool isDataOnly = false)
    {
        while (true)
        {
            // macOS: fsync leaves the bytes in the drive's cache; F_FULLFSYNC does not.
            bool isDone = OperatingSystem.IsWindows() ? FlushFileBuffers(handle)
                : (OperatingSystem.IsMacOS()
                    ? FileControl(handle, FullSyncMac)
                    : isDataOnly ? FileDataSync(handle) : FileSync(handle)) == 0;
            if (isDone)
            {
                return;
            }

            // A signal arrived before the call did anything; only after this error a retry is sound.
            int error = Marshal.GetLastPInvokeError();
            if (OperatingSystem.IsWindows() || error != Interrupted)
            {
                throw Failed(error, "sync", path);
            }
        }
    }

    private static void MoveOnWindows(string path, string target, bool replace)
    {
        if (!MoveFileEx(path, target, replace ? ReplaceExisting | WriteThrough : WriteThrough))
        {
            throw Failed(Marshal.GetLastPInvokeError(), "rename", path);
        }
    }

    private static IOException Failed(int error, string verb, string path) => new(
        $"Could not {verb} '{path}': {new Win32Exception(error).Message}.",
        OperatingSystem.IsWindows() ? unchecked((int)0x80070000) | error : error);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FileSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FileDataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int FileAllocate(SafeFileHandle file, int mode, nint offset, nint length);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FileLock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(SafeFileHandle file, int command);

    [LibraryImport("kernel32", EntryPoint = "FlushFileBuffers", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool FlushFileBuffers(SafeFileHandle file);

    [LibraryImport(
        "kernel32", EntryPoint = "MoveFileExW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool MoveFileEx(string path, string target, uint flags);
}
