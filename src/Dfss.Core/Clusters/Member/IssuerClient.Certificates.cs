using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Transport;

namespace Dfss.Clusters;

/// <content>Certificates: renewed, listed, taken back.</content>
public sealed partial class IssuerClient
{
    private const int CertificatesPerPage = 500;

    /// <summary>200,000: as many as a revocation list of the largest size can name.</summary>
    private const int MaxCertificates = 200_000;

    /// <summary>Renews the certificate of whoever asks. Asked again with the same key, as after a lost answer, it is the same one.</summary>
    /// <param name="authority">The cluster's authority.</param>
    /// <param name="key">The key to have a certificate for; it stays here.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The certificate, with its key. The one shown holds on until its end.</returns>
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
        return JoinedMember.ReadCertificate(answer.Results, authority, key);
    }

    /// <summary>The members' certificates, the newest of each, in the order in which they were issued.</summary>
    /// <exception cref="DfssException">NotPermitted, IssuerUnreachable, NotAnIssuer.</exception>
    public async Task<IReadOnlyList<MemberCertificate>> ListCertificatesAsync(CancellationToken cancellationToken = default)
    {
        List<MemberCertificate> found = [];
        long? next = 0;
        while (next is long after)
        {
            MessageMap arguments = new() { { "limit", CertificatesPerPage }, { "after", after } };
            Answer answer = await AskAsync(Operations.ListCertificates, arguments, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<MemberCertificate> page = MemberCertificate.Read(answer.Results, answer.Payload);
            found.AddRange(page);
            if (page.Count > CertificatesPerPage || found.Count > MaxCertificates)
            {
                throw new DfssException(
                    DfssErrorCode.ProtocolViolation, "The issuer lists more certificates than it was asked for, or than a cluster can have.");
            }

            long? following = answer.Read(map => map.TryGet("next", out MessageValue value) ? value.AsInteger() : (long?)null);
            next = page.Count > 0 && following > after ? following : null;
        }

        return found;
    }

    /// <summary>Takes back every certificate that the member has who has this one, for ever.</summary>
    /// <param name="serialNumber">Its serial number in hexadecimal.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The revocation list that is in force from now on, in PEM, for the peers: <see cref="TellAsync"/>.</returns>
    /// <exception cref="DfssException">
    /// CertificateUnknown; InvalidArgument: it is the asking administrator's own. NotPermitted, IssuerUnreachable, NotAnIssuer.
    /// </exception>
    public async Task<byte[]> RevokeAsync(string serialNumber, CancellationToken cancellationToken = default)
    {
        MessageMap arguments = new() { { "serial", Convert.FromHexString(serialNumber) } };
        Answer answer = await AskAsync(Operations.Revoke, arguments, cancellationToken).ConfigureAwait(false);
        return answer.Payload;
    }

    /// <summary>Keeps a list on this side, where it is newer.</summary>
    /// <exception cref="DfssException">InvalidArgument: it is no list of the authority's; DestinationUnwritable.</exception>
    public async Task TakeAsync(byte[] list, CancellationToken cancellationToken = default)
    {
        if (options.Revocations is { } revocations)
        {
            await revocations.TakeAsync(list, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Gives a peer a revocation list, at the first of its addresses where it answers.</summary>
    /// <param name="peer">The peer; one that runs under the issuer's cluster.</param>
    /// <param name="list">The list, in PEM.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DfssException">PeerUnreachable, TimedOut, ...: why it does not have it.</exception>
    public async Task TellAsync(ClusterPeer peer, byte[] list, CancellationToken cancellationToken = default)
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
                    long number = await RevocationExchange.PushAsync(channel, list, cancellationToken).ConfigureAwait(false);
                    ThrowIfNewer(address, number);
                    return;
                }
            }
            catch (DfssException error)
            {
                failure = error;
            }
        }

        throw failure ?? new DfssException(DfssErrorCode.PeerUnreachable, $"No address of the peer of store {peer.StoreId} is known.");
    }

    /// <summary>An issuer that was restored from a copy goes on from an older list, until somebody has brought it the newer one.</summary>
    private void ThrowIfNewer(PeerAddress address, long number)
    {
        if (options.Revocations is { } own && number > own.Number)
        {
            throw new DfssException(
                DfssErrorCode.Conflict,
                FormattableString.Invariant($"{address}: the peer has revocation list {number}, which is newer than the issuer's {own.Number}."),
                "Run the command again: whoever has met both has brought the issuer the newer one.");
        }
    }
}
