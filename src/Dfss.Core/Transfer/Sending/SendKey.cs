using System.Security.Cryptography;
using Dfss.Encryption;

namespace Dfss.Transfer;

/// <summary>
/// The key of a file that is being sent, and for whom it is: a send that goes on for the same recipients uses the same
/// key, and one for others never does.
/// </summary>
internal sealed class SendKey
{
    /// <summary>What it takes in a journal, in bytes.</summary>
    public const int SizeBytes = SHA256.HashSizeInBytes + FileKey.SizeBytes;

    private readonly byte[] recipients;

    private SendKey(byte[] recipients, FileKey key)
    {
        this.recipients = recipients;
        Key = key;
    }

    /// <summary>The file's key.</summary>
    public FileKey Key { get; }

    /// <summary>For whom it is, in hexadecimal digits: the SHA-256 of their key ids.</summary>
    public string Recipients => Convert.ToHexStringLower(recipients);

    /// <summary>A new key for these recipients.</summary>
    public static SendKey Create(IReadOnlyList<Recipient> recipients)
    {
        string[] keyIds = [.. recipients.Select(one => one.KeyId).Distinct().Order(StringComparer.Ordinal)];
        return new SendKey(SHA256.HashData(Convert.FromHexString(string.Concat(keyIds))), FileKey.Create());
    }

    /// <summary>The same recipients with the key that stands in a journal.</summary>
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
