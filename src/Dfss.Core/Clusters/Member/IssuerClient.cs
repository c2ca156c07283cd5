using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Transport;

namespace Dfss.Clusters;

/// <summary>
/// A client of a cluster's issuer: joins, invites members, renews and revokes certificates, and lists the peers. It
/// tries the issuer's addresses in their order, and accepts a peer only after a certificate of the cluster's authority
/// has proven it to be the issuer.
/// </summary>
public sealed partial class IssuerClient
{
    /// <summary>4: the issuer keeps no more addresses of a peer.</summary>
    internal const int MaxAnnounced = 4;

    private readonly IReadOnlyList<PeerAddress> addresses;
    private readonly ClusterMembership? membership;
    private readonly TimeProvider clock;
    private readonly ClientChannelOptions options;

    /// <summary>
    /// For a member: tries the addresses of the issuer that its cluster's folder has. Where the issuer is at none of
    /// them, it asks the other peers for newer ones.
    /// </summary>
    /// <param name="identity">The member's identity.</param>
    /// <param name="membership">The cluster.</param>
    /// <param name="connectTimeout">How long connecting to one address may take; null for 10 s.</param>
    /// <exception cref="DfssException">
    /// InvalidArgument: a file that the identity names cannot be used. SourceUnreadable: one of the cluster's folder.
    /// </exception>
    public IssuerClient(TlsIdentity identity, ClusterMembership membership, TimeSpan? connectTimeout = null)
        : this(identity, membership, connectTimeout, TimeProvider.System)
    {
    }

    internal IssuerClient(
        TlsIdentity identity, ClusterMembership membership, TimeSpan? connectTimeout, TimeProvider clock)
        : this(identity, membership.LoadIssuer(), connectTimeout, clock) => this.membership = membership;

    /// <summary>For a member, and known addresses alone.</summary>
    /// <param name="identity">The member's identity.</param>
    /// <param name="addresses">The addresses at which the issuer may be.</param>
    /// <param name="connectTimeout">How long connecting to one address may take; null for 10 s.</param>
    /// <exception cref="DfssException">InvalidArgument: a file that the identity names cannot be used.</exception>
    public IssuerClient(TlsIdentity identity, IReadOnlyList<PeerAddress> addresses, TimeSpan? connectTimeout = null)
        : this(identity, addresses, connectTimeout, TimeProvider.System)
    {
    }

    internal IssuerClient(
        TlsIdentity identity, IReadOnlyList<PeerAddress> addresses, TimeSpan? connectTimeout, TimeProvider clock)
        : this(new TlsTransport(identity, clock, log: null), addresses, connectTimeout, clock)
    {
    }

    private IssuerClient(
        TlsTransport tls, IReadOnlyList<PeerAddress> addresses, TimeSpan? connectTimeout, TimeProvider clock)
    {
        this.addresses = addresses;
        this.clock = clock;
        options = ClientChannelOptions.Default with
        {
            ConnectTimeout = connectTimeout ?? ClientChannelOptions.Default.ConnectTimeout,
            Revocations = RevocationExchange.For(tls, log: null),
            Issuer = IssuerExchange.For(tls, log: null),
            Connect = tls.ConnectAsync,
        };
    }

    /// <summary>
    /// Joins a cluster: creates a key, which is not sent, and has the issuer issue a certificate for it. The
    /// invitation's secret is sent to the issuer only.
    /// </summary>
    /// <param name="invitation">The invitation; it is used up.</param>
    /// <param name="store">The store that a peer serves; null for every other member.</param>
    /// <param name="cancellationToken">Gives up. The invitation may have been used up.</param>
    /// <exception cref="DfssException">
    /// InvitationUnknown, InvitationUsed, InvitationExpired; IssuerUnreachable; CertificateNotTrusted, NotAnIssuer: the
    /// peer that answers is not the issuer; CertificateExpired: the clocks of the issuer and of this machine differ by
    /// too much; InvalidArgument.
    /// </exception>
    public static Task<JoinedMember> JoinAsync(
        Invitation invitation, StoreId? store, CancellationToken cancellationToken = default) =>
        JoinAsync(invitation, store, TimeProvider.System, cancellationToken);

