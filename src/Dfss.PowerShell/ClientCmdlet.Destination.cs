using Dfss.Clusters;
using Dfss.Security;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>Other peers than those of -Peer, which get what the command takes from these.</content>
public abstract partial class ClientCmdlet
{
    private DfssClient? other;

    /// <summary>
    /// A client of other peers: of addresses, with the identity of the command; or of a cluster that was joined, with
    /// the identity that the user has there. A name of such a cluster is no host.
    /// </summary>
    /// <exception cref="CmdletException">PeerAddressInvalid; PeerMissing: the cluster has no peers.</exception>
    private protected async Task<DfssClient> OpenOtherAsync(string[] given, CancellationToken cancellationToken) =>
        other = await MakeOtherAsync(given, cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// A failure of the other peers, with advice that names -Destination where that of the code would name -Peer. One
    /// of their certificates says which identity they were asked with.
    /// </summary>
    private protected static DfssException ExplainOther(DfssException failure, string[] given) =>
        !failure.IsOfDestination ? failure : failure.Copy(advice: failure.Code switch
        {
            DfssErrorCode.TlsRequired or DfssErrorCode.TlsNotExpected or DfssErrorCode.TlsFailed
                or DfssErrorCode.NotAuthenticated or DfssErrorCode.CertificateNotTrusted
                when given is not [string name] || !IsCluster(name) =>
                "Peers that -Destination gives by address are asked with the identity of the command, which is for "
                    + "both sides. Give the name of a joined cluster, or start them with certificates of the same "
                    + "authority.",
            _ => (failure.Advice ?? ErrorRecords.Table[failure.Code].Action).Replace(
                "-Peer", "-Destination", StringComparison.Ordinal),
        });

    private async Task<DfssClient> MakeOtherAsync(string[] given, CancellationToken cancellationToken)
    {
        if (given is not [string name] || !IsCluster(name))
        {
            return new DfssClient(NamedPeers.Parse(given), CreateOptions());
        }

        var parameters = new IdentityParameters
        {
            AllowTls12 = AllowTls12,
            Cluster = name,
            Notices = Notices,
            OfCluster = async made =>
                await ClusterIdentity.OfUserAsync(made.Membership!, Notices, cancellationToken).ConfigureAwait(false),
            ResolvePath = ResolveNewAsync,
        };
        TlsIdentity other = (await parameters.ReadAsync(cancellationToken).ConfigureAwait(false))!;
        IReadOnlyList<PeerAddress> peers = await ClusterIdentity.FindPeersAsync(
            parameters.Choice.Membership!, other, TakeVerbose, cancellationToken).ConfigureAwait(false);
        return peers.Count > 0
            ? new DfssClient(peers, CreateOptions() with { Identity = other, AllowsOwnPlaintextPeers = false })
            : throw new CmdletException(ErrorRecords.Create(
                "PeerMissing", System.Management.Automation.ErrorCategory.InvalidArgument, name,
                $"No peer of the cluster '{name}' is known.",
                "Start a peer of the cluster (Start-DfssPeer), or give addresses of its peers."));
    }

    private static bool IsCluster(string name) => Path.IsPathFullyQualified(name)
        || ClusterMembership.List(UserState.Folder).Any(
            cluster => string.Equals(cluster.Name, name, StringComparison.OrdinalIgnoreCase));
}
