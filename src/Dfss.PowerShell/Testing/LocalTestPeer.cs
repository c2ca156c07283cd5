using Dfss.Clusters;
using Dfss.Faults;
using Dfss.Peers;

namespace Dfss.Commands;

/// <summary>A peer of a test cluster in this process.</summary>
internal sealed class LocalTestPeer(FaultyPeer peer) : TestPeerRun
{
    internal override PeerAnnouncement Announcement { get; } = Describe(peer.Peer);

    internal override string? StorePath => peer.Peer.Options.StorePath;

    /// <summary>Starts one on a free port.</summary>
    internal static async Task<FaultyPeer> StartAsync(TestPeerOrder order, CancellationToken cancellationToken)
    {
        StoreId? store = order.StoreId is null ? null : Dfss.StoreId.Parse(order.StoreId);
        PeerOptions options = new()
        {
            StorePath = order.StorePath,
            Port = 0,
            // A disk that is nearly full is no fault that the test asked for.
            MinimumFreeBytes = 0,
            Identity = order.Membership is null ? null : ClusterMembership.In(order.Membership).LoadStore(store!.Value),
        };
        return await FaultyPeer.StartAsync(options, order.Seed, store, cancellationToken).ConfigureAwait(false);
    }

    internal static PeerAnnouncement Describe(DfssPeer peer) => new(
        PeerAnnouncement.Mark, Environment.ProcessId, peer.Port, [.. peer.AdvertisedAddresses],
        peer.StoreId.ToString(), DfssErrorCode.None, Message: null, Advice: null);

    internal override void Apply(PeerFaults faults)
    {
        try
        {
            peer.Faults = faults;
        }
        catch (ObjectDisposedException exception)
        {
            throw Stopped(exception);
        }
    }

    public override ValueTask DisposeAsync() => peer.DisposeAsync();
}
