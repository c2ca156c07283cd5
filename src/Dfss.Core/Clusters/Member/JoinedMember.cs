using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Clusters;

/// <summary>What a new member receives. A class instead of a record: a record's text would show its content.</summary>
public sealed class JoinedMember
{
    private const int MaxCertificateBytes = 16 << 10;

    private JoinedMember(X509Certificate2 certificate, string revocationList, IReadOnlyList<ClusterPeer> peers)
    {
        Certificate = certificate;
        RevocationList = revocationList;
        Peers = peers;
    }

    /// <summary>The member's certificate, with the key that was created on this side.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The authority's revocation list, in PEM.</summary>
    public string RevocationList { get; }

    /// <summary>The peers, the issuer first.</summary>
    public IReadOnlyList<ClusterPeer> Peers { get; }

    /// <summary>Reads the answer to join, and checks that it matches the request.</summary>
    /// <exception cref="DfssException">ProtocolViolation; CertificateExpired.</exception>
    internal static JoinedMember Read(MessageMap results, byte[] payload, CertificateValidator validator, ECDsa key)
    {
        X509Certificate2 certificate = ReadCertificate(results, validator, key);
        return new JoinedMember(certificate, Encoding.ASCII.GetString(payload), ReadPeers(results));
    }

    /// <summary>The issued certificate, with the key that was created for it.</summary>
    /// <exception cref="DfssException">
    /// ProtocolViolation: it is not for this key, or this authority has not issued it. CertificateExpired: it is not
    /// valid by the clock of this machine.
    /// </exception>
    internal static X509Certificate2 ReadCertificate(MessageMap results, CertificateValidator validator, ECDsa key)
    {
        try
        {
            byte[] encoded = results.Required("certificate").AsBinary();
            if (encoded.Length > MaxCertificateBytes)
            {
                throw new CryptographicException("it is too long");
            }

            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(encoded);
            using ECDsa? named = certificate.GetECDsaPublicKey();
            bool isOurs =
                named?.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()) == true;
            return validator.ValidateClient(certificate, []).Refusal switch
            {
                { Code: DfssErrorCode.CertificateExpired } refusal when isOurs => throw refusal,
                null when isOurs => certificate.CopyWithPrivateKey(key),
                _ => throw new CryptographicException("it is not for this key, or not of this authority"),
            };
        }
        catch (CryptographicException error)
        {
            throw new DfssException(
                DfssErrorCode.ProtocolViolation,
                $"The issuer's answer has no certificate that can be used: {error.Message}.", error);
        }
    }

    /// <exception cref="DfssException">ProtocolViolation.</exception>
    internal static IReadOnlyList<ClusterPeer> ReadPeers(MessageMap results)
    {
        try
        {
            return [.. results.Required("peers").AsArray().Take(DfssLimits.MaxHomeMembers).Select(ReadPeer)
                .OfType<ClusterPeer>()];
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.InvalidArgument)
        {
            throw new DfssException(
                DfssErrorCode.ProtocolViolation, $"The issuer's list of peers is malformed: {error.Message}", error);
        }
    }

    /// <summary>
    /// The peer; null for one without an address, which is of no use and no reason to reject the others.
    /// </summary>
    private static ClusterPeer? ReadPeer(MessageValue value)
    {
        MessageMap map = value.AsMap();
        byte[] store = map.Required("store_id").AsBinary();
        if (store.Length != StoreId.SizeBytes)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, $"A store id has {StoreId.SizeBytes} bytes, not {store.Length}.");
        }

        string[] addresses = Handshake.ToAddresses(map.Required("addresses"));
        return addresses.Length == 0
            ? null
            : new ClusterPeer(
                new StoreId(store), addresses, map.TryGet("issuer", out MessageValue issuer) && issuer.AsBoolean());
    }
}
