using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Dfss.Encryption;

/// <summary>The kind of the recipient key that a file's key is wrapped for.</summary>
internal enum WrapKind
{
    /// <summary>An encryption key.</summary>
    EncryptionKey = 1,

    /// <summary>The P-256 key of a certificate.</summary>
    P256 = 2,

    /// <summary>The RSA key of a certificate.</summary>
    Rsa = 3,
}

/// <summary>A file's key, encrypted for one recipient and for this file alone.</summary>
/// <param name="Kind">The kind of the recipient's key.</param>
/// <param name="KeyId">The id of the recipient's key, 16 bytes as 32 hexadecimal digits.</param>
/// <param name="Header">What the recipient needs, besides its own key, to derive the wrapping key.</param>
/// <param name="Wrapped">The encrypted file key and its tag.</param>
internal sealed record KeyWrap(WrapKind Kind, string KeyId, byte[] Header, byte[] Wrapped)
{
    /// <summary>The size of a key id in bytes.</summary>
    public const int KeyIdBytes = 16;

    /// <summary>The size of a wrapped key in bytes.</summary>
    public const int WrappedBytes = FileKey.SizeBytes + TagBytes;

    private const int TagBytes = 16;
    private const int NonceBytes = 12;

    private static ReadOnlySpan<byte> Label => "DFSS encryption 1 wrap"u8;

    /// <summary>The number of bytes of this wrap in an envelope.</summary>
    public int EncodedBytes => 1 + KeyIdBytes + sizeof(ushort) + Header.Length + WrappedBytes;

    /// <summary>Wraps a file's key.</summary>
    /// <param name="kind">The kind of the recipient's key.</param>
    /// <param name="keyId">The id of the recipient's key.</param>
    /// <param name="secret">A secret that only the recipient can compute, made for this one wrap.</param>
    /// <param name="header">What the recipient computes the secret from.</param>
    /// <param name="key">The key to wrap.</param>
    /// <param name="fileId">The file that the key belongs to.</param>
    public static KeyWrap Create(
        WrapKind kind, string keyId, ReadOnlySpan<byte> secret, byte[] header, FileKey key, FileId fileId)
    {
        byte[] wrapped = new byte[WrappedBytes];
        using AesGcm cipher = new(DeriveWrappingKey(kind, keyId, secret, header, fileId), TagBytes);
        cipher.Encrypt(
            new byte[NonceBytes], key.Bytes, wrapped.AsSpan(0, FileKey.SizeBytes), wrapped.AsSpan(FileKey.SizeBytes));
        return new KeyWrap(kind, keyId, header, wrapped);
    }

    /// <summary>Unwraps the file's key; null if the wrap was changed, or made for another file.</summary>
    /// <param name="secret">The secret that the recipient has computed from the header.</param>
    /// <param name="fileId">The file.</param>
    public FileKey? TryOpen(ReadOnlySpan<byte> secret, FileId fileId)
    {
        byte[] key = new byte[FileKey.SizeBytes];
        using AesGcm cipher = new(DeriveWrappingKey(Kind, KeyId, secret, Header, fileId), TagBytes);
        try
        {
            cipher.Decrypt(
                new byte[NonceBytes], Wrapped.AsSpan(0, FileKey.SizeBytes), Wrapped.AsSpan(FileKey.SizeBytes), key);
            return new FileKey(key);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    /// <summary>Writes the wrap to the start of <paramref name="destination"/>.</summary>
    /// <returns>The number of bytes written.</returns>
    public int WriteTo(Span<byte> destination)
    {
        destination[0] = (byte)Kind;
        Convert.FromHexString(KeyId, destination[1..], out _, out _);
        BinaryPrimitives.WriteUInt16BigEndian(destination[(1 + KeyIdBytes)..], (ushort)Header.Length);
        Span<byte> rest = destination[(1 + KeyIdBytes + sizeof(ushort))..];
        Header.CopyTo(rest);
        Wrapped.CopyTo(rest[Header.Length..]);
        return EncodedBytes;
    }

    /// <summary>
    /// Reads a wrap from the start of <paramref name="source"/>; null if it is truncated or of an unknown kind.
    /// </summary>
    public static KeyWrap? TryRead(ReadOnlySpan<byte> source)
    {
        const int Fixed = 1 + KeyIdBytes + sizeof(ushort);
        if (source.Length < Fixed || !Enum.IsDefined((WrapKind)source[0]))
        {
            return null;
        }

        int headerBytes = BinaryPrimitives.ReadUInt16BigEndian(source[(1 + KeyIdBytes)..]);
        return source.Length < Fixed + headerBytes + WrappedBytes ? null : new KeyWrap(
            (WrapKind)source[0],
            Convert.ToHexStringLower(source.Slice(1, KeyIdBytes)),
            source.Slice(Fixed, headerBytes).ToArray(),
            source.Slice(Fixed + headerBytes, WrappedBytes).ToArray());
    }

    /// <summary>The recipient; discloses none of the wrap's bytes.</summary>
    public override string ToString() => $"{Kind} {KeyId}";

    private static byte[] DeriveWrappingKey(
        WrapKind kind, string keyId, ReadOnlySpan<byte> secret, byte[] header, FileId fileId)
    {
        byte[] info = [.. Label, (byte)kind, .. Convert.FromHexString(keyId), .. fileId.ToByteArray()];
        return FileKey.Derive([.. secret, .. header], info);
    }
}
