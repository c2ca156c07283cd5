using System.Globalization;

namespace Dfss.Clusters;

/// <summary>
/// Compares the clocks of the issuer and of a machine that joins, on both sides and before the invitation is used: a
/// certificate that is not valid by the clock of its holder is of no use, and its invitation would be lost.
/// </summary>
internal static class ClockDifference
{
    /// <summary>Checks that a certificate issued now is valid by the clock of the machine that joins.</summary>
    /// <param name="issuer">The time by the issuer's clock.</param>
    /// <param name="member">The time by the clock of the machine that joins.</param>
    /// <exception cref="DfssException">CertificateExpired.</exception>
    public static void ThrowIfTooLarge(DateTimeOffset issuer, DateTimeOffset member)
    {
        TimeSpan ahead = member - issuer;
        if (ahead >= -ClusterAuthority.ClockSkew && ahead < CertificateGrant.DefaultLifetime)
        {
            return;
        }

        string length = ahead.Duration().ToString("d' d 'hh' h 'mm' min'", CultureInfo.InvariantCulture);
        throw new DfssException(
            DfssErrorCode.CertificateExpired,
            string.Create(
                CultureInfo.InvariantCulture,
                $"The issuer's clock shows {issuer:u} and the clock of the machine that joins {member:u}, {length} "
                + $"{(ahead < TimeSpan.Zero ? "behind" : "ahead")}: a certificate issued now would not be valid there. "
                + $"The invitation was not used."),
            "Set the clock that is wrong, and join with the same invitation.");
    }
}
