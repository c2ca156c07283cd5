using Dfss.Protocol;
using Dfss.Security;
using Dfss.Transport;

namespace Dfss.Clusters;

/// <content>Finds the issuer and asks it.</content>
public sealed partial class IssuerClient
{
    private async Task<Answer> AskAsync(string operation, MessageMap arguments, CancellationToken cancellationToken)
    {
        // Where only the answer was lost, the call is repeated: every operation is idempotent.
        PeerCall call = new(operation, arguments, Payload: null, Destination: null, IsBulk: false);
        List<DfssException> failures = [];
        Answer? answer = await TryAskAsync(addresses, call, failures, cancellationToken).ConfigureAwait(false);
        if (answer is null && membership is not null && options.Issuer is not null)
        {
            await AskPeersAsync(membership, cancellationToken).ConfigureAwait(false);
            answer = await TryAskAsync(
                [.. membership.LoadIssuer().Except(addresses)], call, failures,
                cancellationToken).ConfigureAwait(false);
        }

        return answer ?? throw NotFound(failures);
    }

    /// <summary>The answer of the first address at which the issuer is; null where it is at none.</summary>
    private async Task<Answer?> TryAskAsync(
        IReadOnlyList<PeerAddress> at, PeerCall call, List<DfssException> failures, CancellationToken cancellationToken)
    {
        foreach (PeerAddress address in at)
        {
            try
            {
                return await AskAtAsync(address, call, cancellationToken).ConfigureAwait(false)
                    ?? await AskAtAsync(address, call, cancellationToken).ConfigureAwait(false)
                    ?? throw new DfssException(
                        DfssErrorCode.PeerUnreachable, address, $"the connection broke twice before an answer came.");
            }
            catch (DfssException error) when (IsOfTheAddress(error))
            {
                failures.Add(error);
            }
        }

        return null;
    }

    /// <summary>
    /// Connects to every other known peer, which brings the newest statement of the issuer's address that they have.
    /// </summary>
    private Task AskPeersAsync(ClusterMembership of, CancellationToken cancellationToken) => Task.WhenAll(
        of.LoadPeers().Where(peer => !peer.IsIssuer).Select(async peer =>
        {
            foreach (PeerAddress address in peer.Addresses.Select(PeerAddress.Parse))
            {
                try
                {
                    ClientChannel channel = await ClientChannel.ConnectAsync(
                        address, options, cancellationToken).ConfigureAwait(false);
                    await channel.DisposeAsync().ConfigureAwait(false);
                    return;
                }
                catch (DfssException)
                {
                    // The failure to report is that of the issuer's addresses.
                }
            }
        }));

    private DfssException NotFound(List<DfssException> failures) =>
        // A peer that answers and is not the issuer is a more serious failure than no answer, and is reported first.
        failures.Find(error => !IsUnreachable(error)) ?? new DfssException(
            DfssErrorCode.IssuerUnreachable,
            failures.Count == 0
                ? "No address of the cluster's issuer is known here."
                : $"The cluster's issuer cannot be reached. {string.Join(' ', failures.Select(error => error.Reason))}",
            (addresses.Count > 0 && addresses.All(address => address.IsLoopback)
                ? "Only addresses of this machine itself are known: start the issuer (Start-DfssPeer -Issuer), and "
                    + "where it is on another machine, "
                    + "start it with -Address * and make another invitation."
                : "Start it where the cluster was made (Start-DfssPeer -Issuer), and check that its port can be "
                    + "reached from here.")
            + " If it runs at another address, run Get-DfssPeer -Peer ADDRESS once with that address, which is saved "
            + "for later commands.");

    /// <summary>The answer; null where the connection broke before it arrived.</summary>
    private async Task<Answer?> AskAtAsync(PeerAddress address, PeerCall call, CancellationToken cancellationToken)
    {
        ClientChannel channel = await ClientChannel.ConnectAsync(
            address, options, cancellationToken).ConfigureAwait(false);
        await using (channel.ConfigureAwait(false))
        {
            ThrowIfNoIssuer(address, channel.Peer);
            if (call.Operation == Operations.Join && channel.Hello.Time is DateTimeOffset time)
            {
                ClockDifference.ThrowIfTooLarge(time, clock.GetUtcNow());
            }

            try
            {
                using Response response = await channel.CallAsync(call, cancellationToken).ConfigureAwait(false);
                return new Answer(response.Results, response.Payload.ToArray(), channel.Hello.Addresses);
            }
            catch (DfssException error) when (IsUnreachable(error))
            {
                return null;
            }
        }
    }

    /// <summary>
    /// Checked before anything is sent: another peer of the cluster could have taken the issuer's address.
    /// </summary>
    private static void ThrowIfNoIssuer(PeerAddress address, RemoteIdentity? peer)
    {
        if (peer is not { IsIssuer: true })
        {
            throw new DfssException(
                DfssErrorCode.NotAnIssuer, address, $"what answers there is a peer of the cluster, and not its issuer.",
                "Find out where the issuer is now (Start-DfssPeer -Issuer). No secret was sent to that peer.");
        }
    }

    private static bool IsUnreachable(DfssException error) =>
        error.Code is DfssErrorCode.PeerUnreachable or DfssErrorCode.TimedOut or DfssErrorCode.PeerBusy;

    private static bool IsOfTheAddress(DfssException error) => IsUnreachable(error)
        || error.Code is DfssErrorCode.NotAnIssuer or DfssErrorCode.NotADfssPeer or DfssErrorCode.TlsNotExpected
            or DfssErrorCode.TlsFailed or DfssErrorCode.CertificateNotTrusted;

    private sealed record Answer(MessageMap Results, byte[] Payload, IReadOnlyList<string> Addresses)
    {
        /// <summary>Reads a result.</summary>
        /// <exception cref="DfssException">
        /// ProtocolViolation: it is absent, of the wrong kind or out of range.
        /// </exception>
        public T Read<T>(Func<MessageMap, T> read)
        {
            try
            {
                return read(Results);
            }
            catch (DfssException error) when (error.Code == DfssErrorCode.InvalidArgument)
            {
                throw new DfssException(
                    DfssErrorCode.ProtocolViolation, $"The issuer's answer is malformed: {error.Message}", error);
            }
        }
    }
}
