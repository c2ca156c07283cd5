namespace Dfss.Transfer;

/// <summary>
/// A version of a stored file at other peers that is sent as it is: its chunks are read there, verified, and not
/// decrypted.
/// </summary>
/// <param name="content">Its chunks.</param>
/// <param name="version">The version.</param>
/// <param name="path">What messages call it.</param>
/// <param name="reads">Notes what fails.</param>
internal sealed class StoredSource(StoredContent content, FileVersion version, string path, SourceReads reads)
    : ISendSource
{
    /// <inheritdoc/>
    public string Path => path;

    /// <summary>The length of the stored chunks in bytes.</summary>
    public long? KnownLength => Manifest.Length;

    /// <inheritdoc/>
    public UnixTime Modified => version.Modified;

    /// <inheritdoc/>
    public int? UnixMode => version.UnixMode;

    /// <summary>Which chunks there are.</summary>
    public FileManifest Manifest => content.Manifest;

    /// <summary>Reads one chunk from the first of its holders that has it.</summary>
    /// <returns>The verified chunk, which the caller returns.</returns>
    /// <exception cref="DfssException">ChunkNotFound, ChunkCorrupt, PeerUnreachable, FileChanged, ...</exception>
    public Task<ChunkBuffer> FetchAsync(int index, CancellationToken cancellationToken) =>
        reads.NoteAsync(() => content.FetchAsync(index, cancellationToken));
}
