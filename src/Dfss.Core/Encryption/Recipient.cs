using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dfss.Encryption;

/// <summary>A recipient of encrypted files: an encryption key, or the key of a certificate.</summary>
public abstract class Recipient
{
    /// <summary>The shortest RSA key accepted, in bits.</summary>
    private const int MinRsaBits = 2048;

    /// <summary>
    /// The longest RSA key accepted, in bits: the header of each of its wraps takes 512 bytes in every record.
    /// </summary>
    private const int MaxRsaBits = 4096;

    private Recipient(string keyId) => KeyId = keyId;

    /// <summary>The id of the recipient's key, which encrypted files name: 32 hexadecimal digits.</summary>
    public string KeyId { get; }

    /// <summary>The holders of an encryption key.</summary>
    public static Recipient Of(EncryptionKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new KeyHolder(key);
    }

    /// <summary>
    /// The holder of the private key of a certificate. Its issuer is not checked: the user
    /// named the certificate itself.
    /// </summary>
    /// <param name="certificate">A certificate with a key on P-256, or RSA of 2048 to 4096 bits.</param>
    /// <param name="clock">The clock that tells whether the certificate has expired.</param>
    /// <exception cref="DfssException">
    /// InvalidArgument: the certificate has a key of another kind, or is not for encryption. CertificateExpired.
    /// </exception>
    public static Recipient Of(X509Certificate2 certificate, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(clock);
        ThrowIfUnfit(certificate, clock);
        string keyId = KeyIdOf(certificate);
        using RSA? rsa = certificate.GetRSAPublicKey();
        if (rsa is not null)
        {
            return rsa.KeySize is >= MinRsaBits and <= MaxRsaBits
                ? new RsaCertificate(keyId, rsa.ExportParameters(includePrivateParameters: false))
                : throw Unfit(certificate, FormattableString.Invariant($"its RSA key has {rsa.KeySize} bits."));
        }

        using ECDiffieHellman? curve = certificate.GetECDiffieHellmanPublicKey();
        return curve is null || !P256Point.IsOnCurve(curve)
            ? throw Unfit(certificate, "its key is neither on P-256 nor RSA.")
            : new P256Certificate(keyId, curve.ExportParameters(includePrivateParameters: false));
    }

    /// <summary>The key id of a certificate's key: the same for a renewed certificate with the same key.</summary>
    internal static string KeyIdOf(X509Certificate2 certificate) => Convert.ToHexStringLower(
        SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()).AsSpan(0, KeyWrap.KeyIdBytes));

    /// <summary>Wraps a file's key for this recipient.</summary>
    internal abstract KeyWrap Wrap(FileKey key, FileId fileId);

    /// <summary>The key id.</summary>
    public override string ToString() => KeyId;

    private static void ThrowIfUnfit(X509Certificate2 certificate, TimeProvider clock)
    {
        if (certificate.NotAfter.ToUniversalTime() < clock.GetUtcNow().UtcDateTime)
        {
            throw new DfssException(
                DfssErrorCode.CertificateExpired,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The certificate '{certificate.Subject}' expired on "
                        + $"{certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}."),
                "Encrypt for the one that has replaced it.");
        }

        const X509KeyUsageFlags ForEncryption = X509KeyUsageFlags.KeyAgreement | X509KeyUsageFlags.KeyEncipherment;
        X509KeyUsageExtension? usage = certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault();
        if (usage is not null && (usage.KeyUsages & ForEncryption) == 0)
        {
            throw Unfit(certificate, "its key usage is for signing, and not for encryption.");
        }
    }

    private static DfssException Unfit(X509Certificate2 certificate, string why) => new(
        DfssErrorCode.InvalidArgument,
        $"Nothing can be encrypted for the certificate '{certificate.Subject}': {why}",
        "Give one with a key on P-256 (key usage keyAgreement) or RSA of 2048 to 4096 bits (keyEncipherment).");

    private sealed class KeyHolder(EncryptionKey owner) : Recipient(owner.KeyId)
    {
        internal override KeyWrap Wrap(FileKey key, FileId fileId) => KeyWrap.Create(
            WrapKind.EncryptionKey, KeyId, owner.Bytes, RandomNumberGenerator.GetBytes(FileKey.SizeBytes), key, fileId);
    }

    private sealed class P256Certificate(string keyId, ECParameters publicKey) : Recipient(keyId)
    {
        internal override KeyWrap Wrap(FileKey key, FileId fileId)
        {
            using ECDiffieHellman own = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
            using ECDiffieHellman other = ECDiffieHellman.Create(publicKey);
            return KeyWrap.Create(
                WrapKind.P256, KeyId, own.DeriveRawSecretAgreement(other.PublicKey), P256Point.Encode(own),
                key, fileId);
        }
    }

    private sealed class RsaCertificate(string keyId, RSAParameters publicKey) : Recipient(keyId)
    {
        internal override KeyWrap Wrap(FileKey key, FileId fileId)
        {
            using RSA rsa = RSA.Create(publicKey);
            byte[] secret = RandomNumberGenerator.GetBytes(FileKey.SizeBytes);
            return KeyWrap.Create(
                WrapKind.Rsa, KeyId, secret, rsa.Encrypt(secret, RSAEncryptionPadding.OaepSHA256), key, fileId);
        }
    }
}
