using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Stops peers that this session started, detached ones too, and waits until they have stopped. A detached peer that
/// another session of the same user started on this machine (Linux) is stopped by its address, or by its object from
/// <c>Get-DfssPeer -Peer</c>.
/// </summary>
[Cmdlet(VerbsLifecycle.Stop, "DfssPeer", DefaultParameterSetName = IdSet, SupportsShouldProcess = true)]
[OutputType(typeof(DfssPeerInfo))]
public sealed class StopDfssPeerCommand : ClientCmdlet
{
    private const string IdSet = "Id";
    private const string PortSet = "Port";
    private const string PeerSet = "Peer";
    private const string InputObjectSet = "InputObject";

    /// <summary>The peers' numbers in this session.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = IdSet,
        HelpMessage = "The peers' numbers, as Get-DfssPeer shows them.")]
    [ArgumentCompleter(typeof(PeerCompletion))]
    public int[] Id { get; set; } = [];

    /// <summary>The peers, by their addresses.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PeerSet,
        HelpMessage = "The peers to stop: host:port, or objects that have an Endpoint.")]
    [PeerArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PeerCompletion))]
    public override string[]? Peer { get; set; }

    /// <summary>The ports the peers listen on.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PortSet, HelpMessage = "The ports the peers listen on.")]
    [ValidateRange(1, ushort.MaxValue)]
    [ArgumentCompleter(typeof(PeerCompletion))]
    public int[] Port { get; set; } = [];

    /// <summary>Peers of Start-DfssPeer or Get-DfssPeer.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet,
        HelpMessage = "Peers of Start-DfssPeer or Get-DfssPeer.")]
    [PeerObject]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public DfssPeerInfo[] InputObject { get; set; } = [];

    /// <summary>Writes each peer when it has stopped.</summary>
    [Parameter(HelpMessage = "Writes each peer when it has stopped.")]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Only a peer that is named by its address is asked which one it is.</summary>
    private protected override Task BeginAsync(CancellationToken cancellationToken) =>
        Peer is null ? Task.CompletedTask : base.BeginAsync(cancellationToken);

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        switch (ParameterSetName)
        {
            case PeerSet:
                foreach (PeerAddress address in Client.Peers)
                {
                    await StopAtAsync(address, cancellationToken).ConfigureAwait(false);
                }

                break;
            case InputObjectSet:
                foreach (DfssPeerInfo given in InputObject)
                {
                    await StopGivenAsync(given, cancellationToken).ConfigureAwait(false);
                }

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

    private async Task StopAtAsync(PeerAddress address, CancellationToken cancellationToken)
    {
        string text = address.ToString();
        SessionPeer[] named = Array.FindAll(
            SessionPeers.List(), peer => peer.Addresses.Contains(text, StringComparer.OrdinalIgnoreCase));
        // Several where peers of one store in an engine have one advertised address: the answer says which.
        SessionPeer? own = named.Length == 1 ? named[0] : null;
        try
        {
            PeerInfo? answer = own is null
                ? await Client.GetPeerInfoAsync(address, cancellationToken).ConfigureAwait(false)
                : null;
            own ??= GetDfssPeerCommand.FindOwn(address, answer!);
            await (own is null
                ? StopForeignAsync(GetDfssPeerCommand.ToRemote(address, answer!), cancellationToken)
                : StopAsync(peer => peer == own, text, text, cancellationToken)).ConfigureAwait(false);
        }
        catch (DfssException exception)
        {
            await WriteErrorAsync(ErrorRecords.Create(exception, text)).ConfigureAwait(false);
        }
    }

    private Task StopGivenAsync(DfssPeerInfo given, CancellationToken cancellationToken) =>
        given.Kind == DfssPeerKind.Remote
            ? StopForeignAsync(given, cancellationToken)
            : StopAsync(peer => peer.Id == given.Id, given, given.Endpoint, cancellationToken);

    private Task WriteStoppedAsync(DfssPeerInfo peer) => PassThru ? WriteObjectAsync(peer) : Task.CompletedTask;

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
            try
            {
                await ForeignDetachedPeer.StopAsync(peer, cancellationToken).ConfigureAwait(false);
            }
            catch (DfssException exception)
            {
                await WriteErrorAsync(ErrorRecords.Create(exception, peer)).ConfigureAwait(false);
                return;
            }

            await WriteVerboseAsync($"Stopped the peer {peer.Endpoint}.").ConfigureAwait(false);
            await WriteStoppedAsync(peer.AsStopped()).ConfigureAwait(false);
        }
    }

    private async Task StopAsync(Predicate<SessionPeer> isMeant, object target, string name,
        CancellationToken cancellationToken)
    {
        SessionPeer[] peers = Array.FindAll(SessionPeers.List(), isMeant);
        if (peers.Length == 0)
        {
            await WriteGoneAsync(target, name).ConfigureAwait(false);
        }

        foreach (SessionPeer peer in peers)
        {
            if (!await ShouldProcessAsync(peer.Addresses.Count > 0 ? peer.Addresses[0] : name,
                "Stop the peer").ConfigureAwait(false))
            {
                continue;
            }

            if (!SessionPeers.Remove(peer))
            {
                await WriteGoneAsync(target, name).ConfigureAwait(false);
                continue;
            }

            try
            {
                DfssPeerInfo stopped = await StopRemovedAsync(peer, cancellationToken).ConfigureAwait(false);
                await WriteVerboseAsync($"Stopped the peer {stopped.Endpoint}.").ConfigureAwait(false);
                await WriteStoppedAsync(stopped).ConfigureAwait(false);
            }
            catch (DfssException exception)
            {
                await WriteErrorAsync(ErrorRecords.Create(exception, target)).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Stops a peer that this command removed from the list, so that no other command stops it; a peer that could not
    /// be stopped is added again.
    /// </summary>
    private static async Task<DfssPeerInfo> StopRemovedAsync(SessionPeer peer, CancellationToken cancellationToken)
    {
        bool isStopped = false;
        try
        {
            await peer.StopAsync(cancellationToken).ConfigureAwait(false);
            isStopped = true;
        }
        finally
        {
            if (!isStopped)
            {
                SessionPeers.PutBack(peer);
            }
        }

        DfssPeerInfo stopped = peer.ToInfo(answer: null, DfssPeerState.Stopped);
        await peer.DisposeAsync().ConfigureAwait(false);
        return stopped;
    }

    private Task WriteGoneAsync(object target, string name) => WriteErrorAsync(ErrorRecords.Create(
        "PeerNotOfSession", ErrorCategory.ObjectNotFound, target,
        $"This session started no peer with {name} that still runs.",
        "For a detached peer of another session: Stop-DfssPeer -Peer localhost:port."));
}
