using System.Text;
using Dfss.Clusters;
using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Tests.Protocol;

/// <content>Joining a cluster.</content>
internal static partial class GoldenFrames
{
    /// <summary>
    /// A cluster's authority, a member of it called ann and a proof of some key; of their signatures no two are alike.
    /// </summary>
    private const string Authority =
        "MIIBkjCCATmgAwIBAgIJAKpOjR6I3SlzMAoGCCqGSM49BAMCMBsxGTAXBgNVBAMMEERGU1MgY2x1c3RlciBsYWIwHhcNMjYxMTI2MTgzNDE2Wh"
        + "cNMzYxMTI2MTgzOTE2WjAbMRkwFwYDVQQDDBBERlNTIGNsdXN0ZXIgbGFiMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeYstleESxkuIZxcn"
        + "WQUPmRAtHA0PKIwoUxHgaPqnTl7Dv0a0TPOGaXah3vAyc/6d9xKETxptla62m68NIzbhb6NmMGQwEgYDVR0TAQH/BAgwBgEB/wIBADAOBgNVHQ"
        + "8BAf8EBAMCAQYwHQYDVR0OBBYEFK+EJNgWjckOQZF5jwT7EH6zzMrEMB8GA1UdEQQYMBaGFHVybjpkZnNzOmNsdXN0ZXI6bGFiMAoGCCqGSM49"
        + "BAMCA0cAMEQCIGR/CjjxEwtasAI4BMYTAS/Zt8JPG3jJZ705iteQWX1YAiAzTMdKJXJIIzZOiBd7kEcDqw1MgjRT5qI5np6Y7Aebeg==";

    private const string Ann =
        "MIIBwTCCAWigAwIBAgIQQVj3waFUYzGS7df8MtyvETAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBERlNTIGNsdXN0ZXIgbGFiMB4XDTI2MTEyNj"
        + "E4MzQxOVoXDTI3MTEyNjE4MzkxOVowDjEMMAoGA1UEAwwDYW5uMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECSiTb3Mi+XCAF+JNqhBN9XzZ"
        + "P0AzifvV9vCt0d3gi83nFt3Yl6tUzoChBK4ZumyzNiqwkp05nslW2yZrPSn896OBmjCBlzAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgD"
        + "AWBgNVHSUBAf8EDDAKBggrBgEFBQcDAjAdBgNVHQ4EFgQUymVhJ9miLsQhMYDZhXMkRxpgsr8wHwYDVR0jBBgwFoAUr4Qk2BaNyQ5BkXmPBPsQ"
        + "frPMysQwHwYDVR0RBBgwFoYUdXJuOmRmc3M6cm9sZTpyZWFkZXIwCgYIKoZIzj0EAwIDRwAwRAIgbjnjYpAnFTevdDOAacC+f23f6BkuLj/LzK"
        + "gTb1XKUVMCIGVZmdXI89BQVStRfU8cTsIMPaxMd2bmO7t0wFRjKH/d";

    private const string Proof =
        "MIG7MGICAQAwADBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOw1noTZlYgHzBHejZM3vTU2tgYw2BI5ykKUTF8szunWVHZCOFfqma0MNPeG93"
        + "52QoITFcH8zHc+l2bsyOIiMrGgADAKBggqhkjOPQQDAgNJADBGAiEAin2OgN8QgkVj8Gpg5t8tDmLpW0VLjrXv98L2hVlukXQCIQDiPgBTh/DC"
        + "xsZMLGTx8x5ZNKg50ROe/U+c5iwh0+GCAQ==";

    private const string NothingRevoked = "-----BEGIN X509 CRL-----\n(base64)\n-----END X509 CRL-----";

    private const string OneRevoked = "-----BEGIN X509 CRL-----\n(another)\n-----END X509 CRL-----";

    /// <summary>A signed statement of the issuer's address, whose key docs/protocol.md has.</summary>
    private const string Statement =
        "lAGmaXNzdWVygqZzaWduZWTEUJQBpmlzc3VlcoOmbnVtYmVyzwAAAZt22qgAqHN0b3JlX2lkxBAAAQIDBAUGBwgJCgsMDQ4PqWFkZHJlc3Nlc5"
        + "GubG9jYWxob3N0OjkwMDDAqXNpZ25hdHVyZcRGMEQCIFxm78xiznzbzjLnX8zR9p/PZ+9woyXTswQk1zQHbowJAiByEDPoQsobZ6sPhA9XwEN8"
        + "7ISuwNhfJEjKYxW7tQDAm8A=";

    private static readonly byte[] Secret =
        [.. Enumerable.Range(0, Dfss.Clusters.Invitation.SecretBytes).Select(i => (byte)(0x80 + i))];

