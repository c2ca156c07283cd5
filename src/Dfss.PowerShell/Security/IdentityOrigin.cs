using System.Net;
using System.Security.Cryptography.X509Certificates;
using Dfss.Clusters;
using Dfss.Security;

namespace Dfss.Commands;

/// <summary>
/// The source of a peer's identity, which is read again at renewal: a store that has joined a cluster, or a file.
/// Written as JSON for the process of a detached peer. A class instead of a record: a record's text would show the
/// password.
/// </summary>
internal sealed class IdentityOrigin
{
    /// <summary>The state folder that contains the cluster; null for a file.</summary>
    public string? StateFolder { get; init; }

    /// <summary>The cluster's name; null for a file.</summary>
    public string? Cluster { get; init; }

    /// <summary>The store that has joined it; null for a file.</summary>
    public string? StoreId { get; init; }

    /// <summary>The file with certificate and key; null for a cluster.</summary>
    public string? Path { get; init; }

    /// <summary>The file's password; null for none.</summary>
    public string? Password { get; init; }

    /// <summary>The function that returns the identity to present from now on.</summary>
    internal Func<TlsIdentity, IReadOnlyList<string>, CancellationToken, Task<TlsIdentity>> ToRenewal()
    {
        if (Path is null)
        {
            return new MemberRenewal(
                ClusterMembership.At(StateFolder!, Cluster!), Dfss.StoreId.Parse(StoreId!)).KeepUpAsync;
        }

        return async (shown, _, cancellationToken) =>
        {
            TlsIdentity read = await ReadAsync(shown, cancellationToken).ConfigureAwait(false);
            return read.Certificate.RawData.AsSpan().SequenceEqual(shown.Certificate.RawData) ? shown : read;
        };
    }

    private async Task<TlsIdentity> ReadAsync(TlsIdentity shown, CancellationToken cancellationToken)
    {
        try
        {
            CertificateFile file = await CertificateFile.ReadAsync(Path!, cancellationToken).ConfigureAwait(false);
            OwnCertificate own = file.ToOwn(
                Password is null ? null : new NetworkCredential(string.Empty, Password).SecurePassword);
            return shown.WithCertificate(own.Certificate, own.Intermediates);
        }
        catch (CmdletException exception)
        {
            throw new DfssException(DfssErrorCode.SourceUnreadable, exception.Message, exception);
        }
    }
}

/// <summary>The identity that a peer presents, and its secrets beside that.</summary>
/// <param name="Identity">Its certificate; null for plaintext, or for an issuer, which makes its own.</param>
/// <param name="Origin">The source of the identity; null where it cannot be read again.</param>
/// <param name="Issuer">Opens the authority, for an issuer.</param>
/// <param name="Engine">The credentials for the engine of its store; null for those that the AWS SDK finds. They are
/// not in this record's text.</param>
internal sealed record PeerIdentity(
    TlsIdentity? Identity, IdentityOrigin? Origin, IssuerSource? Issuer, NetworkCredential? Engine = null)
{
    /// <summary>The authorities of that engine's certificate; empty for those of the system.</summary>
    public IReadOnlyList<X509Certificate2> EngineAuthorities { get; init; } = [];
}
