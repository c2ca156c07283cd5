using System.Security.Cryptography.X509Certificates;

namespace Dfss.Security;

/// <summary>How close a certificate is to its expiry.</summary>
public static class CertificateAge
{
    /// <summary>30 days; for a certificate with a lifetime under 120 days, a quarter of the lifetime.</summary>
    private static readonly TimeSpan Notice = TimeSpan.FromDays(30);

    /// <summary>
    /// Whether a certificate is due for renewal: in the last third of its lifetime. For a one-year certificate that is
    /// four months, enough to survive an issuer that is unreachable for a while.
    /// </summary>
    public static bool IsDue(X509Certificate2 certificate, DateTimeOffset now) =>
        Left(certificate, now) < Life(certificate) / 3;

    /// <summary>Whether users are to be warned that a certificate expires soon.</summary>
    public static bool IsEnding(X509Certificate2 certificate, DateTimeOffset now)
    {
        TimeSpan quarter = Life(certificate) / 4;
        return Left(certificate, now) < (quarter < Notice ? quarter : Notice);
    }

    /// <summary>Whether a certificate has expired.</summary>
    public static bool HasEnded(X509Certificate2 certificate, DateTimeOffset now) =>
        Left(certificate, now) <= TimeSpan.Zero;

    private static TimeSpan Left(X509Certificate2 certificate, DateTimeOffset now) => EndOf(certificate) - now;

    private static TimeSpan Life(X509Certificate2 certificate) =>
        EndOf(certificate) - new DateTimeOffset(certificate.NotBefore.ToUniversalTime());

    private static DateTimeOffset EndOf(X509Certificate2 certificate) => new(certificate.NotAfter.ToUniversalTime());
}
