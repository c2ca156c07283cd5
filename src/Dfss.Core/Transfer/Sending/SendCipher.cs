using Dfss.Encryption;

namespace Dfss.Transfer;

/// <summary>
/// Encrypts the chunks of one send, and keeps the nonces in memory: a chunk that has to be put again can be made again.
/// Safe for concurrent use, each chunk by one caller.
/// </summary>
/// <param name="key">The file's key.</param>
/// <param name="chunkCount">How many chunks the file has.</param>
/// <param name="chunkSize">The length of each stored chunk but the last, in bytes.</param>
internal sealed class SendCipher(FileKey key, int chunkCount, int chunkSize)
{
    private readonly ChunkCipher cipher = new(key, chunkCount, chunkSize);
    private readonly byte[]?[] nonces = new byte[]?[chunkCount];

    /// <summary>Encrypts a chunk whose content is in its place, with a new nonce.</summary>
    public void Encrypt(int index, Span<byte> chunk)
    {
        cipher.Encrypt(index, chunk);
        nonces[index] = chunk[..ChunkCipher.NonceBytes].ToArray();
    }

    /// <summary>Whether this send has encrypted the chunk itself.</summary>
    public bool CanRepeat(int index) => nonces[index] is not null;

    /// <summary>
    /// Encrypts the same content again into the same chunk. If the id differs, the content has changed: the result must
    /// not leave this process.
    /// </summary>
    public void Repeat(int index, Span<byte> chunk) => cipher.Encrypt(index, nonces[index], chunk);

    /// <summary>The manifest of the encrypted chunks.</summary>
    /// <param name="contentLength">The file's length in bytes.</param>
    /// <param name="ids">Their ids, in order.</param>
    public FileManifest CreateManifest(long contentLength, ReadOnlySpan<ChunkId> ids) => FileManifest.CreateEncrypted(
        contentLength + ((long)chunkCount * KeyEnvelope.ChunkOverheadBytes), chunkSize, ids);
}
