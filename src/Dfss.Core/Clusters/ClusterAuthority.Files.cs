using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Security;

namespace Dfss.Clusters;

/// <content>The authority on disk: the certificate, and the key encrypted with a passphrase.</content>
public sealed partial class ClusterAuthority
{
    /// <summary>The name of the file with the certificate, in PEM.</summary>
    public const string CertificateFile = "authority.crt";

    /// <summary>The name of the file with the encrypted key, in PEM.</summary>
    public const string KeyFile = "authority.key";

    /// <summary>600,000: what OWASP recommends for PBKDF2 with SHA-256; a third of a second here.</summary>
    private const int DefaultPassphraseIterations = 600_000;

    /// <summary>For keys that are written from now on; tests that create many clusters set fewer.</summary>
    internal static int PassphraseIterations { get; set; } = DefaultPassphraseIterations;

    /// <summary>
    /// Writes the certificate and the encrypted key to a folder, which is created where it does not exist. On Unix only
    /// this user may read the key.
    /// </summary>
    public Task SaveAsync(string folder, string passphrase, CancellationToken cancellationToken = default) =>
        SaveAsync(folder, passphrase, PassphraseIterations, cancellationToken);

    /// <summary>The same with another number of iterations, which the file states: tests open it many times.</summary>
    internal async Task SaveAsync(string folder, string passphrase, int iterations, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(passphrase);
        PbeParameters parameters = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, iterations);
        string encrypted = key.ExportEncryptedPkcs8PrivateKeyPem(passphrase, parameters);
        PrivateFile.CreateFolder(folder);
        await PrivateFile.CreateAsync(
            Path.Combine(folder, KeyFile), encrypted, cancellationToken).ConfigureAwait(false);
        await PrivateFile.CreateAsync(
            Path.Combine(folder, CertificateFile), Certificate.ExportCertificatePem(),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads an authority from its folder.</summary>
    /// <exception cref="DfssException">
    /// SourceUnreadable: the files cannot be read. NotAuthenticated: the passphrase is wrong.
    /// </exception>
    public static async Task<ClusterAuthority> LoadAsync(
        string folder, string passphrase, TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(passphrase);
        ECDsa key = ECDsa.Create();
        try
        {
            string encrypted = await File.ReadAllTextAsync(
                Path.Combine(folder, KeyFile), cancellationToken).ConfigureAwait(false);
            string text = await File.ReadAllTextAsync(
                Path.Combine(folder, CertificateFile), cancellationToken).ConfigureAwait(false);
            X509Certificate2 certificate = X509Certificate2.CreateFromPem(text);
            key.ImportFromEncryptedPem(encrypted, passphrase);
            using ECDsa? named = certificate.GetECDsaPublicKey();
            bool isItsKey =
                named?.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()) == true;
            if (!isItsKey || CertificateProfile.Read(certificate).Cluster is null)
            {
                throw new DfssException(
                    DfssErrorCode.SourceUnreadable,
                    $"'{folder}' has a certificate that is not the authority's, or another's key.");
            }

            return new ClusterAuthority(certificate, key, clock ?? TimeProvider.System);
        }
        catch (Exception error)
        {
            key.Dispose();
            throw error switch
            {
                CryptographicException => new DfssException(
                    DfssErrorCode.NotAuthenticated,
                    $"The key of the authority in '{folder}' does not open with this passphrase.", error),
                IOException or UnauthorizedAccessException or ArgumentException or FormatException => new DfssException(
                    DfssErrorCode.SourceUnreadable,
                    $"The authority in '{folder}' cannot be read: {error.Message}", error),
                _ => error,
            };
        }
    }
}
