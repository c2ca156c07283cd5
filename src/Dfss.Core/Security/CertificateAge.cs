using System.Security.Cryptography.X509Certificates;

namespace Dfss.Security;

/// <summary>How far a certificate is from its end.</summary>
public static class CertificateAge
{
    /// <summary>30 days, or a quarter of the life of one that is made for less than 120.</summary>
    private static readonly TimeSpan Notice = TimeSpan.FromDays(30);

    /// <summary>
    /// Whether a certificate is to be renewed: for its last third, of a year four months, so that an issuer who is away for a while is none
    /// too many.
    /// </summary>
    public static bool IsDue(X509Certificate2 certificate, DateTimeOffset now) => Left(certificate, now) < Life(certificate) / 3;

    /// <summary>Whether people are to be told that a certificate ends.</summary>
    public static bool IsEnding(X509Certificate2 certificate, DateTimeOffset now)
    {
        TimeSpan quarter = Life(certificate) / 4;
        return Left(certificate, now) < (quarter < Notice ? quarter : Notice);
    }

    /// <summary>Whether it holds no more.</summary>
    public static bool HasEnded(X509Certificate2 certificate, DateTimeOffset now) => Left(certificate, now) <= TimeSpan.Zero;

    private static TimeSpan Left(X509Certificate2 certificate, DateTimeOffset now) => EndOf(certificate) - now;

    private static TimeSpan Life(X509Certificate2 certificate) =>
        EndOf(certificate) - new DateTimeOffset(certificate.NotBefore.ToUniversalTime());

    private static DateTimeOffset EndOf(X509Certificate2 certificate) => new(certificate.NotAfter.ToUniversalTime());
}
