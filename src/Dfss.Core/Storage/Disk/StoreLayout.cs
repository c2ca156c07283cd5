namespace Dfss.Storage;

/// <summary>The paths in a store's folder. docs/store-format.md has the picture.</summary>
/// <param name="root">The store's folder, as a full path.</param>
internal sealed class StoreLayout(string root)
{
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

    /// <summary>The segments, which hold the chunks.</summary>
    public string Chunks { get; } = Path.Combine(root, "chunks");

    /// <summary>Chunks that did not hash to their ids.</summary>
    public string Quarantine { get; } = Path.Combine(root, "quarantine");

    /// <summary>
    /// Takes the store from all other users, as a copy that was made without the modes may not be.
    /// </summary>
    /// <param name="files">How files are made and read.</param>
    /// <param name="log">Gets a line if the folder belongs to another user, and keeps its mode.</param>
    public void Restrict(DurableFile files, Action<string>? log)
    {
        // First, so that no other user is in the way of the rest.
        DirectoryInfo root = new(Root);
        if (!OwnerOnly.TryRestrict(root))
        {
            log?.Invoke(
                $"The folder '{Root}' belongs to another user and keeps its mode; "
                + "what the store has in it is private.");
        }

        foreach (string folder in (string[])[Quarantine, Chunks])
        {
            if (Directory.Exists(folder))
            {
                RestrictContent(files, folder);
            }
        }

        foreach (FileInfo file in root.EnumerateFiles())
        {
            RestrictOrThrow(files, file);
        }
    }

    /// <summary>Makes the folders that are not there yet, durably: a flush syncs the folder a chunk is in, not those
    /// above it.</summary>
    public void CreateFolders(DurableFile files)
    {
        files.CreateDirectory(Quarantine);
        files.CreateDirectory(Chunks);
        // What the process before made: it may have been killed before its sync.
        files.SyncDirectory(Quarantine);
        files.SyncDirectory(Chunks);
    }

    /// <summary>Restricts a folder and its files.</summary>
    private static void RestrictContent(DurableFile files, string folder)
    {
        RestrictOrThrow(files, new DirectoryInfo(folder));

        // Names alone: to enumerate more would look at each file, outside the catch.
        foreach (string path in Directory.EnumerateFiles(folder))
        {
            try
            {
                RestrictOrThrow(files, new FileInfo(path));
            }
            catch (IOException exception) when (DurableFile.IsCorrupt(exception))
            {
                // It does not keep the store from being opened: the folder is private, and the part of the store that
                // needs the file reports it.
            }
        }
    }

    private static void RestrictOrThrow(DurableFile files, FileSystemInfo entry)
    {
        if (!files.TryRestrict(entry))
        {
            throw new UnauthorizedAccessException($"'{entry.FullName}' belongs to another user.");
        }
    }
}
