using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Stops peers that this session started, detached ones too, and waits until they have stopped. A detached peer that
/// another session of the same user started on this machine (Linux) is stopped when it comes from
/// <c>Get-DfssPeer -Peer</c>.
/// </summary>
[Cmdlet(VerbsLifecycle.Stop, "DfssPeer", DefaultParameterSetName = IdSet, SupportsShouldProcess = true)]
public sealed class StopDfssPeerCommand : DfssCmdlet
{
    private const string IdSet = "Id";
    private const string PortSet = "Port";
    private const string InputObjectSet = "InputObject";

    /// <summary>The peers' numbers in this session.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = IdSet,
        HelpMessage = "The peers' numbers, as Get-DfssPeer shows them.")]
    public int[] Id { get; set; } = [];

    /// <summary>The ports the peers listen on.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PortSet, HelpMessage = "The ports the peers listen on.")]
    [ValidateRange(1, ushort.MaxValue)]
    public int[] Port { get; set; } = [];

    /// <summary>A peer of Start-DfssPeer or Get-DfssPeer.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet,
        HelpMessage = "A peer of Start-DfssPeer or Get-DfssPeer.")]
    [ValidateNotNull]
    public DfssPeerInfo? InputObject { get; set; }

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        switch (ParameterSetName)
        {
            case InputObjectSet:
                DfssPeerInfo given = InputObject!;
                if (given.Kind == DfssPeerKind.Remote)
                {
                    await StopForeignAsync(given, cancellationToken).ConfigureAwait(false);
                    break;
                }

                await StopAsync(peer =>
                    peer.Id == given.Id, given, given.Endpoint, cancellationToken).ConfigureAwait(false);
                break;
            case PortSet:
                foreach (int port in Port)
                {
                    await StopAsync(
                        peer => peer.Port == port, port, FormattableString.Invariant($"port {port}"),
                        cancellationToken).ConfigureAwait(false);
                }

                break;
            default:
                foreach (int id in Id)
                {
                    await StopAsync(
                        peer => peer.Id == id, id, FormattableString.Invariant($"id {id}"),
                        cancellationToken).ConfigureAwait(false);
                }

                break;
        }
    }

    /// <inheritdoc/>
    private protected override object? EndingTarget(DfssException failure) => InputObject;

    private async Task StopForeignAsync(DfssPeerInfo peer, CancellationToken cancellationToken)
    {
        if (ForeignDetachedPeer.FindObstacle(peer) is { } obstacle)
        {
            await WriteErrorAsync(ErrorRecords.Create(
                "PeerOfOtherSession", ErrorCategory.PermissionDenied, peer,
                FormattableString.Invariant(
                    $"{peer.Endpoint}: this session started no such peer (process {peer.ProcessId}), and {obstacle}."),
                FormattableString.Invariant($"End process {peer.ProcessId} on the peer's machine, or stop the peer in ")
                    + "the session that started it.")).ConfigureAwait(false);
        }
        else if (await ShouldProcessAsync(peer.Endpoint, "Stop the peer").ConfigureAwait(false))
        {
            await ForeignDetachedPeer.StopAsync(peer, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task StopAsync(Predicate<SessionPeer> isMeant, object target, string name,
        CancellationToken cancellationToken)
    {
        SessionPeer[] peers = Array.FindAll(SessionPeers.List(), isMeant);
        if (peers.Length == 0)
        {
            await WriteErrorAsync(ErrorRecords.Create(
                "PeerNotOfSession", ErrorCategory.ObjectNotFound, target,
                $"This session started no peer with {name} that still runs.",
                "For a detached peer of another session: Get-DfssPeer -Peer localhost:port | Stop-DfssPeer."))
                .ConfigureAwait(false);
        }

        foreach (SessionPeer peer in peers)
        {
            if (!await ShouldProcessAsync(peer.Addresses.Count > 0 ? peer.Addresses[0] : name,
                "Stop the peer").ConfigureAwait(false))
            {
                continue;
            }

            await peer.StopAsync(cancellationToken).ConfigureAwait(false);
            SessionPeers.Remove(peer);
            await peer.DisposeAsync().ConfigureAwait(false);
        }
    }
}
