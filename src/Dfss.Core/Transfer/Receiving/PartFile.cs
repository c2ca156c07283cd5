using System.Security.Cryptography;
using System.Text;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>A file beside the destination that is not complete yet: locked while it is in use. A new one is readable by
/// its owner only; an existing one keeps its mode until its content is known.</summary>
internal sealed partial class PartFile : IDisposable
{
    /// <summary>Added to the destination's name.</summary>
    public const string Suffix = ".dfss-part";

    /// <summary>255 bytes are the longest name of the usual file systems (255 characters on some).</summary>
    private const int MaxNameBytes = 255;

    /// <summary>
    /// How often a name is tried whose file disappears meanwhile; once may be another receive that ends.
    /// </summary>
    private const int MaxAttempts = 10;

    /// <summary>
    /// 256 KiB: the most bytes of one write. For a longer one Linux takes cache memory in blocks of megabytes. A
    /// virtual machine has returned such free blocks to its host, and to get one back costs ten times the write.
    /// </summary>
    private const int PieceBytes = 256 << 10;

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

    /// <summary>Whether a part file of the record has a trailer. A file of one chunk has nothing to resume.</summary>
    public static bool HasTrailer(FileRecord record) =>
        record.ChunkSize >= DfssLimits.MinChunkSize - KeyEnvelope.ChunkOverheadBytes
            && FileManifest.CountChunks(record.Length, record.ChunkSize) is > 1 and <= DfssLimits.MaxChunksPerFile;

    /// <summary>Whether the name belongs to another file now, or to none. On Windows an open file keeps its
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

    /// <summary>Fails if another program has removed or replaced the file, which must not be renamed then.</summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    public void ThrowIfReplaced()
    {
        if (IsReplaced)
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"'{Path}' was removed or replaced by another program meanwhile.",
                "Run the command again.");
        }
    }

    /// <summary>Removes it, and makes another in its place.</summary>
    /// <exception cref="DfssException">DestinationUnwritable: another program was faster.</exception>
    public PartFile Replace()
    {
        Remove();
        return TryCreate(Path, record, isSparse)
            ?? throw InTheWay(Path, "another program has just made a file of that name.");
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

    /// <summary>Closes and unlocks it.</summary>
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
        while (!content.IsEmpty)
        {
            ReadOnlySpan<byte> piece = content[..Math.Min(PieceBytes, content.Length)];
            if (isSparse)
            {
                SparseFile.Write(Handle, piece, offset, isHollow);
            }
            else
            {
                RandomAccess.Write(Handle, piece, offset);
            }

            content = content[piece.Length..];
            offset += piece.Length;
        }
    }

    /// <summary>
    /// Sets room aside for all of it, so that a full disk is an error at once; not for a file that may have holes.
    /// </summary>
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
}
