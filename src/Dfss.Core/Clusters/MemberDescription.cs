using System.Security.Cryptography.X509Certificates;
using Dfss.Security;

namespace Dfss.Clusters;

/// <summary>What a member's certificate says.</summary>
/// <param name="Name">Whose it is.</param>
/// <param name="Role">What he may do.</param>
/// <param name="NamePrefixes">The names he may touch begin with one of these; empty for all.</param>
/// <param name="StoreId">The store that he serves; null where he is no peer.</param>
/// <param name="Expires">Until when it holds.</param>
public sealed record MemberDescription(
    string Name, DfssRole Role, IReadOnlyList<string> NamePrefixes, StoreId? StoreId, DateTimeOffset Expires)
{
    /// <summary>What a certificate says.</summary>
    /// <exception cref="FormatException">It says something that cannot be understood.</exception>
    internal static MemberDescription Of(X509Certificate2 certificate)
    {
        CertificateProfile profile = CertificateProfile.Read(certificate);
        return new MemberDescription(
            certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false), profile.Role, profile.NamePrefixes, profile.StoreId,
            new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));
    }
}
