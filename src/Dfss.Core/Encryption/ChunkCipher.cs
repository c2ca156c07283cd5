using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Dfss.Encryption;

/// <summary>
/// Encrypts and decrypts the chunks of one file, each where it lies: 12 bytes of nonce, the piece of the content, 16 bytes of
/// tag. Where a chunk stands in the file is in its additional data. Safe for concurrent use.
/// </summary>
/// <param name="key">The file's key.</param>
/// <param name="chunkCount">How many chunks the file has.</param>
/// <param name="chunkSize">The length of each stored chunk but the last, in bytes.</param>
internal sealed class ChunkCipher(FileKey key, int chunkCount, int chunkSize)
{
    /// <summary>The size of a nonce in bytes.</summary>
    public const int NonceBytes = 12;

    private const int TagBytes = KeyEnvelope.ChunkOverheadBytes - NonceBytes;
    private const int PlaceBytes = 12;

    /// <summary>Where the content stands in a stored chunk.</summary>
    public static Memory<byte> PieceOf(Memory<byte> chunk) => chunk[NonceBytes..^TagBytes];

    /// <summary>Encrypts a chunk whose piece stands in its place, with a new nonce.</summary>
    public void Encrypt(int index, Span<byte> chunk)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        RandomNumberGenerator.Fill(nonce);
        Encrypt(index, nonce, chunk);
    }

    /// <summary>
    /// Encrypts a chunk with a nonce that it has had: the caller makes sure that nothing but the same chunk comes of it, or
    /// that nobody sees what does.
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

    /// <summary>Decrypts a chunk in its place.</summary>
    /// <returns>Whether it is what was encrypted as this chunk of this file; if not, the piece is zero.</returns>
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
