using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>A file beside the destination that is not complete yet: locked while it is in use. A new one is readable by
/// its owner only; an existing one keeps its mode until its content is known.</summary>
internal sealed class PartFile : IDisposable
{
    /// <summary>Added to the destination's name.</summary>
    public const string Suffix = ".dfss-part";

    /// <summary>255 bytes are the longest name of the usual file systems (255 characters on some).</summary>
    private const int MaxNameBytes = 255;

    /// <summary>How often a name is tried whose file goes just then; once is another receive that ends.</summary>
    private const int MaxAttempts = 10;

    private readonly FileRecord record;
    private readonly bool isSparse;
    private bool isHollow;

    private PartFile(string path, FileRecord record, SafeFileHandle handle, bool isOld, bool isSparse)
    {
        this.isSparse = isSparse;
        Path = path;
        this.record = record;
        Handle = handle;
        IsOld = isOld;
    }

    public string Path { get; }

    public SafeFileHandle Handle { get; }

    /// <summary>Of a file of one chunk there is nothing to go on with.</summary>
    public static bool HasTrailer(FileRecord record) => record.ChunkSize >= DfssLimits.MinChunkSize - KeyEnvelope.ChunkOverheadBytes
        && FileManifest.CountChunks(record.Length, record.ChunkSize) is > 1 and <= DfssLimits.MaxChunksPerFile;

    /// <summary>Whether its name belongs to another file or to none by now. On Windows an open file keeps its
    /// name.</summary>
    private bool IsReplaced => !OperatingSystem.IsWindows() && !Handle.IsClosed && !FileStatus.IsAt(Path, Handle);

    /// <summary>Whether it was there before.</summary>
    public bool IsOld { get; }

    /// <summary>The part file of a destination: its name with something added, or a name made of its hash where that
    /// would be too long.</summary>
    public static string PathOf(string destinationPath)
    {
        string full = System.IO.Path.GetFullPath(destinationPath);
        string name = System.IO.Path.GetFileName(full);
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        string part = bytes.Length + Suffix.Length <= MaxNameBytes
            ? name + Suffix
            : $".dfss-{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 16))}{Suffix}";
        return System.IO.Path.Combine(System.IO.Path.GetDirectoryName(full)!, part);
    }

    /// <summary>Makes the file, or opens the one that is there.</summary>
    /// <param name="path">See <see cref="PathOf"/>.</param>
    /// <param name="record">What it is to become. A new one gets its full length, and room for the trailer, at once
    /// where the file system can.</param>
    /// <param name="isSparse">Whether it may have holes, and so be made where there is no room for its full
    /// length.</param>
    /// <exception cref="DfssException">DestinationUnwritable: it is in use, or no file of one's own.</exception>
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
                throw InTheWay(path, "another program makes and removes it all the time.");
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
            // In use, or not one's own: not to be touched.
            return null;
        }
    }

    /// <summary>Fails if another program has removed or replaced the file, which must not be renamed then.</summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    public void ThrowIfReplaced()
    {
        if (IsReplaced)
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"'{Path}' was removed or replaced by another program meanwhile.", "Run the command again.");
        }
    }

    /// <summary>Removes it, and makes another in its place.</summary>
    /// <exception cref="DfssException">DestinationUnwritable: another program was faster.</exception>
    public PartFile Replace()
    {
        Remove();
        return TryCreate(Path, record, isSparse) ?? throw InTheWay(Path, "another program has just made a file of that name.");
    }

    /// <summary>Removes the file, as its owner, and closes it.</summary>
    public void Remove()
    {
        bool isReplaced = IsReplaced;
        if (OperatingSystem.IsWindows())
        {
            Dispose();
        }

        if (!isReplaced)
        {
            File.Delete(Path);
        }

        Dispose();
    }

    /// <summary>Closes it; what others do with it then is theirs.</summary>
    public void Dispose()
    {
        if (Handle.IsClosed)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Handle.Dispose();
        }
        else
        {
            DurableFile.Unlock(Handle);
        }
    }

    /// <summary>Writes a part of the content, with holes where the file may have them.</summary>
    public void Write(ReadOnlySpan<byte> content, long offset)
    {
        if (isSparse)
        {
            SparseFile.Write(Handle, content, offset, isHollow);
        }
        else
        {
            RandomAccess.Write(Handle, content, offset);
        }
    }

    /// <summary>Sets room aside for all of it, so that a full disk shows at once; a file that may have holes goes
    /// without.</summary>
    /// <exception cref="IOException">There is no room.</exception>
    public void TakeRoom()
    {
        long length = record.Length + (HasTrailer(record) ? PartTrailer.LengthFor(record) : 0);
        try
        {
            isHollow = !DurableFile.Allocate(Handle, Path, length) && !IsOld;
        }
        catch (IOException error) when (isSparse && !IsOld && DurableFile.IsOutOfSpace(error))
        {
            isHollow = true;
        }

        if (isHollow)
        {
            SparseFile.SetLength(Handle, length);
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
        catch (IOException error) when (OperatingSystem.IsWindows() ? (error.HResult & 0xFFFF) == 32 : !File.Exists(path))
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
        DfssErrorCode.DestinationUnwritable, $"The received chunks are kept as '{path}' until all are there, and {why}", "Remove it.");

    private static DfssException InUse(string path, int? holder) => new(
        DfssErrorCode.DestinationUnwritable,
        holder is int id && id != Environment.ProcessId
            ? string.Create(CultureInfo.InvariantCulture, $"'{path}' is in use: process {id} receives the same destination.")
            : $"'{path}' is in use: the same destination is received already.",
        "Wait until that has ended, or end it, or receive to another destination.");
}
