using System.Buffers.Binary;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <content>The part file that an earlier receive has left, when the record of the file is not at hand.</content>
internal sealed partial class PartTrailer
{
    /// <summary>
    /// About how many bytes of a part file are there; 0 if it is not the part of a file of this length.
    /// </summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static long CountClaimedBytes(string path, long length)
    {
        if (!File.Exists(path))
        {
            return 0;
        }

        using SafeFileHandle file = DurableFile.OpenForReading(path);
        return TryRead(file, length) is { } trailer ? trailer.CountClaimedBytes(length) : 0;
    }

    /// <summary>Deletes a part file of a file of this length, if no receive has it open.</summary>
    /// <exception cref="IOException">It cannot be deleted.</exception>
    public static void ForgetPart(string path, long length)
    {
        if (!File.Exists(path) || new FileInfo(path).LinkTarget is not null
            || DurableFile.TryTake(path, FileShare.Delete) is not { } file)
        {
            return;
        }

        try
        {
            // Not the part of another receive, which has this path since.
            if ((OperatingSystem.IsWindows() || FileStatus.IsAt(path, file)) && TryRead(file, length) is not null)
            {
                File.Delete(path);
            }
        }
        finally
        {
            DurableFile.Unlock(file);
        }
    }

    private static PartTrailer? TryRead(SafeFileHandle file, long length)
    {
        long rest = RandomAccess.GetLength(file) - length;
        if (rest is < HeaderBytes or > HeaderBytes + ((long)DfssLimits.MaxChunksPerFile * EntryBytes))
        {
            return null;
        }

        // First the header only: behind another length there may be the data of another file.
        byte[] header = new byte[HeaderBytes];
        if (RandomAccess.Read(file, header, length) != header.Length || !header.AsSpan().StartsWith(Magic)
            || BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(16)) != length
            || BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(12)) <= 0)
        {
            return null;
        }

        byte[] read = new byte[rest];
        return RandomAccess.Read(file, read, length) == read.Length ? new PartTrailer(read) : null;
    }

    private long CountClaimedBytes(long length)
    {
        int chunkSize = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(12));
        int count = (int)FileManifest.CountChunks(length, chunkSize);
        if (bytes.Length != HeaderBytes + LengthFor(count, HasNonces))
        {
            return 0;
        }

        return Enumerable.Range(0, count).Where(Claims)
            .Sum(index => Math.Min(chunkSize, length - ((long)index * chunkSize)));
    }
}
