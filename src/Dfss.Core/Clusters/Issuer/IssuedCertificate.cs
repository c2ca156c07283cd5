using System.Security.Cryptography.X509Certificates;

namespace Dfss.Clusters;

/// <summary>A certificate as its issuer remembers it.</summary>
/// <param name="Serial">Its serial number in hexadecimal.</param>
/// <param name="Encoded">It itself (DER); empty where only its serial number was learned.</param>
/// <param name="Expires">Until when it holds, in milliseconds of Unix time.</param>
internal sealed record IssuedCertificate(string Serial, byte[] Encoded, long Expires)
{
    /// <summary>What is remembered of a certificate.</summary>
    public static IssuedCertificate Of(X509Certificate2 certificate) => new(
        Convert.ToHexString(certificate.SerialNumberBytes.Span),
        certificate.RawData,
        new DateTimeOffset(certificate.NotAfter.ToUniversalTime()).ToUnixTimeMilliseconds());
}
