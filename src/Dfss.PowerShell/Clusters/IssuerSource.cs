using Dfss.Peers;

namespace Dfss.Commands;

/// <summary>What opens a cluster's authority. A class and no record: a record would show the passphrase.</summary>
internal sealed class IssuerSource(string folder, string passphrase, string revocationListPath)
{
    internal string Folder { get; } = folder;

    internal string Passphrase { get; } = passphrase;

    internal string RevocationListPath { get; } = revocationListPath;

    /// <summary>Opens it.</summary>
    /// <exception cref="DfssException">As of <see cref="ClusterIssuer.OpenAsync"/>.</exception>
    internal Task<ClusterIssuer> OpenAsync(CancellationToken cancellationToken) =>
        ClusterIssuer.OpenAsync(Folder, Passphrase, RevocationListPath, clock: null, cancellationToken);
}
