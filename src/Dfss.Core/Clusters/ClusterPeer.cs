
namespace Dfss.Clusters;

/// <summary>A peer of a cluster, as its issuer lists it.</summary>
/// <param name="StoreId">The store that it serves.</param>
/// <param name="Addresses">Its addresses, the best first, as <c>host:port</c>.</param>
/// <param name="IsIssuer">Whether it is the cluster's issuer.</param>
public sealed record ClusterPeer(StoreId StoreId, IReadOnlyList<string> Addresses, bool IsIssuer);
