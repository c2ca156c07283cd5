namespace Dfss;

/// <summary>
/// The part of an encrypted file's record that its recipients need: the file's key, wrapped for each recipient, and the
/// code that the manifest is checked with. Peers store it and never decode it; docs/encryption.md has its format.
/// </summary>
public sealed class KeyEnvelope : IEquatable<KeyEnvelope>
{
    /// <summary>
    /// 4 KiB: 16 recipients on P-256, or 12 with RSA of 2048 bits; records with 64 previous versions stay small.
    /// </summary>
    public const int MaxBytes = 4096;

    /// <summary>The bytes that encryption adds to each chunk: a nonce of 12 bytes and a tag of 16.</summary>
    public const int ChunkOverheadBytes = 28;

    /// <summary>Makes an envelope from its bytes, which are kept, not copied, and not decoded.</summary>
    /// <param name="encoded">1 to <see cref="MaxBytes"/> bytes.</param>
    /// <exception cref="ArgumentException"><paramref name="encoded"/> has another length.</exception>
    public KeyEnvelope(ReadOnlyMemory<byte> encoded)
    {
        if (encoded.Length is 0 or > MaxBytes)
        {
            throw new ArgumentException(
                $"An envelope has 1 to {MaxBytes} bytes, not {encoded.Length}.", nameof(encoded));
        }

        Encoded = encoded;
    }

    /// <summary>The encoded envelope.</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>The length in bytes of the content of encrypted chunks with this total length.</summary>
    /// <param name="length">The total length in bytes of the stored chunks.</param>
    /// <param name="chunkSize">The length in bytes of each stored chunk except the last.</param>
    internal static long ContentLength(long length, int chunkSize) =>
        length - (FileManifest.CountChunks(length, chunkSize) * ChunkOverheadBytes);

    /// <summary>
    /// Whether stored chunks of this total length can be encrypted chunks: none is too short for its
    /// nonce, its tag and content.
    /// </summary>
    internal static bool Fits(long length, int chunkSize) =>
        length == 0 || (length - 1) % chunkSize >= ChunkOverheadBytes;

    /// <inheritdoc/>
    public bool Equals(KeyEnvelope? other) => other is not null && Encoded.Span.SequenceEqual(other.Encoded.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as KeyEnvelope);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(Encoded.Span);
        return hash.ToHashCode();
    }
}
