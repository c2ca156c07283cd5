using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Dfss.Security;

/// <summary>
/// What a cluster's certificate states in its subject alternative names, as URIs: <c>urn:dfss:cluster:NAME</c> in the
/// authority's certificate; <c>urn:dfss:role:ROLE</c>, <c>urn:dfss:prefix:PREFIX</c> for each name prefix and
/// <c>urn:dfss:store:ID</c> in the certificates that it issues; <c>urn:dfss:issuer</c> in the certificate of the peer
/// that holds the authority. Texts are percent-encoded.
/// </summary>
internal sealed record CertificateProfile
{
    public const string ServerUse = "1.3.6.1.5.5.7.3.1";
    public const string ClientUse = "1.3.6.1.5.5.7.3.2";

    private const string AlternativeNames = "2.5.29.17";
    private const string ClusterUrn = "urn:dfss:cluster:";
    private const string RoleUrn = "urn:dfss:role:";
    private const string PrefixUrn = "urn:dfss:prefix:";
    private const string StoreUrn = "urn:dfss:store:";
    private const string IssuerUrn = "urn:dfss:issuer";

    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    /// <summary>The cluster's name, in its authority's certificate; otherwise null.</summary>
    public string? Cluster { get; init; }

    public DfssRole Role { get; init; }

    public IReadOnlyList<string> NamePrefixes { get; init; } = [];

    public StoreId? StoreId { get; init; }

    /// <summary>
    /// Whether the subject holds the authority. A client sends an invitation's secret to such a peer only.
    /// </summary>
    public bool IsIssuer { get; init; }

    /// <summary>Reads a certificate's profile. A certificate without DFSS URIs has an empty profile.</summary>
    /// <exception cref="FormatException">A DFSS URI of the certificate cannot be parsed.</exception>
    public static CertificateProfile Read(X509Certificate2 certificate)
    {
        CertificateProfile profile = new();
        List<string> prefixes = [];
        foreach (string uri in ReadUris(certificate))
        {
            if (TryStrip(uri, ClusterUrn, out string text) && profile.Cluster is null)
            {
                profile = profile with { Cluster = text };
            }
            else if (TryStrip(uri, RoleUrn, out text) && profile.Role == DfssRole.None)
            {
                profile = profile with { Role = ParseRole(text) };
            }
            else if (TryStrip(uri, StoreUrn, out text) && profile.StoreId is null)
            {
                profile = profile with { StoreId = Dfss.StoreId.Parse(text) };
            }
            else if (uri.Equals(IssuerUrn, StringComparison.OrdinalIgnoreCase) && !profile.IsIssuer)
            {
                profile = profile with { IsIssuer = true };
            }
            else if (TryStrip(uri, PrefixUrn, out text) && text.Length > 0)
            {
                prefixes.Add(text);
            }
            else if (uri.StartsWith("urn:dfss:", StringComparison.OrdinalIgnoreCase))
            {
                throw new FormatException($"its '{uri}' is unknown, or is there twice");
            }
        }

        return profile with { NamePrefixes = prefixes };
    }

    /// <summary>The extension that encodes this profile.</summary>
    public X509Extension ToExtension()
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (string uri in ToUris())
            {
                writer.WriteCharacterString(UniversalTagNumber.IA5String, uri, UriTag);
            }
        }

        return new X509Extension(AlternativeNames, writer.Encode(), critical: false);
    }

    /// <summary>Parses a role as certificates and role files write it.</summary>
    /// <exception cref="FormatException">There is no such role.</exception>
    public static DfssRole ParseRole(string text) => text switch
    {
        "reader" => DfssRole.Reader,
        "writer" => DfssRole.Writer,
        "peer" => DfssRole.Peer,
        "admin" => DfssRole.Admin,
        _ => throw new FormatException($"'{text}' is not a role; the roles are reader, writer, peer and admin"),
    };

    /// <summary>A role in the form that <see cref="ParseRole"/> reads.</summary>
    public static string NameOf(DfssRole role) => role.ToString().ToLowerInvariant();

    /// <summary>
    /// Whether the extended key usage names this use. A certificate without that extension names none.
    /// </summary>
    public static bool HasUse(X509Certificate2 certificate, string use) => certificate.Extensions
        .OfType<X509EnhancedKeyUsageExtension>()
        .Any(
            extension => extension.EnhancedKeyUsages.Cast<System.Security.Cryptography.Oid>().Any(
                oid => oid.Value == use));

    private static bool TryStrip(string uri, string urn, out string text)
    {
        bool isOfKind = uri.StartsWith(urn, StringComparison.OrdinalIgnoreCase);
        text = isOfKind ? Uri.UnescapeDataString(uri[urn.Length..]).Normalize(NormalizationForm.FormC) : string.Empty;
        return isOfKind;
    }

    private static List<string> ReadUris(X509Certificate2 certificate)
    {
        List<string> uris = [];
        try
        {
            foreach (X509Extension extension in certificate.Extensions.Where(one => one.Oid?.Value == AlternativeNames))
            {
                AsnReader names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
                while (names.HasData)
                {
                    if (names.PeekTag().HasSameClassAndValue(UriTag))
                    {
                        uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, UriTag));
                    }
                    else
                    {
                        names.ReadEncodedValue();
                    }
                }
            }
        }
        catch (AsnContentException error)
        {
            throw new FormatException("its alternative names cannot be read", error);
        }

        return uris;
    }

    private IEnumerable<string> ToUris()
    {
        if (Cluster is string cluster)
        {
            yield return ClusterUrn + Uri.EscapeDataString(cluster);
        }

        if (Role != DfssRole.None)
        {
            yield return RoleUrn + NameOf(Role);
        }

        foreach (string prefix in NamePrefixes)
        {
            yield return PrefixUrn + Uri.EscapeDataString(prefix);
        }

        if (StoreId is StoreId id)
        {
            yield return StoreUrn + id;
        }

        if (IsIssuer)
        {
            yield return IssuerUrn;
        }
    }
}
