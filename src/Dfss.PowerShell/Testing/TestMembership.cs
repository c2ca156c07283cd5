using System.Security.Cryptography;
using Dfss.Clusters;
using Dfss.Peers;

namespace Dfss.Commands;

/// <summary>
/// The certificates of a test cluster with TLS, in a folder that is deleted with it. Their authority's key is never
/// saved.
/// </summary>
internal static class TestMembership
{
    /// <summary>8 digits tell the test clusters of a machine apart in messages; the folder keeps them apart.</summary>
    private const int NameDigits = 8;

    /// <summary>Makes the certificates of the peers and of this user, and gives the peers theirs.</summary>
    /// <param name="folder">A folder of this user alone.</param>
    /// <param name="orders">The peers, without certificates.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">DestinationUnwritable, or of a store that cannot be made.</exception>
    internal static async Task<(ClusterMembership Membership, TestPeerOrder[] Orders)> CreateAsync(
        string folder, TestPeerOrder[] orders, CancellationToken cancellationToken)
    {
        StoreId[] stores = await Task.WhenAll(orders.Select(order => order.StorePath is null
            ? Task.FromResult(StoreId.Create())
            : PeerStore.FindOrCreateAsync(order.StorePath, cancellationToken))).ConfigureAwait(false);
        ClusterMembership membership = ClusterMembership.At(
            folder, $"test-{RandomNumberGenerator.GetHexString(NameDigits, lowercase: true)}");
        await membership.FoundCompleteAsync(
            $"{Environment.UserName}@{Environment.MachineName}", stores, cancellationToken).ConfigureAwait(false);
        return (membership,
        [
            .. orders.Zip(stores, (order, store) => order with
            {
                Membership = membership.Folder,
                StoreId = store.ToString(),
            }),
        ]);
    }

    /// <summary>Lets the commands that name the cluster find its peers.</summary>
    internal static Task ListAsync(
        ClusterMembership membership, IEnumerable<TestPeerRun> runs, CancellationToken cancellationToken) =>
        membership.SavePeersAsync(
            runs.Select(run => new ClusterPeer(
                StoreId.Parse(run.Announcement.StoreId), run.Announcement.Addresses, IsIssuer: false)),
            cancellationToken);
}
