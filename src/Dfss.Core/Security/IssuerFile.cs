using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Dfss.Security;

/// <summary>
/// The statement of the issuer's place as one member of a cluster keeps it, in a file that several processes of the
/// member share. A newer statement replaces it whichever peer or client sends it, because the authority has signed it.
/// An older one never replaces it. While the file cannot be read, the statement read before stays in force: it only
/// says where to look for the issuer, so no use of it fails. Safe for concurrent use.
/// </summary>
internal sealed class IssuerFile
{
    private const string Label = "DFSS ISSUER";

    private readonly string path;
    private readonly X509Certificate2 authority;
    private readonly Action<string>? log;
    private readonly WatchedFile<Content> file;
    private volatile bool isBehind;
    private string? logged;

    /// <param name="path">The file, which need not exist yet.</param>
    /// <param name="authority">The cluster's authority.</param>
    /// <param name="log">Receives the failures to read and to write it, each once until the file can be read.</param>
    public IssuerFile(string path, X509Certificate2 authority, Action<string>? log)
    {
        this.path = path;
        this.authority = authority;
        this.log = log;
        file = new WatchedFile<Content>(path, "statement of the issuer's address", Read, LogOnce, Content.None);
    }

    /// <summary>The statement in force; <see cref="IssuerStatement.None"/> where none was read.</summary>
    public IssuerStatement Current => InForce.Statement;

    /// <summary>The statement in force, as it is sent; null where there is none.</summary>
    public byte[]? Signed => InForce.Signed;

    private Content InForce => File.Exists(path) ? file.Current : Content.None;

    /// <summary>
    /// Writes the statement in force where the file has an older or malformed one. A failure is logged, and the next
    /// call tries again.
    /// </summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (InForce.Signed is null || !isBehind)
            {
                return;
            }

            FileStream turn = await LockedFile.TakeAsync(path, cancellationToken).ConfigureAwait(false);
            await using (turn.ConfigureAwait(false))
            {
                // Another process may have written a newer one.
                if (InForce.Signed is { } signed && isBehind)
                {
                    await WriteAsync(signed, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (DfssException error)
        {
            LogOnce(error.Message);
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

            await WriteAsync(signed, cancellationToken).ConfigureAwait(false);
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

    private Task WriteAsync(ReadOnlyMemory<byte> signed, CancellationToken cancellationToken) =>
        PrivateFile.ReplaceAsync(path, PemEncoding.WriteString(Label, signed.Span), cancellationToken);

    /// <summary>An older or malformed statement in the file changes nothing: the next statement replaces it.</summary>
    private Content Read(byte[] bytes, Content? before)
    {
        Content kept = before ?? Content.None;
        try
        {
            byte[] signed = Decode(bytes);
            IssuerStatement read = IssuerStatement.Read(signed, authority);
            logged = null;
            isBehind = kept.Statement.Number > read.Number;
            return isBehind ? kept : new Content(read, signed);
        }
        catch (FormatException error)
        {
            isBehind = true;
            LogOnce($"The statement of the issuer's address '{path}' cannot be used: {error.Message}.");
            return kept;
        }
    }

    private void LogOnce(string line)
    {
        if (Interlocked.Exchange(ref logged, line) != line)
        {
            log?.Invoke(line);
        }
    }

    private static byte[] Decode(byte[] bytes)
    {
        string text = Encoding.ASCII.GetString(bytes);
        return PemEncoding.TryFind(text, out PemFields fields) && text[fields.Label] == Label
            ? Convert.FromBase64String(text[fields.Base64Data])
            : throw new FormatException("it has no statement in PEM");
    }

    /// <summary>A statement, and the bytes that were read.</summary>
    private sealed record Content(IssuerStatement Statement, byte[]? Signed)
    {
        public static Content None { get; } = new(IssuerStatement.None, Signed: null);
    }
}
