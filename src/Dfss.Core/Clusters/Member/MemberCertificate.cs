using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Protocol;

namespace Dfss.Clusters;

/// <summary>A member's certificate, as its issuer lists it.</summary>
/// <param name="SerialNumber">Its serial number in hexadecimal.</param>
/// <param name="Description">The member, and what the certificate permits.</param>
/// <param name="Issued">When it was issued.</param>
/// <param name="IsRevoked">Whether it is revoked.</param>
public sealed record MemberCertificate(
    string SerialNumber, MemberDescription Description, DateTimeOffset Issued, bool IsRevoked)
{
    /// <summary>Reads the answer to list_certificates.</summary>
    /// <exception cref="DfssException">ProtocolViolation.</exception>
    internal static IReadOnlyList<MemberCertificate> Read(MessageMap results, byte[] payload)
    {
        try
        {
            IReadOnlyList<ReadOnlyMemory<byte>> encoded = MessageBatch.Split(results, payload);
            IReadOnlyList<MessageValue> revoked = results.Required("revoked").AsArray();
            return revoked.Count == encoded.Count
                ? [.. encoded.Zip(revoked, (one, isRevoked) => Read(one.Span, isRevoked.AsBoolean()))]
                : throw new FormatException("the numbers of certificates and of revocation states differ");
        }
        catch (Exception error) when (error is FormatException or CryptographicException or ArgumentOutOfRangeException
            or DfssException { Code: DfssErrorCode.InvalidArgument })
        {
            throw new DfssException(
                DfssErrorCode.ProtocolViolation,
                $"The issuer's list of certificates is malformed: {error.Message}", error);
        }
    }

    private static MemberCertificate Read(ReadOnlySpan<byte> encoded, bool isRevoked)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(encoded);
        return new MemberCertificate(
            Convert.ToHexString(certificate.SerialNumberBytes.Span),
            MemberDescription.Of(certificate),
            new DateTimeOffset(certificate.NotBefore.ToUniversalTime()) + ClusterAuthority.ClockSkew,
            isRevoked);
    }
}
