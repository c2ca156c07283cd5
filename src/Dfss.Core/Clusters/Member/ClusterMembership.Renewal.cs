using System.Security.Cryptography;
using System.Text;
using Dfss.Security;

namespace Dfss.Clusters;

/// <content>What a renewal needs to go on where one before it was broken off.</content>
public sealed partial class ClusterMembership
{
    private const string PendingSuffix = ".next";
    private const string TriedSuffix = ".tried";

    /// <summary>When a command last tried to renew this certificate; null for never.</summary>
    internal DateTimeOffset? RenewalTried(StoreId? store)
    {
        FileInfo file = new(IdentityPath(store) + TriedSuffix);
        return file.Exists ? new DateTimeOffset(file.LastWriteTimeUtc) : null;
    }

    /// <summary>Notes that a command tries to.</summary>
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
            throw new DfssException(DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be written: {error.Message}", error);
        }
    }

    /// <summary>
    /// The key for the next certificate: made, and kept, before it is asked for. So one that was asked for in vain is asked for again, and
    /// is the same.
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

    /// <summary>Forgets it: it has its certificate.</summary>
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
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            // Another one takes its place.
            key.Dispose();
            return null;
        }
    }

    private string IdentityPath(StoreId? store) =>
        Path.Combine(Folder, store is StoreId id ? Path.Combine(StoresFolder, $"{id}.pem") : MemberFile);
}
