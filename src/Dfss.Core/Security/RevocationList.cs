using System.Collections.Frozen;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dfss.Security;

/// <summary>A certificate revocation list (X.509 CRL, RFC 5280), read and its signature verified.</summary>
internal sealed class RevocationList
{
    private const string CrlNumber = "2.5.29.20";
    private const string AuthorityKeyIdentifier = "2.5.29.35";

    private readonly FrozenSet<string> serials;

    private RevocationList(string issuer, BigInteger number, DateTimeOffset? nextUpdate, IEnumerable<string> serials)
    {
        Issuer = issuer;
        Number = number;
        NextUpdate = nextUpdate;
        this.serials = serials.ToFrozenSet(StringComparer.Ordinal);
    }

    /// <summary>The authority's name: its DER in hexadecimal.</summary>
    public string Issuer { get; }

    /// <summary>Its number: a later list has a higher one.</summary>
    public BigInteger Number { get; }

    /// <summary>The time by which the authority is to issue the next list.</summary>
    public DateTimeOffset? NextUpdate { get; }

    /// <summary>Whether it revokes the certificate with this serial number.</summary>
    public bool Names(string serial) => serials.Contains(serial);

    /// <summary>Reads a list.</summary>
    /// <param name="encoded">Its DER.</param>
    /// <param name="authorities">The authorities that may have signed it.</param>
    /// <exception cref="FormatException">The bytes are no list, or none of these authorities has signed it.</exception>
    public static RevocationList Read(ReadOnlyMemory<byte> encoded, IReadOnlyCollection<X509Certificate2> authorities)
    {
        try
        {
            AsnReader whole = new(encoded, AsnEncodingRules.DER);
            AsnReader outer = whole.ReadSequence();
            whole.ThrowIfNotEmpty();
            ReadOnlyMemory<byte> signed = outer.ReadEncodedValue();
            string algorithm = outer.ReadSequence().ReadObjectIdentifier();
            byte[] signature = outer.ReadBitString(out int unusedBits);
            outer.ThrowIfNotEmpty();
            AsnReader inner = new AsnReader(signed, AsnEncodingRules.DER).ReadSequence();
            if (inner.PeekTag().HasSameClassAndValue(Asn1Tag.Integer))
            {
                inner.ReadInteger();
            }

            string innerAlgorithm = inner.ReadSequence().ReadObjectIdentifier();
            byte[] issuer = inner.ReadEncodedValue().ToArray();
            if (unusedBits != 0 || innerAlgorithm != algorithm
                || !authorities.Any(one => IsSignedBy(one, issuer, algorithm, signed.Span, signature)))
            {
                throw new FormatException("none of the trusted authorities has signed it");
            }

            return ReadContent(inner, Convert.ToHexString(issuer));
        }
        catch (Exception error) when (error is AsnContentException or CryptographicException)
        {
            throw new FormatException($"it cannot be read: {error.Message}", error);
        }
    }

    private static RevocationList ReadContent(AsnReader inner, string issuer)
    {
        ReadTime(inner);
        DateTimeOffset? nextUpdate = inner.HasData && IsTime(inner.PeekTag()) ? ReadTime(inner) : null;
        List<string> serials = [];
        if (inner.HasData && inner.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            AsnReader entries = inner.ReadSequence();
            while (entries.HasData)
            {
                serials.Add(Convert.ToHexString(entries.ReadSequence().ReadIntegerBytes().Span));
            }
        }

        BigInteger? number = null;
        Asn1Tag extensionsTag = new(TagClass.ContextSpecific, 0, isConstructed: true);
        AsnReader extensions = inner.HasData
            ? inner.ReadSequence(extensionsTag).ReadSequence()
            : new AsnReader(ReadOnlyMemory<byte>.Empty, AsnEncodingRules.DER);
        while (extensions.HasData)
        {
            AsnReader extension = extensions.ReadSequence();
            string id = extension.ReadObjectIdentifier();
            bool isCritical = extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean();
            byte[] value = extension.ReadOctetString();
            number = id == CrlNumber ? new AsnReader(value, AsnEncodingRules.DER).ReadInteger() : number;
            if (isCritical && id is not (CrlNumber or AuthorityKeyIdentifier))
            {
                throw new FormatException($"it is of an unknown kind (extension {id})");
            }
        }

        return new RevocationList(
            issuer, number ?? throw new FormatException("it has no number"), nextUpdate, serials);
    }

    private static bool IsTime(Asn1Tag tag) =>
        tag.HasSameClassAndValue(Asn1Tag.UtcTime) || tag.HasSameClassAndValue(Asn1Tag.GeneralizedTime);

    private static DateTimeOffset ReadTime(AsnReader reader) => reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime)
        ? reader.ReadUtcTime()
        : reader.ReadGeneralizedTime();

    private static bool IsSignedBy(
        X509Certificate2 authority, byte[] issuer, string algorithm, ReadOnlySpan<byte> signed,
        ReadOnlySpan<byte> signature)
    {
        X509KeyUsageExtension? usage = authority.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault();
        if (!authority.SubjectName.RawData.AsSpan().SequenceEqual(issuer)
            || (usage is not null && !usage.KeyUsages.HasFlag(X509KeyUsageFlags.CrlSign)))
        {
            return false;
        }

        HashAlgorithmName hash = algorithm switch
        {
            "1.2.840.10045.4.3.2" or "1.2.840.113549.1.1.11" => HashAlgorithmName.SHA256,
            "1.2.840.10045.4.3.3" or "1.2.840.113549.1.1.12" => HashAlgorithmName.SHA384,
            "1.2.840.10045.4.3.4" or "1.2.840.113549.1.1.13" => HashAlgorithmName.SHA512,
            _ => throw new FormatException($"its signature's algorithm {algorithm} is unknown"),
        };
        using ECDsa? curve = authority.GetECDsaPublicKey();
        using RSA? rsa = authority.GetRSAPublicKey();
        return algorithm.StartsWith("1.2.840.10045", StringComparison.Ordinal)
            ? curve?.VerifyData(signed, signature, hash, DSASignatureFormat.Rfc3279DerSequence) == true
            : rsa?.VerifyData(signed, signature, hash, RSASignaturePadding.Pkcs1) == true;
    }
}
