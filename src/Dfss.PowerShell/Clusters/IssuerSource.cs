using Dfss.Clusters;

namespace Dfss.Commands;

/// <summary>
/// Opens a cluster's authority. A class instead of a record: a record's text would show the passphrase.
/// </summary>
internal sealed class IssuerSource(ClusterMembership membership, string passphrase)
{
    internal ClusterMembership Membership { get; } = membership;

    internal string Passphrase { get; } = passphrase;

    /// <summary>Opens it.</summary>
    /// <exception cref="DfssException">As of <see cref="ClusterIssuer.OpenAsync"/>.</exception>
    internal Task<ClusterIssuer> OpenAsync(CancellationToken cancellationToken) =>
        ClusterIssuer.OpenAsync(Membership, Passphrase, clock: null, cancellationToken);
}
