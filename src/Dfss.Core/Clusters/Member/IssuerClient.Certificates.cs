using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Transport;

namespace Dfss.Clusters;

/// <content>Renews, lists and revokes certificates.</content>
public sealed partial class IssuerClient
{
    private const int CertificatesPerPage = 500;

    /// <summary>200,000: as many as a revocation list of the largest size can name.</summary>
    private const int MaxCertificates = 200_000;

    /// <summary>
    /// Renews the caller's certificate. A repeated call with the same key, as after a lost answer, returns the same
    /// one.
    /// </summary>
    /// <param name="authority">The cluster's authority.</param>
    /// <param name="key">The key of the new certificate; it is not sent.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The certificate, with its key. The one presented stays valid until it expires.</returns>
    /// <exception cref="DfssException">
    /// CertificateExpired, CertificateRevoked, IssuerUnreachable, NotAnIssuer, LimitExceeded, StoreFull, StoreFailed.
    /// </exception>
    public async Task<X509Certificate2> RenewAsync(
        X509Certificate2 authority, ECDsa key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(authority);
        ArgumentNullException.ThrowIfNull(key);
        MessageMap arguments = new() { { "request", CertificateKeys.Request(key) } };
        Answer answer = await AskAsync(Operations.Renew, arguments, cancellationToken).ConfigureAwait(false);
        return JoinedMember.ReadCertificate(answer.Results, new CertificateValidator(authority, clock), key);
    }

    /// <summary>The members' certificates, the newest of each, in the order in which they were issued.</summary>
    /// <exception cref="DfssException">NotPermitted, IssuerUnreachable, NotAnIssuer.</exception>
    public async Task<IReadOnlyList<MemberCertificate>> ListCertificatesAsync(
        CancellationToken cancellationToken = default)
    {
        List<MemberCertificate> found = [];
        long? next = 0;
        while (next is long after)
        {
            MessageMap arguments = new() { { "limit", CertificatesPerPage }, { "after", after } };
            Answer answer = await AskAsync(
                Operations.ListCertificates, arguments, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<MemberCertificate> page = MemberCertificate.Read(answer.Results, answer.Payload);
            found.AddRange(page);
            if (page.Count > CertificatesPerPage || found.Count > MaxCertificates)
            {
                throw new DfssException(
                    DfssErrorCode.ProtocolViolation,
                    "The issuer lists more certificates than it was asked for, or than a cluster can have.");
            }

            long? following = answer.Read(
                map => map.TryGet("next", out MessageValue value) ? value.AsInteger() : (long?)null);
            next = page.Count > 0 && following > after ? following : null;
        }

        return found;
    }

    /// <summary>Revokes, permanently, every certificate of the member that has this one.</summary>
    /// <param name="serialNumber">Its serial number in hexadecimal.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>
    /// The revocation list now in force, in PEM, to be sent to the peers: <see cref="SendRevocationsAsync"/>.
    /// </returns>
    /// <exception cref="DfssException">
    /// CertificateUnknown; InvalidArgument: it is the asking administrator's own. NotPermitted, IssuerUnreachable,
    /// NotAnIssuer.
    /// </exception>
    public async Task<byte[]> RevokeAsync(string serialNumber, CancellationToken cancellationToken = default)
    {
        MessageMap arguments = new() { { "serial", Convert.FromHexString(serialNumber) } };
        Answer answer = await AskAsync(Operations.Revoke, arguments, cancellationToken).ConfigureAwait(false);
        return answer.Payload;
    }

    /// <summary>Saves a list on this side, where it is newer.</summary>
    /// <exception cref="DfssException">
    /// InvalidArgument: the authority has not signed the list; DestinationUnwritable.
    /// </exception>
    public async Task TakeAsync(byte[] list, CancellationToken cancellationToken = default)
    {
        if (options.Revocations is { } revocations)
        {
            await revocations.TakeAsync(list, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sends a revocation list to a peer, at the first of its addresses that answers.</summary>
    /// <param name="peer">The peer; one that runs under the issuer's cluster.</param>
    /// <param name="list">The list, in PEM.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">PeerUnreachable, TimedOut, ...: why the peer does not have it.</exception>
    public async Task SendRevocationsAsync(ClusterPeer peer, byte[] list, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(peer);
        DfssException? failure = null;
        foreach (PeerAddress address in peer.Addresses.Select(PeerAddress.Parse))
        {
            try
            {
                ClientChannel channel = await ClientChannel.ConnectAsync(
                    address, options with { Revocations = null }, cancellationToken).ConfigureAwait(false);
                await using (channel.ConfigureAwait(false))
                {
                    long number = await RevocationExchange.PushAsync(
                        channel, list, cancellationToken).ConfigureAwait(false);
                    ThrowIfNewer(address, number);
                    return;
                }
            }
            catch (DfssException error)
            {
                failure = error;
            }
        }

        throw failure ?? new DfssException(
            DfssErrorCode.PeerUnreachable, $"No address of the peer of store {peer.StoreId} is known.");
    }

    /// <summary>
    /// An issuer that was restored from a copy continues from an older list until a member sends it the newer one.
    /// </summary>
    private void ThrowIfNewer(PeerAddress address, long number)
    {
        if (options.Revocations is { } own && number > own.Number)
        {
            throw new DfssException(
                DfssErrorCode.Conflict,
                address,
                FormattableString.Invariant(
                    $"the peer has revocation list {number}, which is newer than the issuer's {own.Number}."),
                "Run the command again: the command has sent the newer list to the issuer.");
        }
    }
}
