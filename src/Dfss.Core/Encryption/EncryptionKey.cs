using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Dfss.Encryption;

/// <summary>
/// A key that files are encrypted and decrypted with: 32 random bytes. <see cref="ToSecretText"/> returns its text, a
/// line to keep in a file or a vault; no other public member discloses the key.
/// </summary>
public sealed class EncryptionKey
{
    /// <summary>The size of a key in bytes.</summary>
    public const int SizeBytes = 32;

    /// <summary>The prefix of the text of a key.</summary>
    public const string TextPrefix = "dfss-key-1-";

    private readonly byte[] bytes;

    /// <summary>Makes a key from its bytes.</summary>
    /// <param name="source">Exactly <see cref="SizeBytes"/> bytes, which are copied.</param>
    /// <exception cref="ArgumentException"><paramref name="source"/> has another length.</exception>
    public EncryptionKey(ReadOnlySpan<byte> source)
    {
        if (source.Length != SizeBytes)
        {
            throw new ArgumentException(
                $"An encryption key has {SizeBytes} bytes, not {source.Length}.", nameof(source));
        }

        bytes = source.ToArray();
        KeyId = Convert.ToHexStringLower(
            FileKey.Derive(bytes, "DFSS encryption 1 key id"u8).AsSpan(0, KeyWrap.KeyIdBytes));
    }

    /// <summary>The id of the key, which encrypted files name: 32 hexadecimal digits. It is not secret.</summary>
    public string KeyId { get; }

    /// <summary>The bytes of the key.</summary>
    internal ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>A new random key.</summary>
    public static EncryptionKey Create() => new(RandomNumberGenerator.GetBytes(SizeBytes));

    /// <summary>Parses the text of a key; white space around it is ignored.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out EncryptionKey? key)
    {
        key = null;
        ReadOnlySpan<char> trimmed = text.Trim();
        if (!trimmed.StartsWith(TextPrefix, StringComparison.Ordinal))
        {
            return false;
        }

        Span<byte> read = stackalloc byte[SizeBytes];
        bool isKey = trimmed.Length == TextPrefix.Length + 44
            && Convert.TryFromBase64Chars(trimmed[TextPrefix.Length..], read, out int count) && count == SizeBytes;
        if (isKey)
        {
            key = new EncryptionKey(read);
        }

        CryptographicOperations.ZeroMemory(read);
        return isKey;
    }

    /// <summary>The text of the key. It is secret: its holder can read every file that the key opens.</summary>
    public string ToSecretText() => TextPrefix + Convert.ToBase64String(bytes);

    /// <summary>The key id; discloses nothing of the key.</summary>
    public override string ToString() => KeyId;
}
