using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>
/// The claim of one process on a store: an operating system's lock on a file, released when the process ends in any
/// way.
/// </summary>
internal sealed class StoreLock : IDisposable
{
    private const int MaxPidBytes = 32;

    private readonly SafeFileHandle handle;

    private StoreLock(SafeFileHandle handle) => this.handle = handle;

    /// <summary>Takes the lock and writes this process's id into the file.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreInUse"/>, naming the holder.</exception>
    public static StoreLock Take(StoreLayout layout)
    {
        SafeFileHandle? handle = DurableFile.TryTake(layout.LockFile, FileShare.Read);
        if (handle is null)
        {
            throw new DfssException(
                DfssErrorCode.StoreInUse,
                $"The store at '{layout.Root}' is in use by process {ReadHolder(layout.LockFile)}.",
                "Stop that one, or give another folder with -StorePath.");
        }

        RandomAccess.SetLength(handle, 0);
        RandomAccess.Write(
            handle, Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"), 0);
        return new StoreLock(handle);
    }

    /// <summary>Releases the lock. The file stays: removing it could remove the next holder's lock.</summary>
    public void Dispose()
    {
        if (!handle.IsClosed)
        {
            DurableFile.Unlock(handle);
        }
    }

    private static string ReadHolder(string path)
    {
        using SafeFileHandle file = OperatingSystem.IsWindows()
            ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)
            : DurableFile.OpenForReading(path);
        byte[] text = new byte[MaxPidBytes];
        int length = RandomAccess.Read(file, text, 0);
        string pid = Encoding.ASCII.GetString(text, 0, length).Trim();
        return pid.Length > 0 ? pid : "(starting)";
    }
}
