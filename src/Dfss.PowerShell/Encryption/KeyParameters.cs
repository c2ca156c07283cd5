using System.Runtime.InteropServices;
using System.Security;
using System.Security.Cryptography.X509Certificates;
using Dfss.Encryption;
using Dfss.Security;

namespace Dfss.Commands;

/// <summary>
/// The parameters of a command for the keys of files: those it reads with, and those it encrypts for.
/// </summary>
internal sealed class KeyParameters
{
    /// <summary>4 KiB: the text of a key is 55 characters.</summary>
    private const int MaxFileBytes = 4096;

    /// <summary>Resolves PowerShell paths to paths of the operating system.</summary>
    internal required Func<string, Task<string>> ResolvePath { get; init; }

    /// <summary>The password of the certificate files.</summary>
    internal SecureString? Password { get; init; }

    /// <summary>The keys to read with; null where none is given.</summary>
    /// <exception cref="CmdletException">One cannot be read.</exception>
    /// <exception cref="DfssException">InvalidArgument: a certificate has no key, or one of another kind.</exception>
    internal async Task<KeyRing?> ReadKeysAsync(
        IReadOnlyList<DfssEncryptionKeySource>? keys,
        IReadOnlyList<DfssCertificateSource>? certificates,
        CancellationToken cancellationToken)
    {
        if (keys is not { Count: > 0 } && certificates is not { Count: > 0 })
        {
            return null;
        }

        var symmetric = new List<EncryptionKey>();
        foreach (DfssEncryptionKeySource key in keys ?? [])
        {
            symmetric.Add(await ReadAsync(key, cancellationToken).ConfigureAwait(false));
        }

        var own = new List<X509Certificate2>();
        foreach (DfssCertificateSource certificate in certificates ?? [])
        {
            OwnCertificate read = await Reader.ReadOwnAsync(certificate, cancellationToken).ConfigureAwait(false);
            own.Add(read.Certificate);
        }

        return new KeyRing(symmetric, own);
    }

    /// <summary>The keys that hide names; null where names are not hidden.</summary>
    /// <param name="keys">The given keys.</param>
    /// <param name="isHidden">Whether the names are hidden.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="CmdletException">HiddenNameKeyMissing, or a key cannot be read.</exception>
    internal async Task<IReadOnlyList<HiddenNames>?> ReadHiddenNamesAsync(
        IReadOnlyList<DfssEncryptionKeySource>? keys, bool isHidden, CancellationToken cancellationToken)
    {
        if (!isHidden)
        {
            return null;
        }

        if (keys is not { Count: > 0 })
        {
            throw KeyErrors.HiddenNameKeyMissing();
        }

        var hidden = new List<HiddenNames>();
        foreach (DfssEncryptionKeySource key in keys)
        {
            hidden.Add(new HiddenNames(await ReadAsync(key, cancellationToken).ConfigureAwait(false)));
        }

        return hidden;
    }

    /// <summary>The recipients that files are encrypted for.</summary>
    /// <exception cref="CmdletException">One cannot be read.</exception>
    /// <exception cref="DfssException">
    /// InvalidArgument, CertificateExpired: nothing can be encrypted for a certificate.
    /// </exception>
    internal async Task<IReadOnlyList<Recipient>> ReadRecipientsAsync(
        IReadOnlyList<DfssEncryptionKeySource> keys,
        IReadOnlyList<DfssCertificateSource>? certificates,
        CancellationToken cancellationToken)
    {
        var recipients = new List<Recipient>();
        foreach (DfssEncryptionKeySource key in keys)
        {
            recipients.Add(Recipient.Of(await ReadAsync(key, cancellationToken).ConfigureAwait(false)));
        }

        foreach (DfssCertificateSource certificate in certificates ?? [])
        {
            // The first certificate of a file is its main one.
            IReadOnlyList<X509Certificate2> read =
                await Reader.ReadAuthoritiesAsync(certificate, cancellationToken).ConfigureAwait(false);
            recipients.Add(Recipient.Of(read[0], TimeProvider.System));
        }

        return recipients;
    }

    /// <summary>The same keys, read from their files and SecureStrings.</summary>
    internal async Task<DfssEncryptionKeySource> HoldAsync(
        DfssEncryptionKeySource key, CancellationToken cancellationToken) => key.Key is not null
            ? key
            : new DfssEncryptionKeySource(
                new DfssEncryptionKey(await ReadAsync(key, cancellationToken).ConfigureAwait(false), path: null));

    /// <summary>The same certificates, read from their files.</summary>
    /// <param name="certificates">The certificates as given.</param>
    /// <param name="withKeys">Whether their private keys are needed.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    internal async Task<DfssCertificateSource[]> HoldAsync(
        IEnumerable<DfssCertificateSource> certificates, bool withKeys, CancellationToken cancellationToken)
    {
        var held = new List<DfssCertificateSource>();
        foreach (DfssCertificateSource certificate in certificates)
        {
            held.Add(new DfssCertificateSource(withKeys
                ? (await Reader.ReadOwnAsync(certificate, cancellationToken).ConfigureAwait(false)).Certificate
                : (await Reader.ReadAuthoritiesAsync(certificate, cancellationToken).ConfigureAwait(false))[0]));
        }

        return [.. held];
    }

    private IdentityParameters Reader => new()
    {
        CertificatePassword = Password,
        PasswordParameter = "DecryptionPassword",
        ResolvePath = ResolvePath,
        // Only files are read with it; no connection is made.
        OfCluster = static _ => Task.FromResult<TlsIdentity?>(null),
    };

    private async Task<EncryptionKey> ReadAsync(DfssEncryptionKeySource source, CancellationToken cancellationToken)
    {
        if (source.Key is { } given)
        {
            return given.Key;
        }

        if (source.Secret is { } secret)
        {
            return Parse(secret) ?? throw KeyErrors.InvalidSecret();
        }

        string path = await ResolvePath(source.Path).ConfigureAwait(false);
        if (!File.Exists(path))
        {
            throw KeyErrors.NotFound(source.Path, path);
        }

        try
        {
            string text = new FileInfo(path).Length <= MaxFileBytes
                ? await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false)
                : string.Empty;
            return EncryptionKey.TryParse(text, out EncryptionKey? key) ? key : throw KeyErrors.InvalidFile(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw KeyErrors.Unreadable(path, exception);
        }
    }

    private static EncryptionKey? Parse(SecureString secret)
    {
        nint memory = Marshal.SecureStringToGlobalAllocUnicode(secret);
        var characters = new char[secret.Length];
        try
        {
            Marshal.Copy(memory, characters, startIndex: 0, characters.Length);
            return EncryptionKey.TryParse(characters, out EncryptionKey? key) ? key : null;
        }
        finally
        {
            Array.Clear(characters);
            Marshal.ZeroFreeGlobalAllocUnicode(memory);
        }
    }
}
