using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dfss.Testing;

/// <summary>An authority that signs whatever it is given as a revocation list.</summary>
internal sealed class RevocationSigner
{
    private const string EcdsaWithSha256 = "1.2.840.10045.4.3.2";

    /// <summary>2, in a list of version 2 (RFC 5280, 5.1.2.1: the version's number less one).</summary>
    private const int Version = 1;

    private const byte SequenceTag = 0x30;

    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public RevocationSigner()
    {
        CertificateRequest request = new("CN=x", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.CrlSign, critical: true));
        Certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
    }

    public X509Certificate2 Certificate { get; }

    /// <summary>A list with a right signature.</summary>
    /// <param name="content">What is to follow the authority's name in it, as it is.</param>
    public byte[] Sign(ReadOnlySpan<byte> content)
    {
        byte[] signed = Sequence(writer =>
        {
            writer.WriteInteger(Version);
            WriteAlgorithm(writer);
            writer.WriteEncodedValue(Certificate.SubjectName.RawData);
        }, content);
        return Sequence(writer =>
        {
            writer.WriteEncodedValue(signed);
            WriteAlgorithm(writer);
            writer.WriteBitString(
                key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        }, []);
    }

    /// <summary>A sequence of what is written, and of bytes that need be no DER.</summary>
    private static byte[] Sequence(Action<AsnWriter> write, ReadOnlySpan<byte> rest)
    {
        AsnWriter inner = new(AsnEncodingRules.DER);
        write(inner);
        byte[] content = [.. inner.Encode(), .. rest];

        // An octet string has the same length, and takes any bytes.
        AsnWriter outer = new(AsnEncodingRules.DER);
        outer.WriteOctetString(content);
        byte[] encoded = outer.Encode();
        encoded[0] = SequenceTag;
        return encoded;
    }

    private static void WriteAlgorithm(AsnWriter writer)
    {
        writer.PushSequence();
        writer.WriteObjectIdentifier(EcdsaWithSha256);
        writer.PopSequence();
    }
}
