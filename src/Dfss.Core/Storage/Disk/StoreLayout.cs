namespace Dfss.Storage;

/// <summary>The paths in a store's folder. docs/store-format.md has the picture.</summary>
/// <param name="root">The store's folder, as a full path.</param>
internal sealed class StoreLayout(string root)
{
    /// <summary>
    /// Chunks are in one folder for each value of an id's first byte, so that none has too many entries.
    /// </summary>
    public const int ChunkFolderCount = 256;

    /// <summary>The store's folder.</summary>
    public string Root { get; } = root;

    /// <summary>Version and store id; its presence makes the folder a store.</summary>
    public string FormatFile { get; } = Path.Combine(root, "format");

    /// <summary>Where the store runs.</summary>
    public string PlaceFile { get; } = Path.Combine(root, "place.json");

    /// <summary>Held locked while the store is open; names the holder's process.</summary>
    public string LockFile { get; } = Path.Combine(root, "lock");

    /// <summary>Registers and seals.</summary>
    public string CatalogFile { get; } = Path.Combine(root, "catalog.db");

    /// <summary>Small chunks.</summary>
    public string SmallChunks { get; } = Path.Combine(root, "chunks.db");

    /// <summary>Chunks not yet durable.</summary>
    public string Incoming { get; } = Path.Combine(root, "incoming");

    /// <summary>Durable chunks, in a folder for each first byte.</summary>
    public string Chunks { get; } = Path.Combine(root, "chunks");

    /// <summary>Chunks that did not hash to their ids.</summary>
    public string Quarantine { get; } = Path.Combine(root, "quarantine");

    /// <summary>The folder of the chunks whose ids begin with this byte.</summary>
    public string ChunkFolder(int firstByte) => Path.Combine(Chunks, Convert.ToHexStringLower([(byte)firstByte]));

    /// <summary>
    /// Removes the access of all other users to the store, which earlier versions left. Durable chunks follow when
    /// their folders are counted.
    /// </summary>
    /// <param name="log">Gets a line if the folder belongs to another user, and keeps its mode.</param>
    public void Restrict(Action<string>? log)
    {
        // First, so that no other user is in the way of the rest.
        DirectoryInfo root = new(Root);
        if (!OwnerOnly.TryRestrict(root))
        {
            log?.Invoke(
                $"The folder '{Root}' belongs to another user and keeps its mode; "
                    + "what the store has in it is private.");
        }

        foreach (string folder in (string[])[Incoming, Quarantine, Chunks])
        {
            DirectoryInfo found = new(folder);
            if (found.Exists)
            {
                RestrictContent(found);
            }
        }

        foreach (FileInfo file in root.EnumerateFiles())
        {
            RestrictOrThrow(file);
        }
    }

    /// <summary>Makes the folders that are not there yet, durably: a flush syncs the folder a chunk is in, not those
    /// above it.</summary>
    public void CreateFolders(DurableFile files)
    {
        files.CreateDirectory(Incoming);
        files.CreateDirectory(Quarantine);
        files.CreateDirectory(Chunks);
        bool isComplete = true;
        for (int i = 0; i < ChunkFolderCount; i++)
        {
            if (!Directory.Exists(ChunkFolder(i)))
            {
                isComplete = false;
                OwnerOnly.CreateFolder(ChunkFolder(i));
            }
        }

        // Also when all were there: the process that made them may have been killed before its sync.
        files.SyncDirectory(Chunks);
        if (!isComplete)
        {
            files.SyncDirectory(Root);
        }
    }

    /// <summary>Restricts a folder and its direct content.</summary>
    private static void RestrictContent(DirectoryInfo folder)
    {
        RestrictOrThrow(folder);
        foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos())
        {
            RestrictOrThrow(entry);
        }
    }

    private static void RestrictOrThrow(FileSystemInfo entry)
    {
        if (!OwnerOnly.TryRestrict(entry))
        {
            throw new UnauthorizedAccessException($"'{entry.FullName}' belongs to another user.");
        }
    }
}
