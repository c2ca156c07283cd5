using System.Security.Cryptography;

namespace Dfss.Encryption;

/// <summary>The key of one file: 32 random bytes, made for one send. What it is used for has keys of their own, derived from it.</summary>
internal sealed class FileKey
{
    /// <summary>The size of a key in bytes.</summary>
    public const int SizeBytes = 32;

    private readonly byte[] bytes;
    private readonly byte[] manifestKey;

    /// <param name="bytes"><see cref="SizeBytes"/> bytes, which are kept.</param>
    public FileKey(byte[] bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, SizeBytes);
        this.bytes = bytes;
        ChunkKey = Derive(bytes, "DFSS encryption 1 chunk"u8);
        manifestKey = Derive(bytes, "DFSS encryption 1 manifest"u8);
    }

    /// <summary>The key itself: to be wrapped, and kept in a journal.</summary>
    public ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>The key that chunks are encrypted with.</summary>
    public byte[] ChunkKey { get; }

    /// <summary>A new one.</summary>
    public static FileKey Create() => new(RandomNumberGenerator.GetBytes(SizeBytes));

    /// <summary>What an envelope says of the manifest: 32 bytes that only who has the key can make.</summary>
    public byte[] Authenticate(FileManifest manifest) => HMACSHA256.HashData(manifestKey, manifest.Encoded.Span);

    /// <summary>32 bytes derived from a secret.</summary>
    internal static byte[] Derive(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> info)
    {
        byte[] derived = new byte[SizeBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, derived, salt: [], info);
        return derived;
    }
}
