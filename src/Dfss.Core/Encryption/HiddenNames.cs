using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Dfss.Encryption;

/// <summary>
/// Names that the peers cannot read: each is encrypted as a whole, and what comes out is the name that the peers have. One name under
/// one key is always the same stored name, so that it can be found and replaced. The format is in docs/encryption.md.
/// </summary>
public sealed class HiddenNames
{
    /// <summary>What every stored name that hides another begins with; the number is the format's.</summary>
    public const string Prefix = "~1~";

    /// <summary>735 bytes of UTF-8: with what hiding adds, a stored name is then as long as one may be.</summary>
    public const int MaxNameBytes = (PaddedBytes * BlocksAtMost) - 1;

    private const int PaddedBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private const int BlocksAtMost =
        ((((DfssLimits.MaxNameBytes - 3) * 3 / 4) - NonceBytes - TagBytes) / PaddedBytes);

    private readonly byte[] nonceKey;
    private readonly byte[] cipherKey;

    /// <summary>The names that are hidden with a key.</summary>
    public HiddenNames(EncryptionKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        KeyId = key.KeyId;
        nonceKey = FileKey.Derive(key.Bytes, "DFSS encryption 1 name nonce"u8);
        cipherKey = FileKey.Derive(key.Bytes, "DFSS encryption 1 name"u8);
    }

    /// <summary>Which key it is.</summary>
    public string KeyId { get; }

    /// <summary>The stored name that hides a name.</summary>
    /// <exception cref="DfssException">InvalidName: it is no name, or too long to be hidden.</exception>
    public string Hide(string name)
    {
        byte[] text = Encoding.UTF8.GetBytes(FileName.Normalize(name));
        if (text.Length > MaxNameBytes)
        {
            throw new DfssException(
                DfssErrorCode.InvalidName,
                FormattableString.Invariant($"The name has {text.Length} bytes of UTF-8; of one that is hidden {MaxNameBytes} are the most."),
                "Take a shorter name, or do not hide it.");
        }

        // One zero at least, then up to a multiple of 32: the length says little.
        byte[] padded = new byte[((text.Length / PaddedBytes) + 1) * PaddedBytes];
        text.CopyTo(padded, 0);
        byte[] stored = new byte[NonceBytes + padded.Length + TagBytes];
        Span<byte> nonce = stored.AsSpan(0, NonceBytes);
        MakeNonce(padded, nonce);
        using AesGcm cipher = new(cipherKey, TagBytes);
        cipher.Encrypt(nonce, padded, stored.AsSpan(NonceBytes, padded.Length), stored.AsSpan(NonceBytes + padded.Length));
        return Prefix + Base64Url.EncodeToString(stored);
    }

    /// <summary>The name that a stored name hides, where this key has hidden it.</summary>
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
            cipher.Decrypt(nonce, stored.AsSpan(NonceBytes, padded.Length), stored.AsSpan(NonceBytes + padded.Length), padded);
        }
        catch (AuthenticationTagMismatchException)
        {
            // Another key's.
            return false;
        }

        // Whoever has the key could make several stored names of one; only this one counts, so that there is one to be found.
        int length = padded.AsSpan().IndexOf((byte)0);
        string text = length < 0 ? string.Empty : Encoding.UTF8.GetString(padded.AsSpan(0, length));
        bool isOurs = text.Length > 0 && FileName.TryNormalize(text, out string? normalized, out _)
            && normalized == text && Encoding.UTF8.GetByteCount(text) <= MaxNameBytes && Hide(text) == storedName;
        name = isOurs ? text : null;
        return isOurs;
    }

    /// <summary>Which key it is, and nothing of it.</summary>
    public override string ToString() => KeyId;

    private static byte[]? Decode(string storedName)
    {
        if (!storedName.StartsWith(Prefix, StringComparison.Ordinal) || !Base64Url.IsValid(storedName.AsSpan(Prefix.Length), out int length))
        {
            return null;
        }

        int padded = length - NonceBytes - TagBytes;
        return padded > 0 && padded % PaddedBytes == 0 ? Base64Url.DecodeFromChars(storedName.AsSpan(Prefix.Length)) : null;
    }

    /// <summary>
    /// Two names have the same nonce by chance alone, once in 2^96 pairs; and one name always has its own, under which nothing else is
    /// encrypted.
    /// </summary>
    private void MakeNonce(byte[] padded, Span<byte> nonce) => HMACSHA256.HashData(nonceKey, padded).AsSpan(0, NonceBytes).CopyTo(nonce);
}
