using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Dfss.Encryption;

/// <summary>For what kind of key a file's key is wrapped.</summary>
internal enum WrapKind
{
    /// <summary>An encryption key.</summary>
    EncryptionKey = 1,

    /// <summary>A certificate on P-256.</summary>
    P256 = 2,

    /// <summary>A certificate with RSA.</summary>
    Rsa = 3,
}

/// <summary>A file's key, encrypted for one recipient and for this file alone.</summary>
/// <param name="Kind">The kind of the recipient's key.</param>
/// <param name="KeyId">Which key, 16 bytes as 32 hexadecimal digits.</param>
/// <param name="Header">What the recipient needs for the wrapping key, besides his own.</param>
/// <param name="Wrapped">The key and its tag.</param>
internal sealed record KeyWrap(WrapKind Kind, string KeyId, byte[] Header, byte[] Wrapped)
{
    /// <summary>The size of a key id in bytes.</summary>
    public const int KeyIdBytes = 16;

    /// <summary>The size of a wrapped key in bytes.</summary>
    public const int WrappedBytes = FileKey.SizeBytes + TagBytes;

    private const int TagBytes = 16;
    private const int NonceBytes = 12;

    private static ReadOnlySpan<byte> Label => "DFSS encryption 1 wrap"u8;

    /// <summary>The bytes that this wrap takes in an envelope.</summary>
    public int EncodedBytes => 1 + KeyIdBytes + sizeof(ushort) + Header.Length + WrappedBytes;

    /// <summary>Wraps a file's key.</summary>
    /// <param name="kind">The kind of the recipient's key.</param>
    /// <param name="keyId">Which key.</param>
    /// <param name="secret">What the recipient alone can find out, made for this one wrap.</param>
    /// <param name="header">From what he finds it out.</param>
    /// <param name="key">The key to wrap.</param>
    /// <param name="fileId">The file it opens.</param>
    public static KeyWrap Create(
        WrapKind kind, string keyId, ReadOnlySpan<byte> secret, byte[] header, FileKey key, FileId fileId)
    {
        byte[] wrapped = new byte[WrappedBytes];
        using AesGcm cipher = new(DeriveWrappingKey(kind, keyId, secret, header, fileId), TagBytes);
        cipher.Encrypt(
            new byte[NonceBytes], key.Bytes, wrapped.AsSpan(0, FileKey.SizeBytes), wrapped.AsSpan(FileKey.SizeBytes));
        return new KeyWrap(kind, keyId, header, wrapped);
    }

    /// <summary>The file's key; null where the wrap was changed, or made for another file.</summary>
    /// <param name="secret">What the recipient has found out from the header.</param>
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

    /// <summary>Writes it to the start of <paramref name="destination"/>.</summary>
    /// <returns>How many bytes that took.</returns>
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

    /// <summary>Reads one from the start of <paramref name="source"/>; null where it is cut off or of no known kind.</summary>
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

    /// <summary>Its recipient and nothing of its bytes.</summary>
    public override string ToString() => $"{Kind} {KeyId}";

    private static byte[] DeriveWrappingKey(
        WrapKind kind, string keyId, ReadOnlySpan<byte> secret, byte[] header, FileId fileId)
    {
        byte[] info = [.. Label, (byte)kind, .. Convert.FromHexString(keyId), .. fileId.ToByteArray()];
        return FileKey.Derive([.. secret, .. header], info);
    }
}
