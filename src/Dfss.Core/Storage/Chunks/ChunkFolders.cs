namespace Dfss.Storage;

/// <summary>The files of durable chunks, <c>chunks/ab/&lt;64 hex&gt;</c>: which are there, how they get there and go,
/// and the sync of the folders' names.</summary>
internal sealed class ChunkFolders(StoreLayout layout, DurableFile files, FailStopLatch fault)
{
    private readonly Folder[] folders =
        [.. Enumerable.Range(0, StoreLayout.ChunkFolderCount).Select(i => new Folder(layout.ChunkFolder(i)))];

    private readonly SingleFlight sync = new();

    /// <summary>Held while a chunk goes from one count to another, so that none counts twice, or not at all.</summary>
    public Lock CountLock { get; } = new();

    /// <summary>Chunks and bytes in the folders counted so far.</summary>
    public (long Chunks, long Bytes) Count =>
        (folders.Sum(folder => folder.Chunks), folders.Sum(folder => folder.Bytes));

    /// <summary>Where the chunk lies, if it does.</summary>
    public string PathOf(ChunkId id) => Path.Combine(FolderOf(id).Path, id.ToString());

    /// <summary>The length of a chunk's file; null where there is none that could be whole.</summary>
    public int? LengthOf(ChunkId id) => LengthOf(PathOf(id));

    /// <summary>The same, of a chunk whose name a power cut would leave too; null where it is not certain to.</summary>
    public int? DurableLengthOf(ChunkId id)
    {
        Folder folder = FolderOf(id);
        lock (folder)
        {
            return folder.IsDurable(id) ? LengthOf(PathOf(id)) : null;
        }
    }

    /// <summary>Moves a synced file to its final name, unless it is no longer wanted by then. Durable after <see
    /// cref="SyncAsync"/>. <paramref name="countedHere"/> runs as its folder begins to count it.</summary>
    public void Promote(string path, ChunkId id, Func<bool> isWanted, Action countedHere)
    {
        Folder folder = FolderOf(id);
        string target = PathOf(id);
        lock (folder)
        {
            if (!isWanted())
            {
                files.Delete(path);
                return;
            }

            // A file of the wrong length may be there: the rename replaces it.
            long? replaced = Measure(target);
            files.Rename(path, target);
            lock (CountLock)
            {
                folder.Remove(replaced);
                folder.Add(Measure(target));
                countedHere();
            }

            folder.NoteName(id);
        }
    }

    /// <summary>Removes a chunk's file; <paramref name="forget"/> runs while none can be promoted.</summary>
    public void Delete(ChunkId id, Action forget)
    {
        Folder folder = FolderOf(id);
        string path = PathOf(id);
        lock (folder)
        {
            forget();
            if (Measure(path) is { } length)
            {
                files.Delete(path);
                folder.Remove(length);
            }
        }
    }

    /// <summary>Moves a chunk's file away if it is bad or cannot be read, so that the chunk is missing; false where it
    /// is good, or gone.</summary>
    public bool TryMoveAway(ChunkId id, string target)
    {
        Folder folder = FolderOf(id);
        string path = PathOf(id);
        lock (folder)
        {
            // Hashed once more, while none can be moved in: another thread may have quarantined the corrupt one
            // already, and a good one may have replaced it.
            if (!File.Exists(path) || IsGood(path, id))
            {
                return false;
            }

            long? length = Measure(path);
            files.Rename(path, target);
            folder.Remove(length);
            folder.NoteMove();
            return true;
        }
    }

    /// <summary>When it returns, every move that returned before it began is on stable storage. Callers share the
    /// work.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>; then the store's fail-stop latch is
    /// set: it is unknown which names are lost.</exception>
    public Task SyncAsync() => sync.RunAsync(() =>
    {
        foreach (Folder folder in folders)
        {
            try
            {
                SyncWhereNeeded(folder);
            }
            catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
            {
                fault.Set(exception);
                throw StoreErrors.Failed(layout.Root, exception);
            }
        }
    });

    /// <summary>Counts one folder's files.</summary>
    public void CountFolder(int firstByte)
    {
        Folder folder = folders[firstByte];
        lock (folder)
        {
            folder.StartCounting();
        }
    }

