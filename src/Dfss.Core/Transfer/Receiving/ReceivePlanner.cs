using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>What a receive finds at its destination, without writing there.</summary>
internal static class ReceivePlanner
{
    /// <summary>Why no file may be put there; null if one may.</summary>
    public static string? FindProblem(string destinationPath, ReceiveOptions options)
    {
        try
        {
            DestinationPath.ThrowIfTaken(DestinationPath.Resolve(destinationPath), options.Force);
            return null;
        }
        catch (DfssException exception)
        {
            return exception.Reason;
        }
    }

    /// <summary>The bytes of the chunks that an interrupted receive has noted as written.</summary>
    public static long CountKept(string destinationPath, FileRecord record)
    {
        FileRecord content = record.ToContent();
        string path = PartFile.PathOf(DestinationPath.Resolve(destinationPath));
        if (!PartFile.HasTrailer(content) || !File.Exists(path))
        {
            return 0;
        }

        try
        {
            using SafeFileHandle part = DurableFile.OpenForReading(path);
            return PartTrailer.Read(part, content) is { } trailer ? CountClaimed(trailer, content) : 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What cannot be read cannot be resumed from.
            return 0;
        }
    }

    private static long CountClaimed(PartTrailer trailer, FileRecord content)
    {
        long bytes = 0;
        int chunkCount = (int)FileManifest.CountChunks(content.Length, content.ChunkSize);
        for (int index = 0; index < chunkCount; index++)
        {
            bytes += trailer.Claims(index)
                ? Math.Min(content.ChunkSize, content.Length - ((long)index * content.ChunkSize))
                : 0;
        }

        return bytes;
    }
}
