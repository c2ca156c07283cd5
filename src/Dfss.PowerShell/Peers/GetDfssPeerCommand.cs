using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The peers that this session started, detached ones too; with -Peer, what those peers report of themselves. In a
/// session that started none, the peers of $env:DFSS_PEER.
/// </summary>
[Cmdlet(VerbsCommon.Get, "DfssPeer")]
[OutputType(typeof(DfssPeerInfo))]
public sealed class GetDfssPeerCommand : ClientCmdlet
{
    /// <summary>The peers' numbers in this session; all without it.</summary>
    [Parameter(Position = 0, HelpMessage = "The peers' numbers in this session.")]
    [ArgumentCompleter(typeof(PeerCompletion))]
    public int[]? Id { get; set; }

    /// <inheritdoc/>
    private protected override bool NeedsPeers => false;

    /// <summary>The session's own peers are listed whichever clusters they are in.</summary>
    private protected override bool NeedsCluster => Peer is not null || (Id is null && SessionPeers.List().Length == 0);

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (Peer is not null && Id is not null)
        {
            throw new CmdletException(ErrorRecords.Create(
                "IdAndPeer", ErrorCategory.InvalidArgument, Id, "-Id and -Peer exclude each other.",
                "Give -Id for peers of this session, -Peer for any other peer."));
        }

        SessionPeer[] own = SessionPeers.List();
        if (Peer is not null || (own.Length == 0 && Id is null))
        {
            foreach (PeerAddress address in Client.Peers)
            {
                await WriteRemoteAsync(address, cancellationToken).ConfigureAwait(false);
            }

            return;
        }

        foreach (SessionPeer peer in own)
        {
            if (Id is null || Id.Contains(peer.Id))
            {
                DfssPeerInfo info = await AskAsync(peer, cancellationToken).ConfigureAwait(false);
                await WriteAsync(info).ConfigureAwait(false);
            }
        }

        foreach (int id in Id ?? [])
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

    private async Task WriteRemoteAsync(PeerAddress address, CancellationToken cancellationToken)
    {
        try
        {
            PeerInfo answer = await Client.GetPeerInfoAsync(address, cancellationToken).ConfigureAwait(false);
            SessionPeer? own = Array.Find(SessionPeers.List(), peer => IsSame(peer, answer));
            DfssPeerInfo info = own?.ToInfo(answer, DfssPeerState.Running) ?? ToRemote(address, answer);
            await WriteAsync(info).ConfigureAwait(false);
        }
        catch (DfssException exception)
        {
            await WriteErrorAsync(ErrorRecords.Create(exception, address.ToString())).ConfigureAwait(false);
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

    /// <summary>The store id alone is not enough: a copy of the store may run too.</summary>
    private static bool IsSame(SessionPeer peer, PeerInfo answer) => peer.StoreId == answer.StoreId.ToString()
        && peer.ProcessId == answer.ProcessId
        && peer.Addresses.SequenceEqual(answer.Addresses, StringComparer.OrdinalIgnoreCase);

    private static DfssPeerInfo ToRemote(PeerAddress address, PeerInfo answer) => new DfssPeerInfo
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
