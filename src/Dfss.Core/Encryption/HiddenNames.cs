using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Dfss.Encryption;

/// <summary>
/// Names that the peers cannot read. Each name is encrypted as a whole, and the result is the name that the peers
/// store. One name under one key always has the same stored name, so that it can be found and replaced. The format
/// is in docs/encryption.md.
/// </summary>
public sealed class HiddenNames
{
    /// <summary>
    /// The prefix of every stored name that hides another name; the digit is the version of the format.
    /// </summary>
    public const string Prefix = "~1~";

    /// <summary>
    /// 735 bytes of UTF-8: the stored name of such a name takes 1,022 of the 1,024 bytes that a name may have.
    /// </summary>
    public const int MaxNameBytes = (PaddedBytes * BlocksAtMost) - 1;

    private const int PaddedBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private const int BlocksAtMost =
        ((((DfssLimits.MaxNameBytes - 3) * 3 / 4) - NonceBytes - TagBytes) / PaddedBytes);

    private readonly byte[] nonceKey;
    private readonly byte[] cipherKey;

    /// <summary>Makes the names that a key hides.</summary>
    public HiddenNames(EncryptionKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        KeyId = key.KeyId;
        nonceKey = FileKey.Derive(key.Bytes, "DFSS encryption 1 name nonce"u8);
        cipherKey = FileKey.Derive(key.Bytes, "DFSS encryption 1 name"u8);
    }

    /// <summary>The id of the key.</summary>
    public string KeyId { get; }

    /// <summary>The stored name that hides a name.</summary>
    /// <exception cref="DfssException">InvalidName: it is not a valid name, or is too long to hide.</exception>
    public string Hide(string name)
    {
        byte[] text = Encoding.UTF8.GetBytes(FileName.Normalize(name));
        if (text.Length > MaxNameBytes)
        {
            throw new DfssException(
                DfssErrorCode.InvalidName,
                FormattableString.Invariant(
                    $"The name has {text.Length} bytes of UTF-8; a hidden name has at most {MaxNameBytes}."),
                "Give a shorter -Name, or leave out -HiddenName.");
        }

        // At least one zero, padded up to a multiple of 32: the length discloses little.
        byte[] padded = new byte[((text.Length / PaddedBytes) + 1) * PaddedBytes];
        text.CopyTo(padded, 0);
        byte[] stored = new byte[NonceBytes + padded.Length + TagBytes];
        Span<byte> nonce = stored.AsSpan(0, NonceBytes);
        MakeNonce(padded, nonce);
        using AesGcm cipher = new(cipherKey, TagBytes);
        cipher.Encrypt(
            nonce, padded, stored.AsSpan(NonceBytes, padded.Length), stored.AsSpan(NonceBytes + padded.Length));
        return Prefix + Base64Url.EncodeToString(stored);
    }

    /// <summary>The name that a stored name hides; false if this key has not hidden it.</summary>
    public bool TryOpen(string storedName, [NotNullWhen(true)] out string? name)
    {
        ArgumentNullException.ThrowIfNull(storedName);
        name = null;
        if (Decode(storedName) is not { } stored)
        {
            return false;
        }

        Span<byte> nonce = stored.AsSpan(0, NonceBytes);
        byte[] padded = new byte[stored.Length - NonceBytes - TagBytes];
        try
        {
            using AesGcm cipher = new(cipherKey, TagBytes);
            cipher.Decrypt(
                nonce, stored.AsSpan(NonceBytes, padded.Length), stored.AsSpan(NonceBytes + padded.Length), padded);
        }
        catch (AuthenticationTagMismatchException)
        {
            // Another key has hidden it.
            return false;
        }

        // A holder of the key could make several stored names of one name. Only the one of Hide counts,
        // so that each name has one.
        int length = padded.AsSpan().IndexOf((byte)0);
        string text = length < 0 ? string.Empty : Encoding.UTF8.GetString(padded.AsSpan(0, length));
        bool isOurs = text.Length > 0 && FileName.TryNormalize(text, out string? normalized, out _)
            && normalized == text && Encoding.UTF8.GetByteCount(text) <= MaxNameBytes && Hide(text) == storedName;
        name = isOurs ? text : null;
        return isOurs;
    }

    /// <summary>The key id; discloses nothing of the key.</summary>
    public override string ToString() => KeyId;

    private static byte[]? Decode(string storedName)
    {
        if (!storedName.StartsWith(Prefix, StringComparison.Ordinal)
            || !Base64Url.IsValid(storedName.AsSpan(Prefix.Length), out int length))
        {
            return null;
        }

        int padded = length - NonceBytes - TagBytes;
        return padded > 0 && padded % PaddedBytes == 0
            ? Base64Url.DecodeFromChars(storedName.AsSpan(Prefix.Length))
            : null;
    }

    /// <summary>
    /// Derives the nonce from the name. Two names have the same nonce only by chance, with a probability of 2^-96 for
    /// each pair, and one name always has the same nonce; so no nonce is used for two texts.
    /// </summary>
    private void MakeNonce(byte[] padded, Span<byte> nonce) =>
        HMACSHA256.HashData(nonceKey, padded).AsSpan(0, NonceBytes).CopyTo(nonce);
}
