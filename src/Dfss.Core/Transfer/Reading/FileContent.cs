using Dfss.Encryption;
using Dfss.Hashing;

namespace Dfss.Transfer;

/// <summary>How the content of a stored file is in its chunks: plain, or encrypted.</summary>
internal sealed class FileContent
{
    private readonly FileManifest manifest;
    private readonly ChunkCipher? cipher;
    private readonly string name;

    /// <param name="record">The file's record.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="key">Its key; null for one that is not encrypted.</param>
    /// <exception cref="DfssException">
    /// FileTampered: the manifest is not the one that was written with the key.
    /// </exception>
    public FileContent(FileRecord record, FileManifest manifest, ContentKey? key)
    {
        this.manifest = manifest;
        cipher = key?.Verify(manifest);
        name = record.Name;
        Length = record.ContentLength;
        ChunkSize = manifest.ChunkSize - OverheadBytes;
    }

    /// <summary>The file's length in bytes.</summary>
    public long Length { get; }

    /// <summary>The length in bytes of every chunk's content but the last.</summary>
    public int ChunkSize { get; }

    /// <summary>Whether the chunks are encrypted.</summary>
    public bool IsEncrypted => cipher is not null;

    private int OverheadBytes => cipher is null ? 0 : KeyEnvelope.ChunkOverheadBytes;

    /// <summary>The length in bytes of a chunk's content.</summary>
    public int LengthOf(int index) => manifest.LengthOf(index) - OverheadBytes;

    /// <summary>Where a chunk's content begins in the file.</summary>
    public long OffsetOf(int index) => (long)index * ChunkSize;

    /// <summary>The place of the content in the memory of a chunk.</summary>
    public Memory<byte> PlaceIn(Memory<byte> chunk) => cipher is null ? chunk : ChunkCipher.PieceOf(chunk);

    /// <summary>The nonce of a stored chunk; nothing where it is not encrypted.</summary>
    public ReadOnlyMemory<byte> NonceOf(Memory<byte> chunk) =>
        cipher is null ? default : chunk[..ChunkCipher.NonceBytes];

    /// <summary>The content of a stored chunk that has its id, decrypted in its place.</summary>
    /// <exception cref="DfssException">FileTampered: it was not encrypted as this chunk of this file.</exception>
    public Memory<byte> Open(int index, Memory<byte> chunk) => cipher?.TryDecrypt(index, chunk.Span) != false
        ? PlaceIn(chunk)
        : throw new DfssException(
            DfssErrorCode.FileTampered, $"Chunk {index} of '{name}' was changed after it was encrypted.")
        { ChunkId = manifest[index] };

    /// <summary>
    /// Whether content in the memory of a chunk is this chunk's: encrypted with the nonce of the stored chunk, it must
    /// have the chunk's id. The ciphertext is discarded.
    /// </summary>
    public async ValueTask<bool> IsContentOfAsync(int index, ReadOnlyMemory<byte> nonce, Memory<byte> chunk)
    {
        cipher?.Encrypt(index, nonce.Span, chunk.Span);
        return await ChunkHasher.Shared.HashAsync(chunk).ConfigureAwait(false) == manifest[index];
    }
}
