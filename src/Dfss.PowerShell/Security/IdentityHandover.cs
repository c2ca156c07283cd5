using System.IO.Pipes;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Dfss.Clusters;
using Dfss.Security;

namespace Dfss.Commands;

/// <summary>
/// Passes an identity, and the credentials for an engine, to the process of a detached peer, through a pipe that only
/// this user's processes can open. So a key is never in a file, on a command line or in an environment, which others
/// can read.
/// </summary>
internal sealed class IdentityHandover : IAsyncDisposable
{
    private readonly PrivatePipe pipe = new(PipeDirection.Out);
    private readonly byte[] content;

    private IdentityHandover(byte[] content) => this.content = content;

    /// <summary>The name by which the other process finds the pipe; not secret.</summary>
    internal string PipeName => pipe.Name;

    /// <summary>Creates the pipe.</summary>
    internal static IdentityHandover Create(PeerIdentity peer)
    {
        Parts parts = peer.Issuer is { } issuer
            ? new Parts
            {
                StateFolder = UserState.Folder,
                IssuedCluster = issuer.Membership.Name,
                Passphrase = issuer.Passphrase,
            }
            : peer.Identity is not { } identity ? new Parts() : new Parts
            {
                Key = ExportKey(identity.Certificate),
                Certificate = identity.Certificate.RawData,
                Intermediates = [.. identity.Intermediates.Select(certificate => certificate.RawData)],
                Authorities = [.. identity.TrustedAuthorities.Select(certificate => certificate.RawData)],
                AllowTls12 = identity.AllowTls12,
                RevocationListPath = identity.RevocationListPath,
                KeepsRevocationList = identity.KeepsRevocationList,
                IssuerFilePath = identity.IssuerFilePath,
                RoleFilePath = identity.RoleFilePath,
                Origin = peer.Origin,
            };
        parts.AccessKey = peer.Engine?.UserName;
        parts.Secret = peer.Engine?.Password;
        parts.EngineAuthorities = [.. peer.EngineAuthorities.Select(certificate => certificate.RawData)];
        return new IdentityHandover(JsonSerializer.SerializeToUtf8Bytes(parts));
    }

    /// <summary>Waits for the other process and sends it the identity.</summary>
    internal async Task GiveAsync(CancellationToken cancellationToken)
    {
        await pipe.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await pipe.Stream.WriteAsync(content, cancellationToken).ConfigureAwait(false);
        await pipe.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Receives an identity, or an issuer's, or none, from the process that created the pipe.</summary>
    internal static async Task<PeerIdentity> TakeAsync(string pipeName, CancellationToken cancellationToken)
    {
        await using NamedPipeClientStream pipe = await PrivatePipe.OpenAsync(
            pipeName, PipeDirection.In, cancellationToken).ConfigureAwait(false);
        Parts parts =
            (await JsonSerializer.DeserializeAsync<Parts>(
                pipe, options: null, cancellationToken).ConfigureAwait(false))!;
        NetworkCredential? engine =
            parts.AccessKey is null ? null : new NetworkCredential(parts.AccessKey, parts.Secret);
        X509Certificate2[] engineAuthorities =
            [.. parts.EngineAuthorities.Select(X509CertificateLoader.LoadCertificate)];
        if (parts.Certificate.Length == 0 && parts.IssuedCluster is null)
        {
            return new PeerIdentity(Identity: null, Origin: null, Issuer: null, engine)
            {
                EngineAuthorities = engineAuthorities,
            };
        }

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
            IssuerFilePath = parts.IssuerFilePath,
            RoleFilePath = parts.RoleFilePath,
        };
        return new PeerIdentity(identity, parts.Origin, Issuer: null, engine) { EngineAuthorities = engineAuthorities };
    }

    public async ValueTask DisposeAsync()
    {
        Array.Clear(content);
        await pipe.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// The certificate with its key; null where the key cannot be exported from the certificate store.
    /// </summary>
    private static byte[]? ExportKey(X509Certificate2 certificate)
    {
        try
        {
            return certificate.Export(X509ContentType.Pkcs12);
        }
        catch (CryptographicException)
        {
            // The other process runs as the same user and finds the key in the store too.
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

    /// <summary>A class instead of a record: a record's text would show the key.</summary>
    private sealed class Parts
    {
        public byte[]? Key { get; init; }

        public byte[] Certificate { get; init; } = [];

        public byte[][] Intermediates { get; init; } = [];

        public byte[][] Authorities { get; init; } = [];

        public bool AllowTls12 { get; init; }

        public string? RevocationListPath { get; init; }

        public bool KeepsRevocationList { get; init; }

        public string? IssuerFilePath { get; init; }

        public string? RoleFilePath { get; init; }

        public IdentityOrigin? Origin { get; init; }

        public string? StateFolder { get; init; }

        public string? IssuedCluster { get; init; }

        public string? Passphrase { get; init; }

        public string? AccessKey { get; set; }

        public string? Secret { get; set; }

        public byte[][] EngineAuthorities { get; set; } = [];
    }
}
