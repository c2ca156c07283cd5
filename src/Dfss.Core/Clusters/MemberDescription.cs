using System.Security.Cryptography.X509Certificates;
using Dfss.Security;

namespace Dfss.Clusters;

/// <summary>What a member's certificate states.</summary>
/// <param name="Name">The member's name.</param>
/// <param name="Role">What the member may do.</param>
/// <param name="NamePrefixes">The prefixes of the names that the member may touch; empty for all.</param>
/// <param name="StoreId">The store that the member serves; null where it is no peer.</param>
/// <param name="Expires">When it expires.</param>
public sealed record MemberDescription(
    string Name, DfssRole Role, IReadOnlyList<string> NamePrefixes, StoreId? StoreId, DateTimeOffset Expires)
{
    /// <summary>What a certificate states.</summary>
    /// <exception cref="FormatException">The certificate contains a statement that cannot be parsed.</exception>
    internal static MemberDescription Of(X509Certificate2 certificate)
    {
        CertificateProfile profile = CertificateProfile.Read(certificate);
        return new MemberDescription(
            certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false), profile.Role, profile.NamePrefixes,
            profile.StoreId,
            new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));
    }
}