    internal static async Task<JoinedMember> JoinAsync(
        Invitation invitation, StoreId? store, TimeProvider clock, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(invitation);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        MessageMap arguments = new()
        {
            { "secret", invitation.Secret },
            { "request", CertificateKeys.Request(key) },
            { "time", Handshake.FromTime(clock.GetUtcNow()) },
        };
        if (store is StoreId served)
        {
            arguments.Add("store_id", served.ToByteArray());
        }

        IssuerClient client = new(
            new TlsTransport(invitation.Authority, clock), invitation.Addresses, connectTimeout: null, clock);
        Answer answer = await client.AskAsync(Operations.Join, arguments, cancellationToken).ConfigureAwait(false);
        return JoinedMember.Read(
            answer.Results, answer.Payload, new CertificateValidator(invitation.Authority, clock), key);
    }

    /// <summary>Has the issuer record an invitation for a new member.</summary>
    /// <param name="terms">The role and other terms, and how long the invitation is valid.</param>
    /// <param name="authority">The cluster's authority.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The invitation. Its secret is created on this side; only its SHA-256 is sent to the issuer.</returns>
    /// <exception cref="DfssException">NotPermitted, IssuerUnreachable, NotAnIssuer, InvalidArgument.</exception>
    public async Task<Invitation> InviteAsync(
        InvitationTerms terms, X509Certificate2 authority, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(terms);
        terms.ThrowIfNotPossible();
        byte[] secret = RandomNumberGenerator.GetBytes(Invitation.SecretBytes);
        MessageMap arguments = new()
        {
            { "secret_hash", SHA256.HashData(secret) },
            { "role", CertificateProfile.NameOf(terms.Role) },
            { "expires_in_ms", (long)terms.Lifetime.TotalMilliseconds },
        };
        if (terms.Name is string name)
        {
            arguments.Add("name", name);
        }

        if (terms.NamePrefixes.Count > 0)
        {
            arguments.Add("prefixes", Handshake.ToArray(terms.NamePrefixes));
        }

        if (terms.StoreId is StoreId store)
        {
            arguments.Add("store_id", store.ToByteArray());
        }

        Answer answer = await AskAsync(Operations.Invite, arguments, cancellationToken).ConfigureAwait(false);
        return new Invitation(
            [.. answer.Addresses.Select(PeerAddress.Parse)],
            authority,
            terms.Role,
            answer.Read(map => Handshake.ToTime(map.Required("expires"))),
            secret);
    }

    /// <summary>Sends the issuer the addresses of the asking peer.</summary>
    /// <param name="announced">Its addresses, the best first; at most four are sent.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">NotPermitted, IssuerUnreachable, NotAnIssuer, InvalidArgument.</exception>
    public Task AnnounceAsync(IReadOnlyList<string> announced, CancellationToken cancellationToken = default)
    {
        MessageMap arguments = new() { { "addresses", Handshake.ToArray([.. announced.Take(MaxAnnounced)]) } };
        return AskAsync(Operations.Announce, arguments, cancellationToken);
    }

    /// <summary>The peers of the cluster, as the issuer lists them; the issuer is the first.</summary>
    /// <exception cref="DfssException">NotPermitted, IssuerUnreachable, NotAnIssuer.</exception>
    public async Task<IReadOnlyList<ClusterPeer>> ListPeersAsync(CancellationToken cancellationToken = default)
    {
        Answer answer = await AskAsync(Operations.ListPeers, MessageMap.Empty, cancellationToken).ConfigureAwait(false);
        return JoinedMember.ReadPeers(answer.Results);
    }
}
