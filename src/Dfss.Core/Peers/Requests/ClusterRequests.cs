using System.Security.Cryptography;
using System.Text;
using Dfss.Clusters;
using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Peers;

/// <summary>The operations on the members of a cluster; only the issuer carries out most of them.</summary>
/// <param name="issuer">The issuer, if this peer is it.</param>
/// <param name="describeIssuer">This peer, as members get it.</param>
/// <param name="kept">The revocation list and the statement of the issuer's address that this peer keeps.</param>
/// <param name="revoked">Called with the sender when another list is in force.</param>
/// <param name="moved">Called with the sender when another statement is in force.</param>
internal sealed partial class ClusterRequests(
    ClusterIssuer? issuer, Func<ClusterPeer> describeIssuer, Func<CertificateValidator?> kept,
    Func<string, Task> revoked, Func<string, Task> moved)
{
    /// <summary>2,048 bytes: a request for a key of P-256 has some 300.</summary>
    private const int MaxRequestBytes = 2048;

    private const int MaxAddresses = 4;
    private const int MaxAddressBytes = 200;

    /// <summary>Admits a client with an invitation.</summary>
    public async ValueTask<RequestAnswer> JoinAsync(MessageMap map)
    {
        byte[] secret = Bounded(map.Required("secret"), Invitation.SecretBytes, Invitation.SecretBytes, "secret");
        byte[] request = Bounded(map.Required("request"), 1, MaxRequestBytes, "request");
        StoreId? store = ReadStore(map);
        DateTimeOffset? time = map.TryGet("time", out MessageValue clock) ? Handshake.ToTime(clock) : null;
        ClusterPeer self = describeIssuer();
        byte[] certificate = await Issuer.JoinAsync(
            SHA256.HashData(secret), request, store, self, time).ConfigureAwait(false);
        MessageMap results = new() { { "certificate", certificate }, { "peers", ToArray(Issuer.ListPeers(self)) } };
        return new RequestAnswer(results, bytes: Encoding.ASCII.GetBytes(Issuer.ReadRevocationList()));
    }

    /// <summary>Registers an administrator's invitation.</summary>
    public async ValueTask<RequestAnswer> InviteAsync(MessageMap map, RemoteIdentity caller)
    {
        byte[] hash = Bounded(
            map.Required("secret_hash"), SHA256.HashSizeInBytes, SHA256.HashSizeInBytes, "secret_hash");
        long lifetime = map.Required("expires_in_ms").AsInteger();
        InvitationTerms terms = new()
        {
            Role = ReadRole(map.Required("role").AsText()),
            Name = map.TryGet("name", out MessageValue name) ? name.AsText() : null,
            NamePrefixes = map.TryGet("prefixes", out MessageValue prefixes) ? Handshake.ToTexts(prefixes) : [],
            StoreId = ReadStore(map),
            Lifetime = TimeSpan.FromMilliseconds(
                Math.Min(lifetime, (long)InvitationTerms.MaxLifetime.TotalMilliseconds + 1)),
        };
        terms.ThrowIfNotPossible();
        DateTimeOffset expires = await Issuer.InviteAsync(hash, terms, caller).ConfigureAwait(false);
        return new RequestAnswer(new MessageMap { { "expires", expires.ToUnixTimeMilliseconds() } });
    }

    /// <summary>Records the addresses of a peer.</summary>
    public async ValueTask<RequestAnswer> AnnounceAsync(MessageMap map, RemoteIdentity caller)
    {
        string[] addresses = Handshake.ToTexts(map.Required("addresses"));
        if (addresses.Length is 0 or > MaxAddresses || addresses.Any(IsNoAddress))
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                FormattableString.Invariant(
                    $"A peer sends 1 to {MaxAddresses} addresses, host:port, of {MaxAddressBytes} bytes at most."));
        }

        ClusterIssuer asked = Issuer;
        await asked.AnnounceAsync(
            caller.StoreId ?? throw new DfssException(
                DfssErrorCode.InvalidArgument, $"'{caller.Name}' serves no store, and has no address to announce."),
            addresses).ConfigureAwait(false);
        return RequestAnswer.Empty;
    }

    /// <summary>The peers of the cluster.</summary>
    public RequestAnswer ListPeers() =>
        new(new MessageMap { { "peers", ToArray(Issuer.ListPeers(describeIssuer())) } });

    private ClusterIssuer Issuer => issuer ?? throw new DfssException(
        DfssErrorCode.NotAnIssuer, "This peer is not the issuer of a cluster.",
        "Ask the peer that was started with -Issuer.");

    private static MessageValue ToArray(IReadOnlyList<ClusterPeer> peers) => MessageValue.From([.. peers.Select(peer =>
    {
        MessageMap map =
            new() { { "store_id", peer.StoreId.ToByteArray() }, { "addresses", Handshake.ToArray(peer.Addresses) } };
        if (peer.IsIssuer)
        {
            map.Add("issuer", true);
        }

        return (MessageValue)map;
    })]);

    private static bool IsNoAddress(string text) =>
        Encoding.UTF8.GetByteCount(text) > MaxAddressBytes || !PeerAddress.TryParse(text, out _);

    private static StoreId? ReadStore(MessageMap map) => map.TryGet("store_id", out MessageValue value)
        ? new StoreId(Bounded(value, StoreId.SizeBytes, StoreId.SizeBytes, "store_id"))
        : null;

    private static DfssRole ReadRole(string text)
    {
        try
        {
            return CertificateProfile.ParseRole(text);
        }
        catch (FormatException)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, "The roles are reader, writer, peer and admin.");
        }
    }

    private static byte[] Bounded(MessageValue value, int least, int most, string key)
    {
        byte[] bytes = value.AsBinary();
        return bytes.Length >= least && bytes.Length <= most ? bytes : throw new DfssException(
            DfssErrorCode.InvalidArgument,
            FormattableString.Invariant($"The argument '{key}' has {least} to {most} bytes."));
    }
}
