using System.Security.Cryptography.X509Certificates;

namespace Dfss.Clusters;

/// <summary>A certificate as its issuer records it.</summary>
/// <param name="Serial">Its serial number in hexadecimal.</param>
/// <param name="Encoded">The certificate (DER); empty where only its serial number is known.</param>
/// <param name="Expires">When it expires, in milliseconds of Unix time.</param>
internal sealed record IssuedCertificate(string Serial, byte[] Encoded, long Expires)
{
    /// <summary>The record of a certificate.</summary>
    public static IssuedCertificate Of(X509Certificate2 certificate) => new(
        Convert.ToHexString(certificate.SerialNumberBytes.Span),
        certificate.RawData,
        new DateTimeOffset(certificate.NotAfter.ToUniversalTime()).ToUnixTimeMilliseconds());
}
