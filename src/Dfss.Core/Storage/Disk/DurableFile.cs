using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>
/// The only place that renames files or makes them durable. To make a file appear under its name whole or not at all:
/// write it under another name, <see cref="Sync"/> it, <see cref="Rename(string, string)"/> it,
/// <see cref="SyncDirectory"/> of the new name's folder, in this order. A rename before the sync could leave the final
/// name on an empty file after a power cut; without the folder's sync the name itself may be lost.
/// </summary>
/// <param name="beforeStep">Called before each step; the step fails with its exception. A seam for tests. Null:
/// none.</param>
/// <param name="leavesOut">Which syncs are silently left out, for tests that must detect it. Null: none.</param>
internal sealed partial class DurableFile(Action<DurableStep>? beforeStep, Func<DurableStep, bool>? leavesOut = null)
{
    /// <summary>The suffix of a file that <see cref="WriteAtomically"/> has not finished.</summary>
    public const string TemporarySuffix = ".tmp";

    /// <summary>
    /// Makes a new private file with this content, not yet durable. Its space is reserved before the first byte is
    /// written, so that a full disk fails here and not half-way or at the sync. Leaves nothing behind when it fails.
    /// </summary>
    /// <returns>
    /// The open file. Keep it for <see cref="Sync"/>: Linux reports a failed write-back only to processes that already
    /// have the file open.
    /// </returns>
    /// <exception cref="IOException">See <see cref="IsOutOfSpace(IOException)"/>.</exception>
    public SafeFileHandle Create(string path, ReadOnlySpan<byte> content)
    {
        SafeFileHandle? handle = null;
        bool isWhole = false;
        try
        {
            beforeStep?.Invoke(new DurableStep(DurableAction.CreateFile, path));
            // Other programs may read, rename or delete it while it is open (FILE_SHARE_DELETE on Windows).
            handle = OwnerOnly.Open(path, FileMode.CreateNew, FileAccess.ReadWrite,
                FileShare.ReadWrite | FileShare.Delete);
            Allocate(handle, path, content.Length);
            beforeStep?.Invoke(new DurableStep(DurableAction.WriteFile, path));
            RandomAccess.Write(handle, content, fileOffset: 0);
            isWhole = true;
            return handle;
        }
        finally
        {
            if (!isWhole && handle is not null)
            {
                handle.Dispose();
                Delete(path);
            }
        }
    }

    /// <summary>Makes a file's content durable. When it fails, it must not be tried again: the kernel may have dropped
    /// the very bytes that it could not write.</summary>
    public void Sync(SafeFileHandle file, string path)
    {
        DurableStep step = new(DurableAction.SyncFile, path);
        beforeStep?.Invoke(step);
        if (leavesOut?.Invoke(step) != true)
        {
            SyncHandle(file, path);
        }
    }

    /// <summary>
    /// Makes a file's content and its length durable, but not its times. As final as <see cref="Sync"/>.
    /// </summary>
    public void SyncData(SafeFileHandle file, string path)
    {
        DurableStep step = new(DurableAction.SyncFile, path);
        beforeStep?.Invoke(step);
        if (leavesOut?.Invoke(step) != true)
        {
            SyncHandle(file, path, isDataOnly: true);
        }
    }

    /// <summary>Removes the access of all other users to a file or folder that is there.</summary>
    /// <returns>False if it belongs to another user, which decides on its mode.</returns>
    public bool TryRestrict(FileSystemInfo entry)
    {
        beforeStep?.Invoke(new DurableStep(DurableAction.ReadFile, entry.FullName));
        return OwnerOnly.TryRestrict(entry);
    }

    /// <summary>Opens a file that is there for reading; other programs may write, rename or delete it.</summary>
    public SafeFileHandle OpenShared(string path)
    {
        beforeStep?.Invoke(new DurableStep(DurableAction.ReadFile, path));
        return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    }

    /// <summary>Reads a part of an open file.</summary>
    /// <returns>How many bytes there were; the system may return fewer than it has, but none only at the end.</returns>
    public int Read(SafeFileHandle file, string path, Span<byte> destination, long offset)
    {
        beforeStep?.Invoke(
            new DurableStep(DurableAction.ReadFile, path, Offset: offset, Length: destination.Length));
        return RandomAccess.Read(file, destination, offset);
    }

    /// <summary>Writes into an open file; durable after <see cref="SyncData"/>.</summary>
    /// <exception cref="IOException">See <see cref="IsOutOfSpace(IOException)"/>.</exception>
    public void Write(SafeFileHandle file, string path, ReadOnlySpan<byte> content, long offset)
    {
        beforeStep?.Invoke(
            new DurableStep(DurableAction.WriteFile, path, Offset: offset, Length: content.Length));
        RandomAccess.Write(file, content, offset);
    }

    /// <summary>
    /// Writes two parts, one behind the other, into an open file; durable after <see cref="SyncData"/>.
    /// </summary>
    /// <exception cref="IOException">See <see cref="IsOutOfSpace(IOException)"/>.</exception>
    public void Write(
        SafeFileHandle file, string path, ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second, long offset)
    {
        beforeStep?.Invoke(new DurableStep(
            DurableAction.WriteFile, path, Offset: offset, Length: first.Length + second.Length));
        RandomAccess.Write(file, [first, second], offset);
    }

