using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>
/// A file on its way to its destination: written under a temporary name beside it, at full length from the start (so
/// that a full disk shows at once), and renamed when everything is verified. Disposing it before <see cref="Commit"/>
/// leaves nothing behind.
/// </summary>
internal sealed class ReceivedFile : IDisposable
{
    private const int PermissionBits = 0b111_111_111;

    /// <summary>rw-r--r--: for what was sent from a system without such bits.</summary>
    private const int DefaultMode = 0b110_100_100;

    private static readonly DurableFile Files = new(beforeStep: null);

    private readonly string destinationPath;
    private readonly string temporaryPath;
    private readonly FileStream stream;
    private readonly SafeFileHandle handle;
    private readonly SemaphoreSlim writing = new(1);
    private bool isCommitted;

    private ReceivedFile(string destinationPath, string temporaryPath, FileStream stream)
    {
        this.destinationPath = destinationPath;
        this.temporaryPath = temporaryPath;
        this.stream = stream;
        handle = stream.SafeFileHandle;
    }

    /// <summary>Makes the temporary file.</summary>
    /// <exception cref="DfssException">DestinationExists, DestinationUnwritable.</exception>
    public static ReceivedFile Create(string destinationPath, long length, bool force)
    {
        // Like cp, through a link to what it names; the link stays.
        if (new FileInfo(destinationPath).LinkTarget is not null)
        {
            destinationPath =
                File.ResolveLinkTarget(destinationPath, returnFinalTarget: true)?.FullName ?? destinationPath;
        }

        ThrowIfTaken(destinationPath, force);
        string folder = Path.GetDirectoryName(Path.GetFullPath(destinationPath))!;

        // Not the destination's own name with something added: that may be too long already.
        string temporary = Path.Combine(folder, $".dfss-{Guid.NewGuid():N}.part");
        try
        {
            return new ReceivedFile(destinationPath, temporary, Create(temporary, length));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // .NET has removed what it could not give its full length.
            throw Unwritable(destinationPath, error);
        }
    }

    private static FileStream Create(string path, long length)
    {
        FileStreamOptions options = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read | FileShare.Delete,
            PreallocationSize = length,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            // Nobody else's until it has the mode of its original.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    /// <summary>
    /// Writes verified bytes at their place. One write at a time: more only wait for the file's lock in the kernel,
    /// spinning.
    /// </summary>
    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            RandomAccess.Write(handle, content.Span, offset);
        }
        catch (IOException error)
        {
            throw Unwritable(destinationPath, error);
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>Gives the file its times, mode and name.</summary>
    /// <param name="record">Whose last write and mode it gets.</param>
    /// <param name="options">Whether it replaces a file, and whether it is made durable.</param>
    public void Commit(FileRecord record, ReceiveOptions options)
    {
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                // Set-user-id and its like are not taken over from a network.
                File.SetUnixFileMode(handle, (UnixFileMode)((record.UnixMode ?? DefaultMode) & PermissionBits));
            }

            long modified = Math.Min(record.ModifiedUnixMilliseconds, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds());
            File.SetLastWriteTimeUtc(handle, DateTimeOffset.FromUnixTimeMilliseconds(modified).UtcDateTime);
            if (options.Durable)
            {
                Files.Sync(handle, temporaryPath);
            }

            stream.Dispose();
            ThrowIfTaken(destinationPath, options.Force);
            Files.Rename(temporaryPath, destinationPath, options.Force);
            isCommitted = true;
            if (options.Durable)
            {
                Files.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(destinationPath))!);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(destinationPath, error);
        }
    }

    public void Dispose()
    {
        stream.Dispose();
        writing.Dispose();
        if (!isCommitted)
        {
            File.Delete(temporaryPath);
        }
    }

    private static void ThrowIfTaken(string path, bool force)
    {
        if (Directory.Exists(path))
        {
            throw new DfssException(
                DfssErrorCode.DestinationExists, $"'{path}' is a folder.", "Name a file, or the folder to receive into.");
        }

        if (!FileKind.IsRegular(path))
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"'{path}' is a FIFO, socket or device, and is not replaced by a file.",
                "Name another destination.");
        }

        if (!force && File.Exists(path))
        {
            throw new DfssException(
                DfssErrorCode.DestinationExists, $"'{path}' exists.", "Use -Force to replace it, or another destination.");
        }
    }

    private static DfssException Unwritable(string path, Exception error) => new(
        DfssErrorCode.DestinationUnwritable,
        error is DirectoryNotFoundException
            ? $"Cannot write '{path}': its folder does not exist."
            : $"Cannot write '{path}': {error.Message}",
        error is DirectoryNotFoundException ? "Make the folder first." : null,
        error);
}
