using System.Security.Cryptography;

namespace Dfss.Encryption;

/// <summary>The opened key of an encrypted file, and the code that its manifest is checked with.</summary>
internal sealed class ContentKey
{
    private readonly FileRecord record;
    private readonly EnvelopeContent envelope;

    private ContentKey(FileRecord record, EnvelopeContent envelope, FileKey key)
    {
        this.record = record;
        this.envelope = envelope;
        Key = key;
    }

    /// <summary>The file's key.</summary>
    public FileKey Key { get; }

    /// <summary>Opens the key of a stored file; null if the file is not encrypted and no key was given.</summary>
    /// <exception cref="DfssException">
    /// KeyRequired; KeyWrong; FileNotEncrypted: a key was given, and the file is not encrypted;
    /// FileTampered; VersionNotSupported.
    /// </exception>
    public static ContentKey? Open(FileRecord record, KeyRing? keys)
    {
        if (record.Encryption is not KeyEnvelope encoded)
        {
            // A reader that gives a key expects a file that only a holder of the key can have written,
            // and that peers cannot read.
            return keys is null ? null : throw new DfssException(
                DfssErrorCode.FileNotEncrypted,
                $"A key was given, and '{record.Name}' is not encrypted: any writer at its peers can have stored it.",
                "Leave the key out to receive it as it is.");
        }

        EnvelopeContent envelope = EnvelopeContent.Decode(encoded, record.Name);
        return new ContentKey(record, envelope, (keys ?? throw Required(record, envelope)).Open(envelope, record));
    }

    /// <summary>Checks that the manifest was written with the file's key.</summary>
    /// <returns>The cipher that decrypts the chunks.</returns>
    /// <exception cref="DfssException">FileTampered.</exception>
    public ChunkCipher Verify(FileManifest manifest) =>
        CryptographicOperations.FixedTimeEquals(Key.Authenticate(manifest), envelope.ManifestCode)
            ? new ChunkCipher(Key, manifest.ChunkCount, manifest.ChunkSize)
            : throw new DfssException(
                DfssErrorCode.FileTampered,
                $"The list of the chunks of '{record.Name}' is not the one that was written with its key.");

    /// <summary>
    /// The envelope with wraps for further recipients. A wrap for a recipient that the file already has is replaced.
    /// </summary>
    /// <exception cref="DfssException">InvalidArgument: there are too many recipients.</exception>
    public KeyEnvelope WrapFor(IReadOnlyList<Recipient> added) => (envelope with
    {
        Wraps =
        [
            .. envelope.Wraps.Where(wrap => added.All(recipient => recipient.KeyId != wrap.KeyId)),
            .. added.DistinctBy(recipient => recipient.KeyId).Select(recipient => recipient.Wrap(Key, record.FileId)),
        ],
    }).Encode();

    private static DfssException Required(FileRecord record, EnvelopeContent envelope) => new(
        DfssErrorCode.KeyRequired,
        $"'{record.Name}' is encrypted, and no key was given; its keys are {KeyRing.Describe(envelope)}.",
        "Give that key with -EncryptionKey, or the certificate with its private key with -DecryptionCertificate.");
}
