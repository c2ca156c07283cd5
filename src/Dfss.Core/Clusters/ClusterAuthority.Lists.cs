using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Security;

namespace Dfss.Clusters;

/// <content>Revocation lists: signed, numbered, and with the addresses of the issuer.</content>
public sealed partial class ClusterAuthority
{
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 0, isConstructed: true);

    /// <summary>The first list, which revokes nothing: number 1, in PEM.</summary>
    public string CreateRevocationList() => Sign(new CertificateRevocationListBuilder(), BigInteger.One, issuer: null);

    /// <summary>Revokes certificates.</summary>
    /// <param name="list">The list in force, in PEM.</param>
    /// <param name="serialNumbers">The serial numbers to revoke, big-endian; the list's present entries stay as they
    /// are.</param>
    /// <param name="after">The next list's number is above this, and above that of the list.</param>
    /// <returns>The next list, in PEM: the present entries and these, with the next number.</returns>
    /// <exception cref="DfssException">InvalidArgument: this authority has not signed the list.</exception>
    public string Revoke(string list, IEnumerable<byte[]> serialNumbers, long after = 0) =>
        SignNext(list, serialNumbers, issuer: null, after);

    /// <summary>The same, and states where the issuer is.</summary>
    /// <param name="list">The list in force, in PEM.</param>
    /// <param name="serialNumbers">The serial numbers to revoke, big-endian.</param>
    /// <param name="issuer">Where the issuer is; null to repeat what the list states.</param>
    /// <param name="after">The next list's number is above this, and above that of the list.</param>
    internal string SignNext(string list, IEnumerable<byte[]> serialNumbers, IssuerAddresses? issuer, long after)
    {
        ArgumentNullException.ThrowIfNull(serialNumbers);
        try
        {
            using X509Certificate2 own = X509CertificateLoader.LoadCertificate(Certificate.RawData);
            RevocationList known = RevocationList.Read(
                Convert.FromBase64String(list[PemEncoding.Find(list).Base64Data]), [own]);
            var builder = CertificateRevocationListBuilder.LoadPem(list, out BigInteger number);
            foreach (byte[] serialNumber in serialNumbers.Where(one => !known.Names(Convert.ToHexString(one))))
            {
                builder.AddEntry(serialNumber, clock.GetUtcNow());
            }

            return Sign(builder, BigInteger.Max(number, after) + 1, issuer ?? known.Addresses);
        }
        catch (Exception error) when (error is FormatException or CryptographicException or ArgumentException)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, $"The revocation list cannot be continued: {error.Message}", error);
        }
    }

    private string Sign(CertificateRevocationListBuilder builder, BigInteger number, IssuerAddresses? issuer)
    {
        // Valid until the authority itself expires: a peer's list is the newest known to it until it receives another.
        byte[] encoded = builder.Build(
            Certificate.SubjectName,
            Generator,
            number,
            Certificate.NotAfter.ToUniversalTime(),
            HashAlgorithmName.SHA256,
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
                Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false),
            clock.GetUtcNow());
        return PemEncoding.WriteString("X509 CRL", issuer is null ? encoded : AddExtension(encoded, issuer));
    }

    /// <summary>The list with the issuer's addresses, signed again: the builder of .NET has no other extensions.</summary>
    private byte[] AddExtension(byte[] encoded, IssuerAddresses issuer)
    {
        AsnReader whole = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence();
        AsnReader signed = whole.ReadSequence();
        AsnWriter content = new(AsnEncodingRules.DER);
        using (content.PushSequence())
        {
            while (!signed.PeekTag().HasSameClassAndValue(ExtensionsTag))
            {
                content.WriteEncodedValue(signed.ReadEncodedValue().Span);
            }

            AsnReader extensions = signed.ReadSequence(ExtensionsTag).ReadSequence();
            using (content.PushSequence(ExtensionsTag))
            using (content.PushSequence())
            {
                while (extensions.HasData)
                {
                    content.WriteEncodedValue(extensions.ReadEncodedValue().Span);
                }

                using (content.PushSequence())
                {
                    content.WriteObjectIdentifier(IssuerAddresses.ExtensionId);
                    content.WriteOctetString(issuer.Encode());
                }
            }
        }

        byte[] bytes = content.Encode();
        AsnWriter list = new(AsnEncodingRules.DER);
        using (list.PushSequence())
        {
            list.WriteEncodedValue(bytes);
            list.WriteEncodedValue(whole.ReadEncodedValue().Span);
            list.WriteBitString(Generator.SignData(bytes, HashAlgorithmName.SHA256));
        }

        return list.Encode();
    }
}
