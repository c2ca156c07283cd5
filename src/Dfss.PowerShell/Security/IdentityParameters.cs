using System.Security;
using System.Security.Cryptography.X509Certificates;
using Dfss.Security;

namespace Dfss.Commands;

/// <summary>
/// What a command was told about who it is and whom it trusts. The one place where cmdlets get their identity: what is to hold where
/// nothing is given belongs into <see cref="ReadAsync"/>.
/// </summary>
internal sealed class IdentityParameters
{
    internal DfssCertificateSource? Certificate { get; init; }

    internal SecureString? CertificatePassword { get; init; }

    /// <summary>What the parameter of the password is called.</summary>
    internal string PasswordParameter { get; init; } = nameof(CertificatePassword);

    internal IReadOnlyList<DfssCertificateSource> TrustedAuthorities { get; init; } = [];

    internal string? RevocationList { get; init; }

    internal string? RoleFile { get; init; }

    internal bool AllowTls12 { get; init; }

    /// <summary>What -Cluster says; null where it is not given.</summary>
    internal string? Cluster { get; init; }

    /// <summary>Whether the command has something to ask of peers whose cluster must be known.</summary>
    internal bool NeedsCluster { get; init; } = true;

    /// <summary>Gives a cluster's identity to this command; null where it has none for it, and plaintext is meant.</summary>
    internal required Func<ClusterChoice, Task<TlsIdentity?>> OfCluster { get; init; }

    /// <summary>Makes paths of the operating system of PowerShell's.</summary>
    internal required Func<string, Task<string>> ResolvePath { get; init; }

    /// <summary>The identity; null where none is given, and plaintext is meant.</summary>
    /// <exception cref="CmdletException">ClusterAndCertificate, ClusterAmbiguous, ClusterNotFound,
    /// CertificateMissing, AuthorityMissing, CertificateNotFound, CertificateUnreadable,
    /// CertificateInvalid, CertificatePasswordWrong, or the path's.</exception>
    /// <exception cref="DfssException">InvalidArgument: the certificate comes without its key.</exception>
    internal async Task<TlsIdentity?> ReadAsync(CancellationToken cancellationToken)
    {
        if (Certificate is null)
        {
            return await ReadClusterAsync().ConfigureAwait(false);
        }

        if (!string.IsNullOrEmpty(Cluster))
        {
            throw ClusterErrors.AndCertificate(nameof(Cluster));
        }

        if (TrustedAuthorities.Count == 0)
        {
            throw CertificateErrors.AuthorityMissing(Certificate);
        }

        OwnCertificate own = await ReadOwnAsync(Certificate, cancellationToken).ConfigureAwait(false);
        var authorities = new List<X509Certificate2>();
        foreach (DfssCertificateSource source in TrustedAuthorities)
        {
            authorities.AddRange(await ReadAuthoritiesAsync(source, cancellationToken).ConfigureAwait(false));
        }

        return new TlsIdentity(own.Certificate, authorities)
        {
            Intermediates = own.Intermediates,
            AllowTls12 = AllowTls12,
            RevocationListPath = await ResolveAsync(RevocationList).ConfigureAwait(false),
            RoleFilePath = await ResolveAsync(RoleFile).ConfigureAwait(false),
        };
    }

    /// <summary>The identity of the cluster that was joined; null where none was, or none is meant.</summary>
    private async Task<TlsIdentity?> ReadClusterAsync()
    {
        if (FindOfCertificate() is { } given)
        {
            throw CertificateErrors.CertificateMissing(given);
        }

        ClusterChoice choice = ClusterChoice.Make(Cluster, NeedsCluster);
        TlsIdentity? identity = await OfCluster(choice).ConfigureAwait(false);
        if (identity is null)
        {
            return FindOfIdentity() is { } lost ? throw CertificateErrors.CertificateMissing(lost) : null;
        }

        return new TlsIdentity(identity.Certificate, identity.TrustedAuthorities)
        {
            AllowTls12 = AllowTls12,
            RevocationListPath = await ResolveAsync(RevocationList).ConfigureAwait(false) ?? identity.RevocationListPath,
            KeepsRevocationList = RevocationList is null && identity.KeepsRevocationList,
        };
    }

    private string? FindOfCertificate() =>
        TrustedAuthorities.Count > 0 ? nameof(IdentityCmdlet.TrustedAuthority)
        : CertificatePassword is not null ? nameof(CertificatePassword)
        : RoleFile is not null ? nameof(RoleFile) : null;

    private string? FindOfIdentity() =>
        RevocationList is not null ? nameof(RevocationList) : AllowTls12 ? nameof(AllowTls12) : null;

    private async Task<string?> ResolveAsync(string? path) =>
        path is null ? null : await ResolvePath(path).ConfigureAwait(false);

    /// <summary>A certificate with what its file has.</summary>
    internal async Task<OwnCertificate> ReadOwnAsync(DfssCertificateSource source, CancellationToken cancellationToken)
    {
        if (source.Certificate is { } certificate)
        {
            return new OwnCertificate(certificate, []);
        }

        if (await FindFileAsync(source.Text).ConfigureAwait(false) is { } path)
        {
            CertificateFile file = await CertificateFile.ReadAsync(path, cancellationToken).ConfigureAwait(false);
            file.PasswordParameter = PasswordParameter;
            return file.ToOwn(CertificatePassword);
        }

        return new OwnCertificate(CertificateStores.FindOwn(CertificateStores.ToThumbprint(source.Text)!, source.Text), []);
    }

    /// <summary>Certificates without their keys.</summary>
    internal async Task<IReadOnlyList<X509Certificate2>> ReadAuthoritiesAsync(
        DfssCertificateSource source, CancellationToken cancellationToken)
    {
        if (source.Certificate is { } certificate)
        {
            // Of a key that may come with it nothing is kept.
            return [X509CertificateLoader.LoadCertificate(certificate.RawData)];
        }

        if (await FindFileAsync(source.Text).ConfigureAwait(false) is { } path)
        {
            CertificateFile file = await CertificateFile.ReadAsync(path, cancellationToken).ConfigureAwait(false);
            return file.ToAuthorities();
        }

        return [CertificateStores.FindAuthority(CertificateStores.ToThumbprint(source.Text)!, source.Text)];
    }

    /// <summary>The file that a text names; null where there is none and it is a thumbprint.</summary>
    /// <exception cref="CmdletException">CertificateNotFound: it is neither.</exception>
    private async Task<string?> FindFileAsync(string text)
    {
        bool isThumbprint = CertificateStores.ToThumbprint(text) is not null;
        if (isThumbprint && text.Contains(':', StringComparison.Ordinal))
        {
            // As tools show it; what stands before the first colon is no drive.
            return null;
        }

        string path = await ResolvePath(text).ConfigureAwait(false);
        return File.Exists(path) ? path
            : isThumbprint ? null
            : throw CertificateErrors.NotFound(text, path);
    }
}