    /// <summary>The ids of the chunks in one folder, unordered.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: the folder cannot be read.</exception>
    public List<ChunkId> Enumerate(int firstByte) => StoreErrors.Guarded(layout.Root, () =>
    {
        List<ChunkId> ids = [];
        foreach (string path in Directory.EnumerateFiles(folders[firstByte].Path))
        {
            if (ChunkId.TryParse(Path.GetFileName(path), out ChunkId id) && LengthOf(path) is not null)
            {
                ids.Add(id);
            }
        }

        return ids;
    });

    private void SyncWhereNeeded(Folder folder)
    {
        lock (folder)
        {
            if (!folder.MustSync())
            {
                return;
            }

            // Before the sync: what is moved in during it must not go unnoticed.
            folder.StartSync();
        }

        files.SyncDirectory(folder.Path);
        lock (folder)
        {
            folder.EndSync();
        }
    }

    private static bool IsGood(string path, ChunkId id)
    {
        try
        {
            return ChunkId.Of(File.ReadAllBytes(path)) == id;
        }
        catch (IOException exception) when (StoreErrors.IsCorrupt(exception))
        {
            return false;
        }
    }

    private static int? LengthOf(string path)
    {
        var file = new FileInfo(path);
        return file.Exists && file.Length is > 0 and <= DfssLimits.MaxPayloadBytes ? (int)file.Length : null;
    }

    /// <summary>The bytes of a file as they are counted; null where there is none.</summary>
    private static long? Measure(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : null;

    private Folder FolderOf(ChunkId id)
    {
        Span<byte> bytes = stackalloc byte[ChunkId.SizeBytes];
        id.CopyTo(bytes);
        return folders[bytes[0]];
    }

    /// <summary>One folder. Locked while names are moved in or out of it.</summary>
    private sealed class Folder(string path)
    {
        // The names moved in since the last sync began, and those that the sync at hand is for.
        private HashSet<ChunkId> unsynced = [];
        private HashSet<ChunkId> syncing = [];
        private bool needsSync;
        private bool wasSynced;
        private bool isCounted;
        private long chunks;
        private long bytes;

        public string Path { get; } = path;

        public long Chunks => Volatile.Read(ref chunks);

        public long Bytes => Volatile.Read(ref bytes);

        public bool IsDurable(ChunkId id) => wasSynced && !unsynced.Contains(id) && !syncing.Contains(id);

        /// <summary>Whether a power cut could lose a name. Before the first sync of a run these are also the names that
        /// the run found: the process before may have been killed between a rename and its sync. An empty folder has
        /// none to lose.</summary>
        public bool MustSync()
        {
            if (!wasSynced && !needsSync)
            {
                needsSync = Directory.EnumerateFileSystemEntries(Path).Any();
                wasSynced = !needsSync;
            }

            return needsSync;
        }

        public void NoteName(ChunkId id)
        {
            unsynced.Add(id);
            needsSync = true;
        }

        public void NoteMove() => needsSync = true;

        public void StartSync()
        {
            needsSync = false;
            (unsynced, syncing) = (syncing, unsynced);
        }

        public void EndSync()
        {
            wasSynced = true;
            syncing.Clear();
        }

        public void Add(long? length) => Change(length, sign: 1);

        /// <summary>Only once the file is gone: one that could not be deleted or moved still counts.</summary>
        public void Remove(long? length) => Change(length, sign: -1);

        /// <summary>Counts the files, and takes those of earlier versions from all other users.</summary>
        public void StartCounting()
        {
            if (isCounted)
            {
                return;
            }

            // A count that fails leaves nothing behind: it is made again.
            (long found, long length) = (0, 0);
            foreach (FileInfo file in new DirectoryInfo(Path).EnumerateFiles())
            {
                found++;
                length += file.Length;
                _ = OwnerOnly.TryRestrict(file);
            }

            (chunks, bytes, isCounted) = (found, length, true);
        }

        private void Change(long? length, int sign)
        {
            if (isCounted && length is { } known)
            {
                chunks += sign;
                bytes += sign * known;
            }
        }
    }
}
