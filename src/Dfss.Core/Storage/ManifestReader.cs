namespace Dfss.Storage;

/// <summary>Reads manifests out of a chunk store.</summary>
internal static class ManifestReader
{
    /// <summary>The manifest of a file; null where the store does not have it.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.ChunkCorrupt"/>: what the store has under its id is not it.</exception>
    public static async ValueTask<FileManifest?> ReadAsync(
        ILocalChunkStore chunks, FileId fileId, CancellationToken cancellationToken)
    {
        ChunkId id = fileId.ToChunkId();
        if (await chunks.GetLengthAsync(id, cancellationToken).ConfigureAwait(false) is not { } length)
        {
            return null;
        }

        // Kept by the manifest, so not from a pool.
        byte[] content = new byte[length];
        int? read = await new VerifyingChunkStore(chunks).GetAsync(id, content, cancellationToken).ConfigureAwait(false);
        return read is null ? null : FileManifest.Decode(content.AsMemory(0, read.Value));
    }
}
