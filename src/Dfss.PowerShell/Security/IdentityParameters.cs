using System.Security;
using System.Security.Cryptography.X509Certificates;
using Dfss.Security;

namespace Dfss.Commands;

/// <summary>
/// The parameters of a command for its identity and for the authorities that it trusts. The only place where cmdlets
/// get their identity: a default belongs in <see cref="ReadAsync"/>.
/// </summary>
internal sealed class IdentityParameters
{
    internal DfssCertificateSource? Certificate { get; init; }

    internal SecureString? CertificatePassword { get; init; }

    /// <summary>The name of the password's parameter.</summary>
    internal string PasswordParameter { get; init; } = nameof(CertificatePassword);

    internal IReadOnlyList<DfssCertificateSource> TrustedAuthorities { get; init; } = [];

    internal string? RevocationList { get; init; }

    internal string? RoleFile { get; init; }

    internal bool AllowTls12 { get; init; }

    /// <summary>The value of -Cluster; null where it is not given.</summary>
    internal string? Cluster { get; init; }

    /// <summary>Whether the command calls peers whose cluster must be known.</summary>
    internal bool NeedsCluster { get; init; } = true;

    /// <summary>Returns this command's identity in the chosen cluster; null for plaintext, where it has none.</summary>
    internal required Func<ClusterChoice, Task<TlsIdentity?>> OfCluster { get; init; }

    /// <summary>The notices about a certificate of another authority than a cluster's; null for none.</summary>
    internal CertificateNotices? Notices { get; init; }

    /// <summary>The cluster of the identity that was read; none for an identity of another authority.</summary>
    internal ClusterChoice Choice { get; private set; } = ClusterChoice.None;

    /// <summary>Resolves PowerShell paths to paths of the operating system.</summary>
    internal required Func<string, Task<string>> ResolvePath { get; init; }

    /// <summary>The identity; null for plaintext, where none is given.</summary>
    /// <exception cref="CmdletException">
    /// ClusterAndCertificate, ClusterAmbiguous, ClusterNotFound, CertificateMissing, AuthorityMissing,
    /// CertificateNotFound, CertificateUnreadable, CertificateInvalid, CertificatePasswordWrong, or the path's.
    /// </exception>
    /// <exception cref="DfssException">InvalidArgument: the certificate has no key.</exception>
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

        Notices?.WarnOfEnd(own.Certificate, membership: null);
        return new TlsIdentity(own.Certificate, authorities)
        {
            Intermediates = own.Intermediates,
            AllowTls12 = AllowTls12,
            RevocationListPath = await ResolveAsync(RevocationList).ConfigureAwait(false),
            RoleFilePath = await ResolveAsync(RoleFile).ConfigureAwait(false),
        };
    }

    /// <summary>The identity in the joined cluster; null where none was joined, or none is to be used.</summary>
    private async Task<TlsIdentity?> ReadClusterAsync()
    {
        if (FindOfCertificate() is { } given)
        {
            throw CertificateErrors.CertificateMissing(given);
        }

        ClusterChoice choice = ClusterChoice.Make(Cluster, NeedsCluster);
        TlsIdentity? identity = choice.Membership is null ? null : await OfCluster(choice).ConfigureAwait(false);
        Choice = identity is null ? ClusterChoice.None : choice;
        if (identity is null)
        {
            return FindOfIdentity() is { } lost ? throw CertificateErrors.CertificateMissing(lost) : null;
        }

        return new TlsIdentity(identity.Certificate, identity.TrustedAuthorities)
        {
            AllowTls12 = AllowTls12,
            RevocationListPath = await ResolveAsync(RevocationList).ConfigureAwait(false)
                ?? identity.RevocationListPath,
            KeepsRevocationList = RevocationList is null && identity.KeepsRevocationList,
            IssuerFilePath = identity.IssuerFilePath,
        };
    }

    private string? FindOfCertificate() =>
        TrustedAuthorities.Count > 0 ? nameof(ClientCmdlet.TrustedAuthority)
        : CertificatePassword is not null ? nameof(CertificatePassword)
        : RoleFile is not null ? nameof(RoleFile) : null;

    private string? FindOfIdentity() =>
        RevocationList is not null ? nameof(RevocationList) : AllowTls12 ? nameof(AllowTls12) : null;

    private async Task<string?> ResolveAsync(string? path) =>
        path is null ? null : await ResolvePath(path).ConfigureAwait(false);

    /// <summary>A certificate with its key and the intermediate certificates of its file.</summary>
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

        return new OwnCertificate(
            CertificateStores.FindOwn(CertificateStores.ToThumbprint(source.Text)!, source.Text), []);
    }

    /// <summary>Certificates without their keys.</summary>
    internal async Task<IReadOnlyList<X509Certificate2>> ReadAuthoritiesAsync(
        DfssCertificateSource source, CancellationToken cancellationToken)
    {
        if (source.Certificate is { } certificate)
        {
            // A private key that may be included is dropped.
            return [X509CertificateLoader.LoadCertificate(certificate.RawData)];
        }

        if (await FindFileAsync(source.Text).ConfigureAwait(false) is { } path)
        {
            CertificateFile file = await CertificateFile.ReadAsync(path, cancellationToken).ConfigureAwait(false);
            return file.ToAuthorities();
        }

        return [CertificateStores.FindAuthority(CertificateStores.ToThumbprint(source.Text)!, source.Text)];
    }

    /// <summary>The file that a text names; null where there is no such file and the text is a thumbprint.</summary>
    /// <exception cref="CmdletException">CertificateNotFound: it is neither.</exception>
    private async Task<string?> FindFileAsync(string text)
    {
        bool isThumbprint = CertificateStores.ToThumbprint(text) is not null;
        if (isThumbprint && text.Contains(':', StringComparison.Ordinal))
        {
            // A thumbprint as tools show it; the part before its first colon is no drive.
            return null;
        }

        string path = await ResolvePath(text).ConfigureAwait(false);
        return File.Exists(path) ? path
            : isThumbprint ? null
            : throw CertificateErrors.NotFound(text, path);
    }
}
