using System.Security.Cryptography;
using Dfss.Encryption;

namespace Dfss.Transfer;

/// <summary>
/// The key of a file that is being sent, and its recipients: a resumed send for the same recipients uses the same key,
/// and one for others never does.
/// </summary>
internal sealed class SendKey
{
    /// <summary>Its length in a journal, in bytes.</summary>
    public const int SizeBytes = SHA256.HashSizeInBytes + FileKey.SizeBytes;

    private readonly byte[] recipients;

    private SendKey(byte[] recipients, FileKey key)
    {
        this.recipients = recipients;
        Key = key;
    }

    /// <summary>The file's key.</summary>
    public FileKey Key { get; }

    /// <summary>The SHA-256 of the recipients' key ids, in hexadecimal digits.</summary>
    public string Recipients => Convert.ToHexStringLower(recipients);

    /// <summary>A new key for these recipients.</summary>
    public static SendKey Create(IReadOnlyList<Recipient> recipients)
    {
        string[] keyIds = [.. recipients.Select(one => one.KeyId).Distinct().Order(StringComparer.Ordinal)];
        return new SendKey(SHA256.HashData(Convert.FromHexString(string.Concat(keyIds))), FileKey.Create());
    }

    /// <summary>The same recipients with the key of a journal.</summary>
    /// <param name="written"><see cref="SizeBytes"/> bytes, as <see cref="WriteTo"/> writes them.</param>
    public SendKey WithKeyOf(ReadOnlySpan<byte> written) =>
        new(recipients, new FileKey(written[SHA256.HashSizeInBytes..].ToArray()));

    /// <summary>Writes <see cref="SizeBytes"/> bytes to the start of <paramref name="destination"/>.</summary>
    public void WriteTo(Span<byte> destination)
    {
        recipients.CopyTo(destination);
        Key.Bytes.CopyTo(destination[SHA256.HashSizeInBytes..]);
    }
}
