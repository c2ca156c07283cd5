using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>A regular local file, opened to be read in chunks, which is found out when it changes meanwhile.</summary>
internal sealed partial class SourceFile : IDisposable
{
    private readonly SafeFileHandle handle;
    private readonly DateTime lastWrite;

    private SourceFile(string path, SafeFileHandle handle)
    {
        Path = path;
        this.handle = handle;
        Length = RandomAccess.GetLength(handle);
        lastWrite = File.GetLastWriteTimeUtc(handle);
        UnixMode = OperatingSystem.IsWindows() ? null : (int)File.GetUnixFileMode(handle);
    }

    public string Path { get; }

    /// <summary>The length in bytes when it was opened.</summary>
    public long Length { get; }

    /// <summary>The last write when it was opened, in ms since 1970 UTC; one before that counts as 0.</summary>
    public long ModifiedUnixMilliseconds => Math.Max(0, new DateTimeOffset(lastWrite).ToUnixTimeMilliseconds());

    /// <summary>The permission bits; null on Windows.</summary>
    public int? UnixMode { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.SourceUnreadable"/>: missing, not permitted, or no regular file.</exception>
    public static SourceFile Open(string path)
    {
        if (Directory.Exists(path))
        {
            throw Unreadable(path, "it is a folder; send the files in it.", null);
        }

        if (!IsRegular(path))
        {
            // Opening a FIFO would wait for a writer; a device may never end.
            throw Unreadable(path, "it is no regular file (a FIFO, socket or device).", null);
        }

        try
        {
            return new SourceFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, error is FileNotFoundException or DirectoryNotFoundException ? "it does not exist." : error.Message, error);
        }
    }

    /// <summary>Fills <paramref name="destination"/> from <paramref name="offset"/>.</summary>
    /// <exception cref="DfssException">SourceChanged: the file is shorter than it was. SourceUnreadable: the disk failed.</exception>
    public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        int done = 0;
        while (done < destination.Length)
        {
            int read;
            try
            {
                read = await RandomAccess.ReadAsync(handle, destination[done..], offset + done, cancellationToken).ConfigureAwait(false);
            }
            catch (IOException error)
            {
                throw Unreadable(Path, error.Message, error);
            }

            if (read == 0)
            {
                throw Changed();
            }

            done += read;
        }
    }

    /// <summary>Throws where the file is not what it was when it was opened, as far as its length and last write tell.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.SourceChanged"/>.</exception>
    public void ThrowIfChanged()
    {
        if (RandomAccess.GetLength(handle) != Length || File.GetLastWriteTimeUtc(handle) != lastWrite)
        {
            throw Changed();
        }
    }

    public DfssException Changed() => new(
        DfssErrorCode.SourceChanged, $"'{Path}' changed while it was sent. Nothing was committed; send it again when it is at rest.");

    public void Dispose() => handle.Dispose();

    private static DfssException Unreadable(string path, string why, Exception? cause) =>
        new(DfssErrorCode.SourceUnreadable, $"Cannot read '{path}': {why}", cause);

    private static unsafe bool IsRegular(string path)
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
            int result = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? StatInode64(path, status) : Stat(path, status);
            return result != 0 || (*(ushort*)(status + 4) & FileTypeMask) == RegularFile;
        }

        return true;
    }

    // What cannot be examined counts as regular: opening it then says what is wrong.
    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int folder, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "stat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatInode64(string path, byte* status);

    [LibraryImport("libc", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Stat(string path, byte* status);
}
