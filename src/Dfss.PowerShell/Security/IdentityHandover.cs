using System.IO.Pipes;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Dfss.Clusters;
using Dfss.Security;
using Dfss.Storage;

namespace Dfss.Commands;

/// <summary>
/// Hands an identity to the process of a detached peer, through a pipe that only this user's processes can open: the key is in no
/// file, and on no command line or in no environment, which others can read.
/// </summary>
internal sealed class IdentityHandover : IAsyncDisposable
{
    /// <summary>10 s: the other side waits for whoever made the pipe's name known.</summary>
    private const int ConnectMilliseconds = 10_000;

    private readonly DirectoryInfo? folder;
    private readonly NamedPipeServerStream pipe;
    private readonly byte[] content;

    private IdentityHandover(byte[] content)
    {
        this.content = content;

        // On Unix the socket is made with the mode of the umask: a folder of this user alone keeps others from it. And a
        // whole path: a bare name goes below the temporary folder that each process had when it made its first pipe, and
        // with $env:TMPDIR set since then the other process would look elsewhere.
        folder = OperatingSystem.IsWindows() ? null : Directory.CreateTempSubdirectory("dfss-");
        PipeName = folder is null ? $"dfss-{Guid.NewGuid():N}" : Path.Combine(folder.FullName, "identity");
        pipe = new NamedPipeServerStream(
            PipeName, PipeDirection.Out, maxNumberOfServerInstances: 1, PipeTransmissionMode.Byte,
            PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
        if (folder is not null)
        {
            _ = OwnerOnly.TryRestrict(new FileInfo(PipeName));
        }
    }

    /// <summary>What the other process finds the pipe by; no secret.</summary>
    internal string PipeName { get; }

    /// <summary>Makes the pipe.</summary>
    internal static IdentityHandover Create(PeerIdentity peer)
    {
        Parts parts = peer is { Identity: { } identity, Issuer: null }
            ? new Parts
            {
                Key = ExportKey(identity.Certificate),
                Certificate = identity.Certificate.RawData,
                Intermediates = [.. identity.Intermediates.Select(certificate => certificate.RawData)],
                Authorities = [.. identity.TrustedAuthorities.Select(certificate => certificate.RawData)],
                AllowTls12 = identity.AllowTls12,
                RevocationListPath = identity.RevocationListPath,
                KeepsRevocationList = identity.KeepsRevocationList,
                RoleFilePath = identity.RoleFilePath,
                Origin = peer.Origin,
            }
            : new Parts
            {
                StateFolder = UserState.Folder,
                IssuedCluster = peer.Issuer!.Membership.Name,
                Passphrase = peer.Issuer.Passphrase,
            };
        return new IdentityHandover(JsonSerializer.SerializeToUtf8Bytes(parts));
    }

    /// <summary>Waits for the other process and gives it the identity.</summary>
    internal async Task GiveAsync(CancellationToken cancellationToken)
    {
        await pipe.WaitForConnectionAsync(cancellationToken).ConfigureAwait(false);
        await pipe.WriteAsync(content, cancellationToken).ConfigureAwait(false);
        await pipe.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Takes an identity, or that of an issuer, from the process that made the pipe.</summary>
    internal static async Task<PeerIdentity> TakeAsync(string pipeName, CancellationToken cancellationToken)
    {
        using var pipe = new NamedPipeClientStream(
            ".", pipeName, PipeDirection.In, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
        await pipe.ConnectAsync(ConnectMilliseconds, cancellationToken).ConfigureAwait(false);
        Parts parts = (await JsonSerializer.DeserializeAsync<Parts>(pipe, options: null, cancellationToken).ConfigureAwait(false))!;
        if (parts.IssuedCluster is { } cluster)
        {
            ClusterMembership membership = ClusterMembership.At(parts.StateFolder!, cluster);
            return new PeerIdentity(Identity: null, Origin: null, new IssuerSource(membership, parts.Passphrase!));
        }

        TlsIdentity identity = new(Restore(parts), parts.Authorities.Select(X509CertificateLoader.LoadCertificate))
        {
            Intermediates = [.. parts.Intermediates.Select(X509CertificateLoader.LoadCertificate)],
            AllowTls12 = parts.AllowTls12,
            RevocationListPath = parts.RevocationListPath,
            KeepsRevocationList = parts.KeepsRevocationList,
            RoleFilePath = parts.RoleFilePath,
        };
        return new PeerIdentity(identity, parts.Origin, Issuer: null);
    }

    public async ValueTask DisposeAsync()
    {
        Array.Clear(content);
        await pipe.DisposeAsync().ConfigureAwait(false);
        folder?.Delete(recursive: true);
    }

    /// <summary>The certificate with its key; null where the key may not leave the certificate store.</summary>
    private static byte[]? ExportKey(X509Certificate2 certificate)
    {
        try
        {
            return certificate.Export(X509ContentType.Pkcs12);
        }
        catch (CryptographicException)
        {
            // The other process runs as the same user, and finds it in the store too.
            return null;
        }
    }

    private static X509Certificate2 Restore(Parts parts)
    {
        if (parts.Key is { } key)
        {
            return X509CertificateLoader.LoadPkcs12(key, password: null, X509KeyStorageFlags.Exportable);
        }

        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(parts.Certificate);
        return CertificateStores.FindOwn(certificate.Thumbprint, certificate.Thumbprint);
    }

    /// <summary>A class and no record: a record would show the key.</summary>
    private sealed class Parts
    {
        public byte[]? Key { get; init; }

        public byte[] Certificate { get; init; } = [];

        public byte[][] Intermediates { get; init; } = [];

        public byte[][] Authorities { get; init; } = [];

        public bool AllowTls12 { get; init; }

        public string? RevocationListPath { get; init; }

        public bool KeepsRevocationList { get; init; }

        public string? RoleFilePath { get; init; }

        public IdentityOrigin? Origin { get; init; }

        public string? StateFolder { get; init; }

        public string? IssuedCluster { get; init; }

        public string? Passphrase { get; init; }
    }
}
