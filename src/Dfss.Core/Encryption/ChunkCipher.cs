using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Dfss.Encryption;

/// <summary>
/// Encrypts and decrypts the chunks of one file, each in place: 12 bytes of nonce, the piece of the content, 16 bytes
/// of tag. The additional data of a chunk has its position in the file. Safe for concurrent use.
/// </summary>
/// <param name="key">The file's key.</param>
/// <param name="chunkCount">The number of chunks of the file.</param>
/// <param name="chunkSize">The length in bytes of each stored chunk except the last.</param>
internal sealed class ChunkCipher(FileKey key, int chunkCount, int chunkSize)
{
    /// <summary>The size of a nonce in bytes.</summary>
    public const int NonceBytes = 12;

    private const int TagBytes = KeyEnvelope.ChunkOverheadBytes - NonceBytes;
    private const int PlaceBytes = 12;

    /// <summary>The part of a stored chunk that holds the content.</summary>
    public static Memory<byte> PieceOf(Memory<byte> chunk) => chunk[NonceBytes..^TagBytes];

    /// <summary>
    /// Encrypts a chunk in place, with a new nonce; the caller has put the content into <see cref="PieceOf"/>.
    /// </summary>
    public void Encrypt(int index, Span<byte> chunk)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        RandomNumberGenerator.Fill(nonce);
        Encrypt(index, nonce, chunk);
    }

    /// <summary>
    /// Encrypts a chunk with a nonce that was used before. The caller makes sure that the result is the same chunk as
    /// before, or that a different result is never disclosed.
    /// </summary>
    public void Encrypt(int index, ReadOnlySpan<byte> nonce, Span<byte> chunk)
    {
        nonce.CopyTo(chunk);
        Span<byte> piece = chunk[NonceBytes..^TagBytes];
        Span<byte> place = stackalloc byte[PlaceBytes];
        WritePlace(index, place);
        using AesGcm cipher = new(key.ChunkKey, TagBytes);
        cipher.Encrypt(nonce, piece, piece, chunk[^TagBytes..], place);
    }

    /// <summary>Decrypts a chunk in place.</summary>
    /// <returns>
    /// Whether the bytes are what was encrypted as this chunk of this file; if not, the piece is zeroed.
    /// </returns>
    public bool TryDecrypt(int index, Span<byte> chunk)
    {
        Span<byte> piece = chunk[NonceBytes..^TagBytes];
        Span<byte> place = stackalloc byte[PlaceBytes];
        WritePlace(index, place);
        using AesGcm cipher = new(key.ChunkKey, TagBytes);
        try
        {
            cipher.Decrypt(chunk[..NonceBytes], piece, chunk[^TagBytes..], piece, place);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    private void WritePlace(int index, Span<byte> place)
    {
        BinaryPrimitives.WriteInt32BigEndian(place, index);
        BinaryPrimitives.WriteInt32BigEndian(place[4..], chunkCount);
        BinaryPrimitives.WriteInt32BigEndian(place[8..], chunkSize);
    }
}
