using System.Globalization;
using System.Security.Cryptography;

namespace Dfss.Encryption;

/// <summary>
/// The decoded content of an envelope: the code that checks the manifest, and the wraps of the file's key.
/// </summary>
/// <param name="ManifestCode">HMAC-SHA-256 of the manifest under the file's key.</param>
/// <param name="Wraps">The wraps of the file's key, each for a different recipient key.</param>
internal sealed record EnvelopeContent(byte[] ManifestCode, IReadOnlyList<KeyWrap> Wraps)
{
    /// <summary>16: a file with more recipients is better encrypted for a key that they share.</summary>
    public const int MaxWraps = 16;

    private const byte Version = 1;
    private const int FixedBytes = 1 + HMACSHA256.HashSizeInBytes + 1;

    /// <summary>Makes the envelope of a file.</summary>
    /// <exception cref="DfssException">InvalidArgument: there are too many recipients.</exception>
    public static KeyEnvelope Create(FileKey key, FileManifest manifest, IReadOnlyList<Recipient> recipients) =>
        new EnvelopeContent(
            key.Authenticate(manifest),
            [.. recipients.DistinctBy(one => one.KeyId).Select(one => one.Wrap(key, manifest.FileId))])
            .Encode();

    /// <summary>The one encoding of the content.</summary>
    /// <exception cref="DfssException">
    /// InvalidArgument: there is no wrap, or there are too many, or they take too many bytes.
    /// </exception>
    public KeyEnvelope Encode()
    {
        int length = FixedBytes + Wraps.Sum(wrap => wrap.EncodedBytes);
        if (Wraps.Count is 0 or > MaxWraps || length > KeyEnvelope.MaxBytes)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"A file can be encrypted for 1 to {MaxWraps} recipients that take {KeyEnvelope.MaxBytes} "
                        + $"bytes together; ")
                + string.Create(CultureInfo.InvariantCulture, $"these are {Wraps.Count}, and take {length}."),
                "Encrypt it for a key that several of them share (New-DfssEncryptionKey), or use certificates on "
                    + "P-256, which are small.");
        }

        byte[] encoded = new byte[length];
        encoded[0] = Version;
        ManifestCode.CopyTo(encoded, 1);
        encoded[FixedBytes - 1] = (byte)Wraps.Count;
        int offset = FixedBytes;
        foreach (KeyWrap wrap in Wraps)
        {
            offset += wrap.WriteTo(encoded.AsSpan(offset));
        }

        return new KeyEnvelope(encoded);
    }

    /// <summary>Decodes an envelope.</summary>
    /// <param name="envelope">The encoded envelope.</param>
    /// <param name="name">The file's name, for error messages.</param>
    /// <exception cref="DfssException">VersionNotSupported; FileTampered: the envelope is malformed.</exception>
    public static EnvelopeContent Decode(KeyEnvelope envelope, string name)
    {
        ReadOnlySpan<byte> bytes = envelope.Encoded.Span;
        if (bytes[0] != Version)
        {
            throw new DfssException(
                DfssErrorCode.VersionNotSupported,
                $"'{name}' is encrypted in version {bytes[0]}, and this DFSS supports version {Version}.",
                "Update DFSS.");
        }

        return TryRead(bytes) ?? throw new DfssException(
            DfssErrorCode.FileTampered, $"The keys in the record of '{name}' are malformed.");
    }

    /// <summary>The ids of the keys that open an envelope; none if this version cannot decode it.</summary>
    public static IReadOnlyList<string> KeyIdsOf(KeyEnvelope envelope) =>
        envelope.Encoded.Span[0] == Version && TryRead(envelope.Encoded.Span) is { } content
            ? [.. content.Wraps.Select(wrap => wrap.KeyId)]
            : [];

    private static EnvelopeContent? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < FixedBytes || bytes[FixedBytes - 1] is 0 or > MaxWraps)
        {
            return null;
        }

        List<KeyWrap> wraps = new(bytes[FixedBytes - 1]);
        int offset = FixedBytes;
        while (wraps.Count < bytes[FixedBytes - 1])
        {
            if (KeyWrap.TryRead(bytes[offset..]) is not KeyWrap wrap || wraps.Any(other => other.KeyId == wrap.KeyId))
            {
                return null;
            }

            wraps.Add(wrap);
            offset += wrap.EncodedBytes;
        }

        return offset == bytes.Length ? new EnvelopeContent(bytes[1..(FixedBytes - 1)].ToArray(), wraps) : null;
    }
}
