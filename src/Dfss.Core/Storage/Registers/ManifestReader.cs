namespace Dfss.Storage;

/// <summary>The state of a file's manifest in a store.</summary>
internal enum ManifestState
{
    /// <summary>Its manifest.</summary>
    Good,

    /// <summary>Nothing.</summary>
    Missing,

    /// <summary>Bytes that do not hash to the id.</summary>
    Corrupt,

    /// <summary>The chunk of that id, which is no manifest: the id was never a file's.</summary>
    NotAManifest,
}

/// <summary>Reads manifests out of a chunk store.</summary>
internal static class ManifestReader
{
    /// <summary>Reads a manifest, once, and hashes it, once.</summary>
    /// <returns>The manifest, where the state is <see cref="ManifestState.Good"/>.</returns>
    public static async ValueTask<(ManifestState State, FileManifest? Manifest)> ReadAsync(
        IServedChunkStore chunks, FileId fileId, CancellationToken cancellationToken)
    {
        ChunkId id = fileId.ToChunkId();
        if (await chunks.GetLengthAsync(id, cancellationToken).ConfigureAwait(false) is not { } length)
        {
            return (ManifestState.Missing, null);
        }

        // The manifest keeps it, so it is not from a pool.
        byte[] content = new byte[length];
        if (await chunks.GetAsync(id, content, cancellationToken).ConfigureAwait(false) is not { } read)
        {
            return (ManifestState.Missing, null);
        }

        return Decode(content.AsMemory(0, read), fileId);
    }

    /// <summary>
    /// Decodes what is stored as a file's manifest, and hashes it once. The manifest keeps the bytes.
    /// </summary>
    public static (ManifestState State, FileManifest? Manifest) Decode(ReadOnlyMemory<byte> content, FileId fileId)
    {
        try
        {
            // It hashes itself.
            FileManifest manifest = FileManifest.Decode(content);
            return manifest.FileId == fileId ? (ManifestState.Good, manifest) : (ManifestState.Corrupt, null);
        }
        catch (DfssException exception) when (exception.Code == DfssErrorCode.ChunkCorrupt)
        {
            bool isGood = ChunkId.Of(content.Span) == fileId.ToChunkId();
            return (isGood ? ManifestState.NotAManifest : ManifestState.Corrupt, null);
        }
    }
}
