using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Dfss.Security;

/// <summary>
/// The statement of the issuer's place as one member of a cluster keeps it, in a file that several processes of the
/// member share. A newer statement replaces it whichever peer or client sends it, because the authority has signed it.
/// An older one never replaces it. Safe for concurrent use.
/// </summary>
internal sealed class IssuerFile
{
    private const string Label = "DFSS ISSUER";

    private readonly string path;
    private readonly X509Certificate2 authority;
    private readonly Action<string>? log;
    private readonly WatchedFile<IssuerStatement> file;

    /// <param name="path">The file, which need not exist yet.</param>
    /// <param name="authority">The cluster's authority.</param>
    /// <param name="log">Receives the failures to read it.</param>
    public IssuerFile(string path, X509Certificate2 authority, Action<string>? log)
    {
        this.path = path;
        this.authority = authority;
        this.log = log;
        file = new WatchedFile<IssuerStatement>(path, "statement of the issuer's address", Read, log);
    }

    /// <summary>The statement in force; <see cref="IssuerStatement.None"/> where there is no file yet.</summary>
    /// <exception cref="DfssException">InvalidArgument: the file has never been read, and cannot be.</exception>
    public IssuerStatement Current => File.Exists(path) ? file.Current : IssuerStatement.None;

    /// <summary>The statement in force, as it is sent; null where there is none.</summary>
    /// <exception cref="DfssException">PeerFault: the file cannot be read.</exception>
    public byte[]? ReadSigned()
    {
        try
        {
            return File.Exists(path) ? Decode(PrivateFile.ReadBytes(path)) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new DfssException(
                DfssErrorCode.PeerFault,
                $"The statement of the issuer's address '{path}' cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Replaces this statement where the given one is newer.</summary>
    /// <returns>Whether the given one was newer.</returns>
    /// <exception cref="DfssException">
    /// InvalidArgument: the authority has not signed the statement; DestinationUnwritable.
    /// </exception>
    public async Task<bool> ReplaceAsync(ReadOnlyMemory<byte> signed, CancellationToken cancellationToken)
    {
        long number = Parse(signed).Number;
        if (number <= Current.Number)
        {
            return false;
        }

        FileStream turn = await LockedFile.TakeAsync(path, cancellationToken).ConfigureAwait(false);
        await using (turn.ConfigureAwait(false))
        {
            // Another process may have written a newer one.
            if (number <= Current.Number)
            {
                return false;
            }

            await PrivateFile.ReplaceAsync(
                path, PemEncoding.WriteString(Label, signed.Span), cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    private IssuerStatement Parse(ReadOnlyMemory<byte> signed)
    {
        try
        {
            return signed.Length <= IssuerStatement.MaxBytes
                ? IssuerStatement.Read(signed, authority)
                : throw new FormatException($"it is over {IssuerStatement.MaxBytes} bytes long");
        }
        catch (FormatException error)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"The received data is not a statement of the address of the cluster's issuer: {error.Message}.",
                error);
        }
    }

    /// <summary>A file with a malformed statement counts as none: the next statement replaces it.</summary>
    private IssuerStatement Read(byte[] bytes, IssuerStatement? before)
    {
        try
        {
            IssuerStatement read = IssuerStatement.Read(Decode(bytes), authority);
            return before is not null && before.Number > read.Number ? before : read;
        }
        catch (FormatException error)
        {
            log?.Invoke($"The statement of the issuer's address '{path}' cannot be used: {error.Message}.");
            return before ?? IssuerStatement.None;
        }
    }

    private static byte[] Decode(byte[] bytes)
    {
        string text = Encoding.ASCII.GetString(bytes);
        return PemEncoding.TryFind(text, out PemFields fields) && text[fields.Label] == Label
            ? Convert.FromBase64String(text[fields.Base64Data])
            : throw new FormatException("it has no statement in PEM");
    }
}
