using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Protocol;

namespace Dfss.Security;

/// <summary>
/// Where the issuer of a cluster is, signed by the cluster's authority: so every member may pass it on. The statement
/// with the highest number applies. docs/protocol.md has its form.
/// </summary>
/// <param name="Number">
/// Its number. The issuer takes the time in ms, or one more than the last number where that is higher: so an issuer
/// that was restored from a copy continues above the numbers that it has forgotten.
/// </param>
/// <param name="StoreId">The store that the issuer's peer serves.</param>
/// <param name="Addresses">The issuer's addresses, the best first, as <c>host:port</c>: 1 to 8.</param>
internal sealed record IssuerStatement(long Number, StoreId StoreId, IReadOnlyList<string> Addresses)
{
    /// <summary>4,096 bytes: 8 addresses of the longest kind have some 2,300.</summary>
    public const int MaxBytes = 4096;

    private const string Kind = "issuer";
    private const uint FormVersion = 1;

    /// <summary>Bytes of the signature over P-256 in DER, at most.</summary>
    private const int MaxSignatureBytes = 128;

    /// <summary>The statement of a side that has none yet: every other one is newer.</summary>
    public static IssuerStatement None { get; } = new(0, default, []);

    /// <summary>The addresses, of those that a peer advertises, that fit into a statement.</summary>
    public static IReadOnlyList<string> Fitting(IEnumerable<string> addresses) =>
    [
        .. addresses.Select(text => PeerAddress.TryParse(text, out PeerAddress? address) ? address.ToString() : null)
            .OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase).Take(DfssLimits.MaxAddresses),
    ];

    /// <summary>Signs this statement.</summary>
    public byte[] Sign(ECDsa key)
    {
        byte[] signed = EncodeContent();
        byte[] signature = key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return UnsentMessage.Encode(
            Kind, FormVersion, new MessageMap { { "signed", signed }, { "signature", signature } });
    }

    /// <summary>Reads a statement and verifies its signature.</summary>
    /// <exception cref="FormatException">The bytes are no statement, or the authority has not signed them.</exception>
    public static IssuerStatement Read(ReadOnlyMemory<byte> bytes, X509Certificate2 authority) =>
        Parse(bytes.ToArray(), map =>
        {
            byte[] signed = map.Required("signed").AsBinary();
            byte[] signature = map.Required("signature").AsBinary();
            using ECDsa? key = authority.GetECDsaPublicKey();
            return signature.Length <= MaxSignatureBytes
                && key?.VerifyData(
                    signed, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence) == true
                    ? ReadContent(signed)
                    : throw new FormatException("the cluster's authority has not signed it");
        });

    /// <summary>Reads what is signed.</summary>
    /// <exception cref="FormatException">The bytes are malformed, or have no address that can be used.</exception>
    public static IssuerStatement ReadContent(byte[] signed) => Parse(signed, map =>
    {
        byte[] store = map.Required("store_id").AsBinary();
        IReadOnlyList<string> addresses = Fitting(Handshake.ToTexts(map.Required("addresses")));
        return store.Length == StoreId.SizeBytes && addresses.Count > 0
            ? new IssuerStatement(map.Required("number").AsInteger(), new StoreId(store), addresses)
            : throw new FormatException("it has no store or no address that can be used");
    });

    /// <summary>What is signed: never a certificate or a list, since these begin with another byte.</summary>
    public byte[] EncodeContent() => UnsentMessage.Encode(Kind, FormVersion, new MessageMap
    {
        { "number", Number },
        { "store_id", StoreId.ToByteArray() },
        { "addresses", Handshake.ToArray(Addresses) },
    });

    /// <summary>Whether this and another statement name the same place.</summary>
    public bool IsSamePlace(IssuerStatement other) =>
        StoreId == other.StoreId && Addresses.SequenceEqual(other.Addresses, StringComparer.Ordinal);

    private static IssuerStatement Parse(byte[] body, Func<MessageMap, IssuerStatement> read)
    {
        try
        {
            return UnsentMessage.Decode(body, MaxBytes) is { Id: FormVersion, Operation: Kind } message
                ? read(message.Map)
                : throw new FormatException("it has an unknown form");
        }
        catch (Exception error) when (error is DfssException or CryptographicException)
        {
            throw new FormatException($"it cannot be read: {error.Message}", error);
        }
    }
}
