using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>
/// The lock of the one process that writes a file, such as a journal. Another process that asks whether the file has a
/// writer takes a shared lock for that moment, and so never refuses another one that asks; a writer that begins then
/// tries again.
/// </summary>
internal static class WriterLock
{
    /// <summary>
    /// 200: with the pauses of <see cref="SpinWait"/>, 0.2 s or more. A shared lock is held for microseconds.
    /// </summary>
    private const int MaxTries = 200;

    /// <summary>ENOENT, of <see cref="DurableFile"/>.</summary>
    private const int NoSuchFile = 2;

    /// <summary>
    /// Takes the lock of the file that has the path, which is made where it does not exist. Another process may delete
    /// the file between its opening and its lock, and a new file may be at the path. A process that has this lock may
    /// delete the path.
    /// </summary>
    /// <returns>The open file, to be given to <see cref="DurableFile.Unlock"/>; null if it has a writer.</returns>
    /// <exception cref="IOException">It cannot be made or opened.</exception>
    public static SafeFileHandle? TryTake(string path)
    {
        SpinWait pause = default;
        for (int tries = 0; tries < MaxTries; tries++)
        {
            if (TryTakeOnce(path) is { } handle)
            {
                return handle;
            }

            if (IsHeld(path))
            {
                return null;
            }

            pause.SpinOnce();
        }

        return null;
    }

    /// <summary>Whether a file has a writer, in this process or another; not where there is no file.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static bool IsHeld(string path)
    {
        try
        {
            return DurableFile.IsTaken(path);
        }
        catch (IOException) when (!File.Exists(path))
        {
            return false;
        }
    }

    private static SafeFileHandle? TryTakeOnce(string path)
    {
        try
        {
            // Others may read it meanwhile, and delete what is not theirs: Windows would refuse the former.
            SafeFileHandle? handle = DurableFile.TryTake(path, FileShare.Read | FileShare.Delete);
            if (handle is null || OperatingSystem.IsWindows() || FileStatus.IsAt(path, handle))
            {
                return handle;
            }

            DurableFile.Unlock(handle);
            return null;
        }
        catch (IOException exception) when (exception.HResult == NoSuchFile)
        {
            // Deleted between its making and its opening.
            return null;
        }
    }
}
