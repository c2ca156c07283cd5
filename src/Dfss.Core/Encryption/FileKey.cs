using System.Security.Cryptography;

namespace Dfss.Encryption;

/// <summary>
/// The key of one file: 32 random bytes, made for one send. A separate key is derived from it for each use.
/// </summary>
internal sealed class FileKey
{
    /// <summary>The size of a key in bytes.</summary>
    public const int SizeBytes = 32;

    private readonly byte[] bytes;
    private readonly byte[] manifestKey;

    /// <param name="bytes"><see cref="SizeBytes"/> bytes; the array is kept, not copied.</param>
    public FileKey(byte[] bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, SizeBytes);
        this.bytes = bytes;
        ChunkKey = Derive(bytes, "DFSS encryption 1 chunk"u8);
        manifestKey = Derive(bytes, "DFSS encryption 1 manifest"u8);
    }

    /// <summary>The bytes of the key, to be wrapped and to be kept in a journal.</summary>
    public ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>The derived key that encrypts the chunks.</summary>
    public byte[] ChunkKey { get; }

    /// <summary>Makes a new random key.</summary>
    public static FileKey Create() => new(RandomNumberGenerator.GetBytes(SizeBytes));

    /// <summary>
    /// The code of the manifest for the envelope: 32 bytes that only a holder of the key can compute.
    /// </summary>
    public byte[] Authenticate(FileManifest manifest) => HMACSHA256.HashData(manifestKey, manifest.Encoded.Span);

    /// <summary>Derives 32 bytes from a secret.</summary>
    internal static byte[] Derive(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> info)
    {
        byte[] derived = new byte[SizeBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, derived, salt: [], info);
        return derived;
    }
}