    /// <summary>
    /// Cuts off what a failed write or sync left at the end of a file, as far as the system lets it: what stays is
    /// garbage that counts for nothing.
    /// </summary>
    public void TryTruncate(SafeFileHandle file, string path, long length)
    {
        try
        {
            beforeStep?.Invoke(new DurableStep(DurableAction.Truncate, path));
            RandomAccess.SetLength(file, length);
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            // The failure of the write or sync is the one that is told.
        }
    }

    /// <summary>Gives a part of a file back to the file system; it reads as zeros then. What is in use must be durable
    /// without it.</summary>
    /// <returns>False where the system or the file system cannot.</returns>
    public bool TryPunchHole(SafeFileHandle file, string path, long offset, long length)
    {
        beforeStep?.Invoke(new DurableStep(DurableAction.PunchHole, path));
        return SparseFile.TryClear(file, offset, length);
    }

    /// <summary>Makes the names in a folder durable. On Windows a rename does that itself, by
    /// MOVEFILE_WRITE_THROUGH.</summary>
    public void SyncDirectory(string path)
    {
        DurableStep step = new(DurableAction.SyncDirectory, path);
        beforeStep?.Invoke(step);
        if (!OperatingSystem.IsWindows() && leavesOut?.Invoke(step) != true)
        {
            using SafeFileHandle folder = OpenExisting(path, ReadOnly);
            SyncHandle(folder, path);
        }
    }

    /// <summary>
    /// Makes a folder's own name durable in its parent. A parent that this user may not read is skipped: this program
    /// has made nothing in it.
    /// </summary>
    public void SyncNameOf(string path)
    {
        if (Path.GetDirectoryName(path) is not { } parent)
        {
            return;
        }

        try
        {
            SyncDirectory(parent);
        }
        catch (IOException exception) when (exception.HResult == AccessDenied)
        {
            // The caller that made the folder for this user syncs its name.
        }
    }

    /// <summary>Renames a file within one file system, replacing what has the new name. Durable after
    /// <see cref="SyncDirectory"/>.</summary>
    public void Rename(string path, string target) => Rename(path, target, replace: true);

    /// <summary>Renames a file within one file system. Durable after <see cref="SyncDirectory"/>.</summary>
    /// <exception cref="IOException">There is a file of the new name, and it is not to be replaced.</exception>
    public void Rename(string path, string target, bool replace)
    {
        beforeStep?.Invoke(new DurableStep(DurableAction.Rename, path, target));
        if (OperatingSystem.IsWindows())
        {
            MoveOnWindows(path, target, replace);
        }
        else
        {
            File.Move(path, target, replace);
        }
    }

    /// <summary>
    /// Removes a file; a missing file is no error. Not made durable: a file that reappears after a power cut is only
    /// garbage.
    /// </summary>
    public void Delete(string path)
    {
        beforeStep?.Invoke(new DurableStep(DurableAction.Delete, path));
        File.Delete(path);
    }

    /// <summary>Makes a folder and those above it that are missing, each durable in the one above, and this user's
    /// alone.</summary>
    public void CreateDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        string? parent = Path.GetDirectoryName(path);
        if (parent is not null && !Directory.Exists(parent))
        {
            CreateDirectory(parent);
        }
        else if (parent is not null)
        {
            // It may be of an attempt before this one that was killed before its sync.
            SyncNameOf(parent);
        }

        beforeStep?.Invoke(new DurableStep(DurableAction.CreateDirectory, path));
        OwnerOnly.CreateFolder(path);
        if (parent is not null)
        {
            SyncDirectory(parent);
        }
    }

    /// <summary>Makes or replaces a small file: at every moment, and after a power cut, it has the old content or the
    /// new. Durable on return.</summary>
    public void WriteAtomically(string path, ReadOnlySpan<byte> content)
    {
        string temporary = path + TemporarySuffix;
        Delete(temporary);
        using (SafeFileHandle file = Create(temporary, content))
        {
            Sync(file, temporary);
        }

        Rename(temporary, path);
        SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Whether it failed because the disk is full or a quota is used up.</summary>
    public static bool IsOutOfSpace(IOException exception)
    {
        // On Unix the HResult is errno itself; on Windows it is 0x8007 and the Win32 code.
        return IsOutOfSpace(OperatingSystem.IsWindows() ? exception.HResult & 0xFFFF : exception.HResult);
    }

    /// <summary>
    /// Whether a read failed because the disk, or the file system's own checksum, reports that the bytes are lost.
    /// </summary>
    public static bool IsCorrupt(IOException exception) => OperatingSystem.IsWindows()
        ? (exception.HResult & 0xFFFF) is WindowsBadChecksum or WindowsSectorNotFound or WindowsDeviceError
        : exception.HResult == BadDevice
            || (OperatingSystem.IsLinux() && exception.HResult is BadMessageLinux or BadStructureLinux);

    /// <summary>Whether the system's error number means that the disk is full, or the quota used up.</summary>
    public static bool IsOutOfSpace(int systemError) => OperatingSystem.IsWindows()
        ? systemError is WindowsDiskFull or WindowsHandleDiskFull or WindowsQuota
        : systemError is NoSpace || systemError == (OperatingSystem.IsMacOS() ? QuotaOnMac : QuotaOnLinux);
}
