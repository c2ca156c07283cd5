using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The peers that the other commands use, and those that this session started, detached ones too; with -Peer, those
/// peers alone.
/// </summary>
[Cmdlet(VerbsCommon.Get, "DfssPeer", DefaultParameterSetName = IdSet)]
[OutputType(typeof(DfssPeerInfo))]
public sealed class GetDfssPeerCommand : ClientCmdlet
{
    private const string IdSet = "Id";
    private const string PeerSet = "Peer";

    /// <summary>The peers' numbers in this session; all without it.</summary>
    [Parameter(Position = 0, ParameterSetName = IdSet, HelpMessage = "The peers' numbers in this session.")]
    [ArgumentCompleter(typeof(PeerCompletion))]
    public int[]? Id { get; set; }

    /// <summary>The peers to ask, in place of those that the other commands use.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PeerSet,
        HelpMessage = "The peers to query: host:port, or objects that have an Endpoint.")]
    [PeerArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PeerCompletion))]
    public override string[]? Peer { get; set; }

    /// <inheritdoc/>
    private protected override bool NeedsPeers => false;

    /// <summary>The session's own peers are listed whichever clusters they are in.</summary>
    private protected override bool NeedsCluster => Peer is not null || (Id is null && SessionPeers.List().Length == 0);

    /// <inheritdoc/>
    private protected override Task ProcessAsync(CancellationToken cancellationToken) =>
        Id is null ? WriteUsedAsync(cancellationToken) : WriteOwnAsync(Id, cancellationToken);

    /// <summary>
    /// Writes the peers that the other commands use; without -Peer, also those that this process runs.
    /// </summary>
    private async Task WriteUsedAsync(CancellationToken cancellationToken)
    {
        List<SessionPeer> rest = Peer is null ? [.. SessionPeers.List()] : [];
        foreach (PeerAddress address in Client.Peers)
        {
            if (rest.Find(peer => peer.Addresses.Contains(address.ToString(), StringComparer.OrdinalIgnoreCase))
                is { } own)
            {
                rest.Remove(own);
                await WriteAsync(await AskAsync(own, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            }
            else if (await WriteRemoteAsync(address, cancellationToken).ConfigureAwait(false) is { } other)
            {
                rest.Remove(other);
            }
        }

        foreach (SessionPeer own in rest)
        {
            await WriteAsync(await AskAsync(own, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    private async Task WriteOwnAsync(int[] ids, CancellationToken cancellationToken)
    {
        SessionPeer[] own = SessionPeers.List();
        foreach (SessionPeer peer in own.Where(peer => ids.Contains(peer.Id)))
        {
            await WriteAsync(await AskAsync(peer, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        }

        foreach (int id in ids)
        {
            if (!own.Any(peer => peer.Id == id))
            {
                await WriteErrorAsync(ErrorRecords.Create(
                    "PeerNotOfSession", ErrorCategory.ObjectNotFound, id,
                    FormattableString.Invariant($"This session started no peer with id {id} that still runs."),
                    "See Get-DfssPeer without -Id.")).ConfigureAwait(false);
            }
        }
    }

    private async Task<DfssPeerInfo> AskAsync(SessionPeer peer, CancellationToken cancellationToken)
    {
        DfssPeerState state = peer.State;
        if (state != DfssPeerState.Running || peer.Addresses.Count == 0)
        {
            return peer.ToInfo(answer: null, state);
        }

        try
        {
            PeerInfo answer = await Client.GetPeerInfoAsync(PeerAddress.Parse(peer.Addresses[0]),
                cancellationToken).ConfigureAwait(false);
            return peer.ToInfo(answer, DfssPeerState.Running);
        }
        catch (DfssException exception)
        {
            await WriteVerboseAsync(exception.Message).ConfigureAwait(false);
            // A peer that refuses this command for its certificate or role runs and answers.
            DfssPeerState found = IsRefusal(exception) ? DfssPeerState.Running : DfssPeerState.NoAnswer;
            return peer.ToInfo(answer: null, peer.State == DfssPeerState.Running ? found : peer.State);
        }
    }

    private static bool IsRefusal(DfssException exception) => exception.Code
        is DfssErrorCode.TlsRequired or DfssErrorCode.TlsNotExpected or DfssErrorCode.NotAuthenticated
        or DfssErrorCode.NotPermitted or DfssErrorCode.CertificateExpired or DfssErrorCode.CertificateRevoked
        or DfssErrorCode.CertificateNotTrusted or DfssErrorCode.RevocationStatusUnknown;

    /// <summary>Writes the peer at an address, or an error; returns it where this process runs it.</summary>
    private async Task<SessionPeer?> WriteRemoteAsync(PeerAddress address, CancellationToken cancellationToken)
    {
        try
        {
            PeerInfo answer = await Client.GetPeerInfoAsync(address, cancellationToken).ConfigureAwait(false);
            SessionPeer? own = FindOwn(address, answer);
            DfssPeerInfo info = own?.ToInfo(answer, DfssPeerState.Running) ?? ToRemote(address, answer);
            await WriteAsync(info).ConfigureAwait(false);
            return own;
        }
        catch (DfssException exception)
        {
            await WriteErrorAsync(ErrorRecords.Create(exception, address.ToString())).ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>Writes a peer, and warnings for the operator.</summary>
    private async Task WriteAsync(DfssPeerInfo info)
    {
        if (info.StoreFault is { } fault)
        {
            await WriteWarningAsync(
                $"The store of peer {info.Endpoint} takes no more writes and votes until the peer is "
                    + $"restarted: {fault}").ConfigureAwait(false);
        }

        foreach (DfssBackgroundTaskInfo task in info.BackgroundTasks)
        {
            if (task.FailedSince is { } since)
            {
                await WriteWarningAsync(
                    $"{task.Name} of peer {info.Endpoint} has failed since {since:g} and is tried again: "
                        + $"{task.LastError}").ConfigureAwait(false);
            }
        }

        await WriteObjectAsync(info).ConfigureAwait(false);
    }

    /// <summary>
    /// The peer of this process that gave this answer; null for another peer. The store id alone is not enough: a copy
    /// of the store may run too. Peers of one store in an engine may also have the same advertised address: of these it
    /// is the one at the port that was asked.
    /// </summary>
    internal static SessionPeer? FindOwn(PeerAddress asked, PeerInfo answer)
    {
        SessionPeer[] found =
        [
            .. SessionPeers.List().Where(
                peer => peer.StoreId == answer.StoreId.ToString() && peer.ProcessId == answer.ProcessId
                    && peer.Addresses.SequenceEqual(answer.Addresses, StringComparer.OrdinalIgnoreCase)),
        ];
        return found.Length < 2 ? found.SingleOrDefault() : Array.Find(found, peer => peer.Port == asked.Port);
    }

    internal static DfssPeerInfo ToRemote(PeerAddress address, PeerInfo answer) => new DfssPeerInfo
    {
        Kind = DfssPeerKind.Remote,
        State = DfssPeerState.Running,
        Endpoints = [address.ToString(), .. answer.Addresses.Where(advertised => advertised != address.ToString())],
        Port = address.Port,
        StoreId = answer.StoreId.ToString(),
        StorePath = answer.StorePath,
        ProcessId = answer.ProcessId,
    }.With(answer);
}
