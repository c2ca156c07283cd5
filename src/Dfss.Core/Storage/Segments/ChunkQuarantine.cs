using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>
/// The corrupt chunks that are kept for analysis, each a file; the collection, too, asks for them, and a start takes no
/// chunk that is among them for good before it has read it.
/// </summary>
internal sealed class ChunkQuarantine(StoreLayout layout, DurableFile files)
{
    private const string LostPrefix = "lost.";

    // Corrupt chunks that there was no room for a file of.
    private readonly ConcurrentDictionary<ChunkId, bool> unkept = new();

    /// <summary>How many there are.</summary>
    public long Count => StoreErrors.Guarded(
        layout.Root, () => Directory.EnumerateFiles(layout.Quarantine).LongCount());

    /// <summary>The chunks that there is a file of.</summary>
    public HashSet<ChunkId> List()
    {
        HashSet<ChunkId> ids = [];
        foreach (string path in Directory.EnumerateFiles(layout.Quarantine))
        {
            if (ChunkId.TryParse(Path.GetFileNameWithoutExtension(path), out ChunkId id))
            {
                ids.Add(id);
            }
        }

        return ids;
    }

    /// <summary>Whether there is a corrupt copy of this chunk.</summary>
    public bool Has(ChunkId id) => unkept.ContainsKey(id) || HasFile(id);

    /// <summary>Whether a file notes that, durably.</summary>
    public bool HasFile(ChunkId id) => StoreErrors.Guarded(
        layout.Root, () => Directory.EnumerateFiles(layout.Quarantine, $"{id}.*").Any());

    /// <summary>Whether a chunk was lost of which not even the id is known: it may be any.</summary>
    public bool HasLost() => StoreErrors.Guarded(
        layout.Root, () => Directory.EnumerateFiles(layout.Quarantine, LostPrefix + "*").Any());

    /// <summary>
    /// Keeps the bytes of a corrupt chunk, durably: after that the chunk may go. On a full disk the file is empty: that
    /// the chunk was corrupt is worth more than its bytes.
    /// </summary>
    /// <returns>The file.</returns>
    public string Add(ChunkId id, ReadOnlySpan<byte> content)
    {
        string path = Path.Combine(layout.Quarantine, $"{id}.{Guid.NewGuid():N}");
        Add(path, content);
        return path;
    }

    /// <summary>
    /// Keeps, in the same way, bytes of a segment that were a durable record, whose id is not known any more.
    /// </summary>
    /// <returns>The file; null where it was there.</returns>
    public string? AddLost(uint segment, long offset, ReadOnlySpan<byte> content)
    {
        string path = Path.Combine(layout.Quarantine, $"{LostPrefix}{segment:x8}.{offset:x8}");
        if (File.Exists(path))
        {
            return null;
        }

        Add(path, content);
        return path;
    }

    /// <summary>Remembers, in memory, a corrupt chunk that <see cref="Add(ChunkId, ReadOnlySpan{byte})"/> failed
    /// for.</summary>
    public void Remember(ChunkId id) => unkept[id] = true;

    /// <summary>Undoes <see cref="Remember"/>.</summary>
    public void Forget(ChunkId id) => unkept.TryRemove(id, out _);

    /// <summary>Deletes what <see cref="Add(ChunkId, ReadOnlySpan{byte})"/> has kept.</summary>
    public void Delete(string path) => files.Delete(path);

    private void Add(string path, ReadOnlySpan<byte> content)
    {
        try
        {
            Write(path, content);
        }
        catch (IOException exception) when (DurableFile.IsOutOfSpace(exception))
        {
            files.Delete(path);
            Write(path, []);
        }

        bool isDurable = false;
        try
        {
            files.SyncDirectory(layout.Quarantine);
            isDurable = true;
        }
        finally
        {
            if (!isDurable)
            {
                // A file that is there counts for a durable one.
                files.Delete(path);
            }
        }
    }

    private void Write(string path, ReadOnlySpan<byte> content)
    {
        using SafeFileHandle file = files.Create(path, content);
        files.SyncData(file, path);
    }
}
