using System.Runtime.InteropServices;
using System.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Dfss.Commands;

/// <summary>A certificate with its key, and its intermediate certificates, which are sent with it.</summary>
internal sealed record OwnCertificate(X509Certificate2 Certificate, IReadOnlyList<X509Certificate2> Intermediates);

/// <summary>A file with certificates: PFX (PKCS#12), PEM, or one certificate in DER.</summary>
internal sealed class CertificateFile
{
    /// <summary>1 MiB: a chain with its key has some kilobytes, all authorities of a system a quarter of it.</summary>
    private const int MaxBytes = 1 << 20;

    private const string PemMark = "-----BEGIN ";
    private const string CertificateMark = "-----BEGIN CERTIFICATE-----";
    private const string EncryptedKeyMark = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
    private const string KeyMark = "PRIVATE KEY-----";
    private const string FileAdvice = "Give a PFX or PEM file that has the certificate and its key.";
    private const string AuthorityAdvice = "Give a file with certificates only: PEM, or one in DER (.cer, .crt).";

    /// <summary>ERROR_INVALID_PASSWORD of Windows, which .NET uses on every system.</summary>
    private const int InvalidPassword = unchecked((int)0x80070056);

    private readonly string path;
    private readonly byte[] content;
    private readonly string? pem;

    private CertificateFile(string path, byte[] content)
    {
        this.path = path;
        this.content = content;
        string text = Encoding.UTF8.GetString(content);
        pem = text.Contains(PemMark, StringComparison.Ordinal) ? text : null;
    }

    /// <summary>The name of the password's parameter, for errors.</summary>
    internal string PasswordParameter { get; set; } = "CertificatePassword";

    /// <summary>Reads a file.</summary>
    /// <exception cref="CmdletException">CertificateUnreadable, CertificateInvalid.</exception>
    internal static async Task<CertificateFile> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
            {
                throw CertificateErrors.Invalid(path, "it is larger than 1 MiB, which no certificate is", FileAdvice);
            }

            return new CertificateFile(
                path, await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CertificateErrors.Unreadable(path, exception);
        }
    }

    /// <summary>The file's main certificate.</summary>
    /// <exception cref="CmdletException">CertificateInvalid, CertificatePasswordWrong.</exception>
    internal OwnCertificate ToOwn(SecureString? password)
    {
        char[] secret = ToCharacters(password);
        try
        {
            return pem is not null ? FromPem(secret, password is not null) : FromBinary(secret, password is not null);
        }
        finally
        {
            Array.Clear(secret);
            if (pem?.Contains(KeyMark, StringComparison.Ordinal) != false)
            {
                Array.Clear(content);
            }
        }
    }

    /// <summary>All certificates in the file, without keys.</summary>
    /// <exception cref="CmdletException">CertificateInvalid.</exception>
    internal IReadOnlyList<X509Certificate2> ToAuthorities()
    {
        try
        {
            if (pem is not null)
            {
                X509Certificate2Collection all = ReadPem(AuthorityAdvice);
                return [.. all];
            }

            return X509Certificate2.GetCertContentType(content) == X509ContentType.Cert
                ? [X509CertificateLoader.LoadCertificate(content)]
                : throw CertificateErrors.Invalid(path, "that is not a file with certificates only", AuthorityAdvice);
        }
        catch (CryptographicException exception)
        {
            throw CertificateErrors.Invalid(
                path, $"no certificate can be read from it ({exception.Message.TrimEnd('.')})",
                AuthorityAdvice, exception);
        }
    }

    private OwnCertificate FromPem(char[] secret, bool isGiven)
    {
        X509Certificate2Collection all = ReadPem(FileAdvice);
        X509Certificate2[] intermediates = [.. all.Skip(1).Where(IsIntermediate)];
        if (!pem!.Contains(KeyMark, StringComparison.Ordinal))
        {
            return new OwnCertificate(all[0], intermediates);
        }

        bool isEncrypted = pem.Contains(EncryptedKeyMark, StringComparison.Ordinal);
        try
        {
            return new OwnCertificate(
                isEncrypted
                    ? X509Certificate2.CreateFromEncryptedPem(pem, pem, secret)
                    : X509Certificate2.CreateFromPem(pem, pem),
                intermediates);
        }
        catch (CryptographicException exception) when (isEncrypted)
        {
            throw CertificateErrors.PasswordWrong(path, PasswordParameter, isGiven, exception);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw CertificateErrors.Invalid(
                path,
                $"its key is not that of its first certificate, or cannot be read ({exception.Message.TrimEnd('.')})",
                "The certificate comes first in the file, then those above it; the key is in PKCS#8, SEC 1 or PKCS#1.",
                exception);
        }
    }

    private OwnCertificate FromBinary(char[] secret, bool isGiven)
    {
        try
        {
            if (X509Certificate2.GetCertContentType(content) == X509ContentType.Cert)
            {
                return new OwnCertificate(X509CertificateLoader.LoadCertificate(content), []);
            }

            // In memory alone where the system supports it; exportable, so that -Detached can pass the key on.
            X509KeyStorageFlags flags = X509KeyStorageFlags.Exportable
                | (OperatingSystem.IsMacOS() ? X509KeyStorageFlags.DefaultKeySet : X509KeyStorageFlags.EphemeralKeySet);
            X509Certificate2Collection all = X509CertificateLoader.LoadPkcs12Collection(content, secret, flags);
            X509Certificate2[] own = [.. all.Where(certificate => certificate.HasPrivateKey)];
            return own.Length == 1
                ? new OwnCertificate(
                    own[0], [.. all.Where(certificate => !certificate.HasPrivateKey && IsIntermediate(certificate))])
                : throw CertificateErrors.Invalid(
                    path,
                    own.Length == 0
                        ? "no certificate in it has its private key"
                        : "more than one certificate in it has a private key",
                    FileAdvice);
        }
        catch (CryptographicException exception) when (exception.HResult == InvalidPassword)
        {
            throw CertificateErrors.PasswordWrong(path, PasswordParameter, isGiven, exception);
        }
        catch (CryptographicException exception)
        {
            throw CertificateErrors.Invalid(
                path, $"no certificate can be read from it ({exception.Message.TrimEnd('.')})", FileAdvice, exception);
        }
    }

    private X509Certificate2Collection ReadPem(string advice)
    {
        X509Certificate2Collection all = [];
        try
        {
            all.ImportFromPem(pem);
        }
        catch (CryptographicException exception)
        {
            throw CertificateErrors.Invalid(
                path, $"a certificate in it cannot be read ({exception.Message.TrimEnd('.')})", advice, exception);
        }

        return all.Count > 0
            ? all
            : throw CertificateErrors.Invalid(path, $"it has no line '{CertificateMark}'", advice);
    }

    private static bool IsIntermediate(X509Certificate2 certificate) =>
        !certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);

    private static char[] ToCharacters(SecureString? password)
    {
        if (password is null)
        {
            return [];
        }

        nint memory = Marshal.SecureStringToGlobalAllocUnicode(password);
        try
        {
            var characters = new char[password.Length];
            Marshal.Copy(memory, characters, startIndex: 0, characters.Length);
            return characters;
        }
        finally
        {
            Marshal.ZeroFreeGlobalAllocUnicode(memory);
        }
    }
}
