using System.Management.Automation.Runspaces;
using Dfss.Peers;

namespace Dfss.Commands;

/// <summary>A peer in this process.</summary>
internal sealed class LocalPeer(DfssPeer peer, Runspace session) : SessionPeer(session, NameOf(peer.Options.Identity))
{
    /// <summary>Ends when the peer has stopped; fails with the fault that stopped it.</summary>
    internal Task Completion => peer.Completion;

    internal override DfssPeerKind Kind => DfssPeerKind.Session;

    internal override int Port => peer.Port;

    internal override IReadOnlyList<string> Addresses => peer.AdvertisedAddresses;

    internal override string StoreId { get; } = peer.StoreId.ToString();

    internal override string? StorePath => peer.Options.StorePath ?? peer.Options.Engine?.Address;

    internal override int ProcessId => Environment.ProcessId;

    internal override IReadOnlyList<string> StoreNotices => peer.StoreNotices;

    internal override DfssPeerState State => peer.Completion.IsFaulted
        ? DfssPeerState.Faulted
        : peer.Completion.IsCompleted ? DfssPeerState.Stopped : DfssPeerState.Running;

    internal override async Task StopAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration abort =
            cancellationToken.UnsafeRegister(static state => ((DfssPeer)state!).Abort(), peer);
        await peer.StopAsync().ConfigureAwait(false);
    }

    public override ValueTask DisposeAsync() => peer.DisposeAsync();
}
