using System.Formats.Asn1;
using System.Text;

namespace Dfss.Security;

/// <summary>
/// URIs in the general names of X.509 (RFC 5280, 4.2.1.6), by which a cluster's certificates and revocation lists state
/// properties of DFSS.
/// </summary>
internal static class DfssUris
{
    /// <summary>Every URI of DFSS begins with this.</summary>
    public const string Prefix = "urn:dfss:";

    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    /// <summary>The URIs in an extension's value; names of other kinds are skipped.</summary>
    /// <exception cref="AsnContentException">The value is not a list of names.</exception>
    public static IReadOnlyList<string> Read(ReadOnlyMemory<byte> value)
    {
        List<string> uris = [];
        AsnReader names = new AsnReader(value, AsnEncodingRules.DER).ReadSequence();
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

        return uris;
    }

    /// <summary>The extension's value with these URIs.</summary>
    public static byte[] Write(IEnumerable<string> uris)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (string uri in uris)
            {
                writer.WriteCharacterString(UniversalTagNumber.IA5String, uri, UriTag);
            }
        }

        return writer.Encode();
    }

    /// <summary>The text after the beginning of a URI, percent-decoded; false for another beginning.</summary>
    public static bool TryStrip(string uri, string urn, out string text)
    {
        bool isOfKind = uri.StartsWith(urn, StringComparison.OrdinalIgnoreCase);
        text = isOfKind ? Uri.UnescapeDataString(uri[urn.Length..]).Normalize(NormalizationForm.FormC) : string.Empty;
        return isOfKind;
    }
}
