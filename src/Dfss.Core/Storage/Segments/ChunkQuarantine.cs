using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>The corrupt chunks that are kept for analysis, each a file; the collection, too, asks for them.</summary>
internal sealed class ChunkQuarantine(StoreLayout layout, DurableFile files)
{
    /// <summary>How many there are.</summary>
    public long Count => StoreErrors.Guarded(
        layout.Root, () => Directory.EnumerateFiles(layout.Quarantine).LongCount());

    /// <summary>Whether there is a corrupt copy of this chunk.</summary>
    public bool Has(ChunkId id) =>
        StoreErrors.Guarded(layout.Root, () => Directory.EnumerateFiles(layout.Quarantine, $"{id}.*").Any());

    /// <summary>Keeps the bytes of a corrupt chunk, durably: after that the chunk may go.</summary>
    /// <returns>The file.</returns>
    public string Add(ChunkId id, ReadOnlySpan<byte> content)
    {
        string path = Path.Combine(layout.Quarantine, $"{id}.{Guid.NewGuid():N}");
        using (SafeFileHandle file = files.Create(path, content))
        {
            files.SyncData(file, path);
        }

        files.SyncDirectory(layout.Quarantine);
        return path;
    }

    /// <summary>Deletes what <see cref="Add"/> has kept.</summary>
    public void Delete(string path) => files.Delete(path);
}
