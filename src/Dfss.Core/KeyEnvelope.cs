namespace Dfss;

/// <summary>
/// What the record of an encrypted file keeps for those who can read it: the file's key, wrapped for each recipient, and
/// what the manifest is checked with. Peers keep it and never look into it; docs/encryption.md has its bytes.
/// </summary>
public sealed class KeyEnvelope : IEquatable<KeyEnvelope>
{
    /// <summary>4 KiB: 16 recipients on P-256, or 12 with RSA of 2048 bits; 64 versions of a name stay small.</summary>
    public const int MaxBytes = 4096;

    /// <summary>What a stored chunk has beside its piece of the content: a nonce of 12 bytes and a tag of 16.</summary>
    public const int ChunkOverheadBytes = 28;

    /// <summary>Takes an envelope from its bytes, which are kept, not copied, and not looked into.</summary>
    /// <param name="encoded">1 to <see cref="MaxBytes"/> bytes.</param>
    /// <exception cref="ArgumentException"><paramref name="encoded"/> has another length.</exception>
    public KeyEnvelope(ReadOnlyMemory<byte> encoded)
    {
        if (encoded.Length is 0 or > MaxBytes)
        {
            throw new ArgumentException($"An envelope has 1 to {MaxBytes} bytes, not {encoded.Length}.", nameof(encoded));
        }

        Encoded = encoded;
    }

    /// <summary>Its bytes.</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>The length in bytes of what is in encrypted chunks of this length together.</summary>
    /// <param name="length">The length of the stored chunks, in bytes.</param>
    /// <param name="chunkSize">The length of each but the last, in bytes.</param>
    internal static long ContentLength(long length, int chunkSize) =>
        length - (FileManifest.CountChunks(length, chunkSize) * ChunkOverheadBytes);

    /// <summary>Whether chunks of this length can be encrypted ones: each has something in it.</summary>
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
