using System.Globalization;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <content>How a part file is made or opened, and what may be in its place.</content>
internal sealed partial class PartFile
{
    /// <summary>Makes the file, or opens the one that is there.</summary>
    /// <param name="path">See <see cref="PathOf"/>.</param>
    /// <param name="record">What it is to become. A new one gets its full length, and room for the trailer, at once
    /// where the file system can.</param>
    /// <param name="isSparse">Whether it may have holes, and so be made where there is no room for its full
    /// length.</param>
    /// <exception cref="DfssException">
    /// DestinationUnwritable: it is in use, or no regular file of this user.
    /// </exception>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static PartFile Open(string path, FileRecord record, bool isSparse)
    {
        for (int attempt = 1; ; attempt++)
        {
            if (TryCreate(path, record, isSparse) is PartFile made)
            {
                return made;
            }

            ThrowIfNoFileOfOnesOwn(path);
            if (TryOpen(path, record, isSparse) is PartFile old)
            {
                return old;
            }

            if (attempt == MaxAttempts)
            {
                throw InTheWay(path, "another program creates and removes it repeatedly.");
            }
        }
    }

    /// <summary>The file if it exists and is not in use; null otherwise.</summary>
    public static PartFile? TryOpenUnused(string path, FileRecord record)
    {
        try
        {
            return File.Exists(path) ? TryOpen(path, record, isSparse: true) : null;
        }
        catch (DfssException)
        {
            // In use, or of another user: it stays as it is.
            return null;
        }
    }

    private static PartFile? TryCreate(string path, FileRecord record, bool isSparse)
    {
        SafeFileHandle handle;
        try
        {
            handle = OwnerOnly.Open(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
        }
        catch (IOException) when (System.IO.Path.Exists(path) || new FileInfo(path).LinkTarget is not null)
        {
            return null;
        }

        if (!OperatingSystem.IsWindows() && !DurableFile.TryLock(handle, path))
        {
            handle.Dispose();
            throw InUse(path, holder: null);
        }

        PartFile made = new(path, record, handle, isOld: false, isSparse);
        bool hasRoom = false;
        try
        {
            made.TakeRoom();
            hasRoom = true;
            return made;
        }
        finally
        {
            if (!hasRoom)
            {
                made.Remove();
            }
        }
    }

    private static PartFile? TryOpen(string path, FileRecord record, bool isSparse)
    {
        SafeFileHandle? handle;
        try
        {
            handle = OperatingSystem.IsWindows()
                ? File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete)
                : DurableFile.TryLock(path);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (IOException error)
            when (OperatingSystem.IsWindows() ? (error.HResult & 0xFFFF) == 32 : !File.Exists(path))
        {
            handle = null;
        }

        if (handle is null)
        {
            return File.Exists(path) ? throw InUse(path, PartTrailer.ReadProcessId(path, record)) : null;
        }

        // Its former user may have renamed or removed it just before the lock was acquired.
        if (!OperatingSystem.IsWindows() && !FileStatus.IsAt(path, handle))
        {
            DurableFile.Unlock(handle);
            return null;
        }

        return new PartFile(path, record, handle, isOld: true, isSparse);
    }

    private static void ThrowIfNoFileOfOnesOwn(string path)
    {
        if (new FileInfo(path).LinkTarget is not null)
        {
            throw InTheWay(path, "it is a link, which is not followed.");
        }

        if (Directory.Exists(path))
        {
            throw InTheWay(path, "it is a folder.");
        }

        if (!FileStatus.IsRegular(path))
        {
            throw InTheWay(path, "it is a FIFO, socket or device.");
        }

        if (!OperatingSystem.IsWindows() && FileStatus.Of(path, followsLinks: false) is { } found
            && found.Owner != FileStatus.CurrentUser)
        {
            throw InTheWay(path, "it belongs to another user.");
        }
    }

    private static DfssException InTheWay(string path, string why) => new(
        DfssErrorCode.DestinationUnwritable, $"The received chunks are kept as '{path}' until all are there, and {why}",
        "Remove it.");

    private static DfssException InUse(string path, int? holder) => new(
        DfssErrorCode.DestinationUnwritable,
        holder is int id && id != Environment.ProcessId
            ? string.Create(
                CultureInfo.InvariantCulture, $"'{path}' is in use: process {id} receives the same destination.")
            : $"'{path}' is in use: the same destination is received already.",
        "Wait until that has ended, or end it, or receive to another destination.");
}
