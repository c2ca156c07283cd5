using Dfss.Storage;

namespace Dfss.Peers;

/// <summary>The store of a folder, before a peer serves it.</summary>
public static class PeerStore
{
    /// <summary>The id of the store in a folder; null where there is none yet.</summary>
    /// <exception cref="DfssException">
    /// StoreFormat: the folder has other content. StoreFailed: it cannot be read.
    /// </exception>
    public static StoreId? Find(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return StoreErrors.Guarded(path, () => StoreFormat.Read(new StoreLayout(Path.GetFullPath(path))));
    }

    /// <summary>The id of the store in a folder, which is made where there is none.</summary>
    /// <exception cref="DfssException">As of <see cref="Find"/>; StoreNotSupported, StoreFull.</exception>
    public static async Task<StoreId> FindOrCreateAsync(string path, CancellationToken cancellationToken = default)
    {
        if (Find(path) is StoreId found)
        {
            return found;
        }

        LocalStore store = await LocalStore.OpenAsync(
            path, new LocalStoreOptions(), cancellationToken).ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            return store.StoreId;
        }
    }
}
