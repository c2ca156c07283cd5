using Dfss.Records;

namespace Dfss.Storage;

/// <summary>The errors of requests to seal that no store can fulfil.</summary>
internal static class SealErrors
{
    /// <summary>The file id is that of a chunk that is no manifest.</summary>
    public static DfssException NotAManifest(SealRequest request) => new(
        DfssErrorCode.ChunkCorrupt,
        $"Chunk {request.FileId}, given as the manifest of '{request.Name}', is not a manifest.")
    { ChunkId = request.FileId.ToChunkId() };

    /// <summary>Refuses a set of expected chunks of another file.</summary>
    public static void ThrowIfOtherCount(SealRequest request, FileManifest manifest)
    {
        if (request.Expected.Bits.Length != (manifest.ChunkCount + 7) / 8)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"The set of chunks expected of '{request.Name}' has {request.Expected.Bits.Length} bytes; its file "
                    + $"has {manifest.ChunkCount} chunks.");
        }
    }
}
