using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dfss.Encryption;

/// <summary>The keys of one user, which encrypted files name by their ids. Safe for concurrent use.</summary>
public sealed class KeyRing
{
    private readonly Dictionary<string, Func<KeyWrap, byte[]?>> secretsByKeyId = [];

    /// <summary>Makes a ring of these keys; a key may occur more than once.</summary>
    /// <param name="keys">Encryption keys.</param>
    /// <param name="certificates">
    /// Certificates with their private keys: on P-256, or RSA. Their validity dates are ignored.
    /// </param>
    /// <exception cref="DfssException">
    /// InvalidArgument: a certificate has no private key, or one of another kind.
    /// </exception>
    public KeyRing(IEnumerable<EncryptionKey> keys, IEnumerable<X509Certificate2> certificates)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(certificates);
        foreach (EncryptionKey key in keys)
        {
            secretsByKeyId[key.KeyId] = wrap => wrap.Kind == WrapKind.EncryptionKey ? key.Bytes.ToArray() : null;
        }

        foreach (X509Certificate2 certificate in certificates)
        {
            secretsByKeyId[Recipient.KeyIdOf(certificate)] = ToSecrets(certificate);
        }
    }

    /// <summary>The ids of the keys.</summary>
    public IReadOnlyCollection<string> KeyIds => secretsByKeyId.Keys;

    /// <summary>Opens the key of an encrypted file.</summary>
    /// <param name="content">The content of the file's envelope.</param>
    /// <param name="record">The file's record.</param>
    /// <exception cref="DfssException">
    /// KeyWrong: the file is not encrypted for any of these keys. FileTampered: the envelope names one of them, and
    /// the key does not open it.
    /// </exception>
    internal FileKey Open(EnvelopeContent content, FileRecord record)
    {
        KeyWrap[] ours = [.. content.Wraps.Where(wrap => secretsByKeyId.ContainsKey(wrap.KeyId))];
        if (ours.Length == 0)
        {
            throw new DfssException(
                DfssErrorCode.KeyWrong,
                $"'{record.Name}' is encrypted for {Describe(content)}, and the keys that were given are "
                    + $"{string.Join(", ", KeyIds)}.",
                "Give one of those keys with -EncryptionKey, or the certificate with its private key with "
                    + "-DecryptionCertificate.");
        }

        foreach (KeyWrap wrap in ours)
        {
            if (secretsByKeyId[wrap.KeyId](wrap) is byte[] secret && wrap.TryOpen(secret, record.FileId) is FileKey key)
            {
                return key;
            }
        }

        throw new DfssException(
            DfssErrorCode.FileTampered,
            $"The record of '{record.Name}' names the key {ours[0].KeyId}, and what it has for it was changed, or is "
                + "of another file.");
    }

    /// <summary>The recipients of a file, for an error message.</summary>
    internal static string Describe(EnvelopeContent content) => string.Join(
        " and ",
        content.Wraps.Select(wrap =>
            (wrap.Kind == WrapKind.EncryptionKey ? "the encryption key " : "the certificate key ") + wrap.KeyId));

    private static Func<KeyWrap, byte[]?> ToSecrets(X509Certificate2 certificate)
    {
        if (!certificate.HasPrivateKey)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"Nothing can be decrypted with the certificate '{certificate.Subject}': it has no private key.",
                "Give a file that has both (PFX or PEM), or the thumbprint of one in the certificate store.");
        }

        if (certificate.GetRSAPrivateKey() is RSA rsa)
        {
            // One use at a time: no documentation says that a key of a certificate store is safe for concurrent use.
            Lock gate = new();
            return wrap => wrap.Kind == WrapKind.Rsa ? TryDecrypt(rsa, gate, wrap.Header) : null;
        }

        ECDiffieHellman? curve = certificate.GetECDiffieHellmanPrivateKey();
        if (curve is null || !P256Point.IsOnCurve(curve))
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"Nothing can be decrypted with the certificate '{certificate.Subject}': its key is neither on P-256 "
                    + "nor RSA, or its key usage is not for it.",
                "Give the certificate that the file was encrypted for.");
        }

        Lock agreeing = new();
        return wrap =>
        {
            lock (agreeing)
            {
                return wrap.Kind == WrapKind.P256 ? P256Point.TryAgree(curve, wrap.Header) : null;
            }
        };
    }

    private static byte[]? TryDecrypt(RSA rsa, Lock gate, byte[] header)
    {
        try
        {
            lock (gate)
            {
                byte[] secret = rsa.Decrypt(header, RSAEncryptionPadding.OaepSHA256);
                return secret.Length == FileKey.SizeBytes ? secret : null;
            }
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
