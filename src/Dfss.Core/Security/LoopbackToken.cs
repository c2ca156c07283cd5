using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Dfss.Security;

/// <summary>The secret by which a peer on loopback recognizes the programs of the user who started it. It is kept in
/// files that only this user can read, one for each address that the peer listens on. Other users of the machine can
/// reach the port but do not know the secret. Each start makes a new one. A client sends the token only to the address
/// that the file names.</summary>
internal sealed class LoopbackToken
{
    /// <summary>256 random bits.</summary>
    private const int SecretBytes = 32;

    private readonly string stateFolder;
    private readonly string folder;
    private readonly string secret;
    private readonly IReadOnlyList<string> paths;

    private LoopbackToken(string stateFolder, string secret, IReadOnlyList<string> paths)
    {
        this.stateFolder = stateFolder;
        folder = FolderOf(stateFolder);
        this.secret = secret;
        this.paths = paths;
    }

    /// <summary>Makes a token and writes its files, replacing those of a peer that ended without removing
    /// them.</summary>
    public static async Task<LoopbackToken> CreateAsync(
        string stateFolder, IReadOnlyList<IPEndPoint> endpoints, CancellationToken cancellationToken)
    {
        LoopbackToken token = new(
            stateFolder,
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes)),
            [.. endpoints.Select(endpoint => PathOf(stateFolder, endpoint))]);
        await token.WriteAsync(token.paths, cancellationToken).ConfigureAwait(false);
        return token;
    }

    /// <summary>Writes those of its files that are missing, for example after the state folder was emptied.</summary>
    /// <returns>Whether one was missing.</returns>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    public async Task<bool> RestoreAsync(CancellationToken cancellationToken)
    {
        string[] missing = [.. paths.Where(path => !File.Exists(path))];
        await WriteAsync(missing, cancellationToken).ConfigureAwait(false);
        return missing.Length > 0;
    }

    /// <summary>
    /// The token of the peer that listens at this address. Null where there is none that this user can read: no peer of
    /// this user listens there, or it is about to write its token. A peer of another kind may need no token.
    /// </summary>
    public static string? Find(string? stateFolder, IPEndPoint endpoint)
    {
        if (PlaceOf(stateFolder, endpoint) is not { } path)
        {
            return null;
        }

        try
        {
            return Read(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A peer that needs the token refuses a client without it; the client then explains what it did not find.
            return null;
        }
    }

    /// <summary>Why a client has no token for the peer at this address, as a sentence.</summary>
    public static string? Explain(string? stateFolder, IPEndPoint endpoint)
    {
        if (PlaceOf(stateFolder, endpoint) is not { } path)
        {
            return null;
        }

        try
        {
            return Read(path) is null
                ? $"This client looked for the token at '{path}': that file is no token."
                : $"This client found the token at '{path}' only afterwards.";
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return $"This client looked for the token at '{path}', and there is no such file.";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"This client cannot read the token at '{path}': {error.Message}";
        }
    }

    /// <summary>Removes the files that a killed peer left for these addresses.</summary>
    public static void Forget(string? stateFolder, IReadOnlyList<IPEndPoint> endpoints)
    {
        if (stateFolder is not null)
        {
            Delete(endpoints.Select(endpoint => PathOf(stateFolder, endpoint)), static _ => true);
        }
    }

    /// <summary>The identity of a client that sent this token.</summary>
    /// <exception cref="DfssException">NotAuthenticated: the client sent no token or another one.</exception>
    public RemoteIdentity Identify(string? said)
    {
        bool isRight = said is not null
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(said), Encoding.UTF8.GetBytes(secret));
        return isRight ? RemoteIdentity.Unnamed : throw new DfssException(
            DfssErrorCode.NotAuthenticated,
            said is null
                ? "This peer serves only the programs of the user who started it, which send its token; none was sent."
                : "This peer serves only the programs of the user who started it, which send its token; another "
                    + "one was sent.",
            $"Run as that user ('{Environment.UserName}'), whose token is in '{folder}', with the same "
            + "$env:XDG_STATE_HOME, or give the "
            + "peer a certificate (-Certificate).");
    }

    /// <summary>Removes the files that have this token. A file with another token belongs to the next peer at this
    /// address.</summary>
    public void Delete() => Delete(paths, path => Read(path) == secret);

    private static string? Read(string path)
    {
        string text = Encoding.UTF8.GetString(PrivateFile.ReadBytes(path));
        return text.Length == 2 * SecretBytes ? text : null;
    }

    private async Task WriteAsync(IReadOnlyCollection<string> files, CancellationToken cancellationToken)
    {
        if (files.Count > 0)
        {
            PrivateFile.CreateFolder(stateFolder);
            PrivateFile.CreateFolder(folder);
        }

        foreach (string path in files)
        {
            await PrivateFile.ReplaceAsync(path, secret, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Where a client looks for the token of the peer at this address; null where it looks nowhere.</summary>
    private static string? PlaceOf(string? stateFolder, IPEndPoint endpoint) =>
        stateFolder is not null && IPAddress.IsLoopback(endpoint.Address) ? PathOf(stateFolder, endpoint) : null;

    private static void Delete(IEnumerable<string> paths, Predicate<string> isToGo)
    {
        foreach (string path in paths)
        {
            try
            {
                if (isToGo(path))
                {
                    File.Delete(path);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // The next peer at this address reports that it cannot write its file. A leftover token is worthless to
                // a reader.
            }
        }
    }

    private static string FolderOf(string stateFolder) => Path.Combine(stateFolder, "tokens");

    /// <summary>Colons, which IPv6 addresses contain, are replaced: not every file system allows them in
    /// names.</summary>
    private static string PathOf(string stateFolder, IPEndPoint endpoint)
    {
        IPAddress address = endpoint.Address.IsIPv4MappedToIPv6 ? endpoint.Address.MapToIPv4() : endpoint.Address;
        return Path.Combine(
            FolderOf(stateFolder),
            string.Create(CultureInfo.InvariantCulture, $"{address.ToString().Replace(':', '-')}_{endpoint.Port}"));
    }
}
