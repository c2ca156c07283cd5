using System.Runtime.CompilerServices;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>A regular local file, opened to be read in chunks; a change of it meanwhile is detected.</summary>
internal sealed class SourceFile : ISendSource, IDisposable
{
    /// <summary>64 KiB: so much is read on the caller's thread, sooner than another one would begin.</summary>
    private const int ReadHereBytes = 64 << 10;

    private readonly SafeFileHandle handle;

    private SourceFile(string path, SafeFileHandle handle)
    {
        Path = path;
        this.handle = handle;
        if (!OperatingSystem.IsWindows())
        {
            DurableFile.WriteBack(handle, path);
        }

        Length = RandomAccess.GetLength(handle);
        Status = FileStatus.Of(handle);
        Modified = LastWriteTime.Read(handle, Status);
        UnixMode = OperatingSystem.IsWindows() ? null : (int)File.GetUnixFileMode(handle);
    }

    public string Path { get; }

    /// <summary>The same, from the root.</summary>
    public string FullPath => System.IO.Path.GetFullPath(Path);

    /// <summary>Its status when it was opened; null where the system does not give it.</summary>
    public FileStatus? Status { get; }

    /// <summary>The length in bytes when it was opened.</summary>
    public long Length { get; }

    /// <inheritdoc/>
    public long? KnownLength => Length;

    /// <summary>The last write when it was opened.</summary>
    public UnixTime Modified { get; }

    /// <summary>The permission bits; null on Windows.</summary>
    public int? UnixMode { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="DfssException">
    /// <see cref="DfssErrorCode.SourceUnreadable"/>: missing, not permitted, or no regular file.
    /// </exception>
    public static SourceFile Open(string path)
    {
        if (Directory.Exists(path))
        {
            throw Unreadable(path, "it is a folder.", null);
        }

        if (!FileStatus.IsRegular(path))
        {
            // Opening a FIFO would wait for a writer; a device may never end.
            throw Unreadable(path, "it is not a regular file (a FIFO, socket or device).", null);
        }

        SafeFileHandle? handle = null;
        SourceFile? source = null;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            source = new SourceFile(path, handle);
            return source;
        }
        catch (ArgumentOutOfRangeException error)
        {
            throw Unreadable(path, "its time of last write is outside the years 1 to 9999. Set another one.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(
                path,
                error is FileNotFoundException or DirectoryNotFoundException ? "it does not exist." : error.Message,
                error);
        }
        finally
        {
            if (source is null)
            {
                handle?.Dispose();
            }
        }
    }

    /// <summary>Fills <paramref name="destination"/> from <paramref name="offset"/>.</summary>
    /// <exception cref="DfssException">
    /// SourceChanged: the file is shorter than it was. SourceUnreadable: the disk failed.
    /// </exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        int done = 0;
        while (done < destination.Length)
        {
            int read;
            try
            {
                int hole = SparseFile.CountHole(handle, offset + done, destination.Length - done);
                destination.Slice(done, hole).Span.Clear();
                done += hole;
                if (done == destination.Length)
                {
                    return;
                }

                int data = SparseFile.CountData(handle, offset + done, destination.Length - done);
                Memory<byte> next = destination.Slice(done, data);
                read = data <= ReadHereBytes
                    ? RandomAccess.Read(handle, next.Span, offset + done)
                    : await RandomAccess.ReadAsync(
                        handle, next, offset + done, cancellationToken).ConfigureAwait(false);
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

    /// <summary>
    /// Throws if the file has changed since it was opened, as its length, its last write and its last change show. A
    /// change of name or mode sets the last change too, so a file that was removed or replaced has another one; no
    /// program can set it back.
    /// </summary>
    /// <exception cref="DfssException">SourceChanged, SourceUnreadable.</exception>
    public void ThrowIfChanged()
    {
        // The byte after the last one: some files (of /proc, or still growing) have more than their length says.
        Span<byte> next = stackalloc byte[1];
        bool isChanged;
        try
        {
            FileStatus? now = FileStatus.Of(handle);
            isChanged = (now?.Changed != Status?.Changed && now?.IsRemoved != true)
                || RandomAccess.GetLength(handle) != Length || LastWriteTime.Read(handle, now) != Modified
                || RandomAccess.Read(handle, next, Length) > 0;
        }
        catch (IOException error)
        {
            throw Unreadable(Path, error.Message, error);
        }

        if (isChanged)
        {
            throw Changed();
        }
    }

    public DfssException Changed() => new(
        DfssErrorCode.SourceChanged, $"'{Path}' changed while it was sent. Nothing was committed.",
        "Send it again when no program writes it.");

    public void Dispose() => handle.Dispose();

    private static DfssException Unreadable(string path, string why, Exception? cause) =>
        new(DfssErrorCode.SourceUnreadable, $"Cannot read '{path}': {why}", cause);
}