    /// <summary>The invitation that the document shows as text and as bytes.</summary>
    public static Invitation Invitation { get; } = new(
        [new PeerAddress("localhost", 9000)],
        System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificate(
            Convert.FromBase64String(Authority)),
        DfssRole.Reader,
        DateTimeOffset.FromUnixTimeMilliseconds(1_767_225_600_000),
        Secret);

    /// <summary>The statement that the document shows.</summary>
    public static byte[] IssuerStatement { get; } = Convert.FromBase64String(Statement);

    private static MessageValue ListedPeers => MessageValue.From(
    [
        new MessageMap
        {
            { "store_id", Store.ToByteArray() }, { "addresses", Handshake.ToArray(["localhost:9000"]) },
            { "issuer", true },
        },
        new MessageMap
        {
            { "store_id", StoreId.Parse("101112131415161718191a1b1c1d1e1f").ToByteArray() },
            { "addresses", Handshake.ToArray(["b.example:9000"]) },
        },
    ]);

    private static IEnumerable<(string Name, Message Message, byte[]? Payload)> Cluster() =>
    [
        ("invitation", Message.Request(1, "invitation", Dfss.Clusters.Invitation.ToMap(Invitation)), null),
        ("invite-request", Message.Request(22, Operations.Invite, new MessageMap
        {
            { "secret_hash", System.Security.Cryptography.SHA256.HashData(Secret) }, { "role", "reader" },
            { "expires_in_ms", 86_400_000 },
            { "name", "ann" }, { "prefixes", Handshake.ToArray(["builds/"]) },
        }), null),
        ("invite-answer", Answer(22, new MessageMap { { "expires", 1_767_225_600_000 } }), null),
        ("join-request", Message.Request(23, Operations.Join, new MessageMap
        {
            { "secret", Secret }, { "request", Convert.FromBase64String(Proof) },
        }), null),
        ("join-answer", Answer(23, new MessageMap
        {
            { "certificate", Convert.FromBase64String(Ann) }, { "peers", ListedPeers },
        }), Encoding.ASCII.GetBytes(NothingRevoked)),
        ("announce-request", Message.Request(24, Operations.Announce, new MessageMap
        {
            { "addresses", Handshake.ToArray(["b.example:9000"]) },
        }), null),
        ("announce-answer", Answer(24, []), null),
        ("list-peers-request", Message.Request(25, Operations.ListPeers, []), null),
        ("list-peers-answer", Answer(25, new MessageMap { { "peers", ListedPeers } }), null),
        ("renew-request", Message.Request(
            26, Operations.Renew, new MessageMap { { "request", Convert.FromBase64String(Proof) } }), null),
        ("renew-answer", Answer(26, new MessageMap { { "certificate", Convert.FromBase64String(Ann) } }), null),
        ("list-certificates-request",
            Message.Request(27, Operations.ListCertificates, new MessageMap { { "limit", 1 }, { "after", 7 } }), null),
        ("list-certificates-answer", Answer(27, new MessageMap
        {
            { "lengths", MessageValue.From([(MessageValue)Convert.FromBase64String(Ann).Length]) },
            { "revoked", MessageValue.From([(MessageValue)true]) },
            { "next", 9 },
        }), Convert.FromBase64String(Ann)),
        ("revoke-request", Message.Request(28, Operations.Revoke, new MessageMap
        {
            { "serial", Convert.FromHexString("4158F7C1A154633192EDD7FC32DCAF11") },
        }), null),
        ("revoke-answer", Answer(28, []), Encoding.ASCII.GetBytes(OneRevoked)),
        ("get-revocations-request", Message.Request(29, Operations.GetRevocations, []), null),
        ("get-revocations-answer", Answer(29, []), Encoding.ASCII.GetBytes(OneRevoked)),
        ("put-revocations-request", Message.Request(30, Operations.PutRevocations, []),
            Encoding.ASCII.GetBytes(OneRevoked)),
        ("put-revocations-answer", Answer(30, new MessageMap { { "number", 2 } }), null),
        ("issuer", Message.Request(1, "issuer", new MessageMap
        {
            { "number", 1_767_225_600_000 }, { "store_id", Store.ToByteArray() },
            { "addresses", Handshake.ToArray(["localhost:9000"]) },
        }), null),
        ("get-issuer-request", Message.Request(31, Operations.GetIssuer, []), null),
        ("get-issuer-answer", Answer(31, []), IssuerStatement),
        ("put-issuer-request", Message.Request(32, Operations.PutIssuer, []), IssuerStatement),
        ("put-issuer-answer", Answer(32, new MessageMap { { "number", 1_767_225_600_000 } }), null),
    ];
}
