using System.Security.Cryptography;
using System.Text;
using Dfss.Security;
using Dfss.Storage;

namespace Dfss.Clusters;

/// <content>What a renewal needs to resume an interrupted one.</content>
public sealed partial class ClusterMembership
{
    private const string PendingSuffix = ".next";
    private const string TriedSuffix = ".tried";

    /// <summary>How long ago a command last tried to renew this certificate; the longest time for never.</summary>
    internal TimeSpan SinceRenewalTried(StoreId? store, DateTimeOffset now) =>
        FileAge.Of(new FileInfo(IdentityPath(store) + TriedSuffix), now);

    /// <summary>Records that a command tries to renew.</summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    internal void NoteRenewalTried(StoreId? store, DateTimeOffset now)
    {
        string path = IdentityPath(store) + TriedSuffix;
        PrivateFile.Touch(path);
        try
        {
            File.SetLastWriteTimeUtc(path, now.UtcDateTime);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be written: {error.Message}", error);
        }
    }

    /// <summary>
    /// The key for the next certificate, created and saved before the request is sent. So a request that was not
    /// answered is repeated with the same key.
    /// </summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    internal async Task<ECDsa> LoadNextKeyAsync(StoreId? store, CancellationToken cancellationToken)
    {
        string path = IdentityPath(store) + PendingSuffix;
        if (TryReadKey(path) is { } kept)
        {
            return kept;
        }

        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await PrivateFile.ReplaceAsync(path, key.ExportPkcs8PrivateKeyPem(), cancellationToken).ConfigureAwait(false);
        return key;
    }

    /// <summary>Deletes the key for the next certificate once that certificate is saved.</summary>
    internal void ForgetNextKey(StoreId? store) => File.Delete(IdentityPath(store) + PendingSuffix);

    private static ECDsa? TryReadKey(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        ECDsa key = ECDsa.Create();
        try
        {
            key.ImportFromPem(Encoding.UTF8.GetString(PrivateFile.ReadBytes(path)));
            return key;
        }
        catch (Exception error)
            when (error is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            // A new key replaces it.
            key.Dispose();
            return null;
        }
    }

    private string IdentityPath(StoreId? store) =>
        Path.Combine(Folder, store is StoreId id ? Path.Combine(StoresFolder, $"{id}.pem") : MemberFile);
}
