using System.Formats.Asn1;

namespace Dfss.Security;

/// <summary>
/// Where the issuer of a cluster is, as its revocation list states: in the extension issuerAltName (RFC 5280, 5.2.2),
/// as the URIs <c>urn:dfss:store:ID</c>, once, and <c>urn:dfss:address:HOST:PORT</c> for each address, percent-encoded.
/// The list's signature proves it, and the list's number orders it.
/// </summary>
/// <param name="StoreId">The store that the issuer's peer serves.</param>
/// <param name="Addresses">Its addresses, the best first, as <c>host:port</c>: 1 to 8.</param>
internal sealed record IssuerAddresses(StoreId StoreId, IReadOnlyList<string> Addresses)
{
    /// <summary>The id of the extension issuerAltName.</summary>
    public const string ExtensionId = "2.5.29.18";

    private const string AddressUrn = "urn:dfss:address:";

    /// <summary>4,096 bytes: 8 addresses of the longest kind have some 2,300, and percent-encoding seldom applies.</summary>
    private const int MaxBytes = 4096;

    /// <summary>The addresses that fit, of those that a peer advertises; null where none does.</summary>
    public static IssuerAddresses? Of(StoreId storeId, IEnumerable<string> addresses)
    {
        string[] valid =
        [
            .. addresses.Select(text => PeerAddress.TryParse(text, out PeerAddress? address) ? address.ToString() : null)
                .OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase).Take(DfssLimits.MaxAddresses),
        ];
        return valid.Length == 0 ? null : new IssuerAddresses(storeId, valid);
    }

    /// <summary>
    /// Reads the extension's value. Null where it is too long or has no store and valid address: a list that revokes
    /// stays in force whatever else it states.
    /// </summary>
    public static IssuerAddresses? Read(ReadOnlyMemory<byte> value)
    {
        if (value.Length > MaxBytes)
        {
            return null;
        }

        try
        {
            StoreId? store = null;
            List<string> addresses = [];
            foreach (string uri in DfssUris.Read(value))
            {
                if (DfssUris.TryStrip(uri, CertificateProfile.StoreUrn, out string text))
                {
                    store ??= StoreId.TryParse(text, out StoreId id) ? id : null;
                }
                else if (DfssUris.TryStrip(uri, AddressUrn, out text))
                {
                    addresses.Add(text);
                }
            }

            return store is StoreId found ? Of(found, addresses) : null;
        }
        catch (Exception error) when (error is AsnContentException or ArgumentException)
        {
            // No list of names, or half of a surrogate pair in a name.
            return null;
        }
    }

    /// <summary>The extension's value.</summary>
    public byte[] Encode() => DfssUris.Write(
        [CertificateProfile.StoreUrn + StoreId, .. Addresses.Select(address => AddressUrn + Uri.EscapeDataString(address))]);

    public bool Equals(IssuerAddresses? other) =>
        other is not null && StoreId == other.StoreId && Addresses.SequenceEqual(other.Addresses, StringComparer.Ordinal);

    public override int GetHashCode() => StoreId.GetHashCode();
}
