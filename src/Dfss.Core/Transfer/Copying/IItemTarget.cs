namespace Dfss.Transfer;

/// <summary>Where files can be copied to: the disks of this machine, or of another through calls.</summary>
internal interface IItemTarget
{
    /// <summary>What is at a path.</summary>
    ValueTask<ItemCopyPlace> LookAsync(string path, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a folder, and those above it, where they are not there: with the mode, but for what the umask withholds.
    /// </summary>
    ValueTask MakeFolderAsync(ItemPath path, int? unixMode, CancellationToken cancellationToken);

    /// <summary>Writes a file of one chunk.</summary>
    ValueTask<ItemPut> PutAsync(
        ItemPath path, ItemFacts facts, ItemChunk content, bool force, CancellationToken cancellationToken);

    /// <summary>Opens a file to write it chunk by chunk; resumes with what an earlier copy has left.</summary>
    /// <param name="path">The destination.</param>
    /// <param name="facts">What the file is.</param>
    /// <param name="mode">What may be taken for the file.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    ValueTask<IOpenItemTarget> OpenAsync(
        ItemPath path, ItemFacts facts, ItemOpenMode mode, CancellationToken cancellationToken);
}

/// <summary>A destination: a path below a folder.</summary>
/// <param name="Folder">The folder, which the user named.</param>
/// <param name="Name">The path below it, with '/': the source's names, untrusted. Empty for the folder itself.</param>
internal readonly record struct ItemPath(string Folder, string Name);

/// <summary>A file of one chunk that was written.</summary>
/// <param name="Path">The full path.</param>
/// <param name="IsUnchanged">Whether it was there already, the same.</param>
internal readonly record struct ItemPut(string Path, bool IsUnchanged);

/// <summary>How a destination is opened.</summary>
/// <param name="Force">Whether a file that must not be written is replaced.</param>
/// <param name="MayBeThere">
/// Whether an existing file of the length and time is opened, to be compared.
/// </param>
internal readonly record struct ItemOpenMode(bool Force, bool MayBeThere);

/// <summary>A file that is being written. Disposed before it is committed, its chunks stay for a later copy.</summary>
internal interface IOpenItemTarget : IAsyncDisposable
{
    /// <summary>The full path.</summary>
    string Path { get; }

    /// <summary>Whether it is a file that was there with this length and time: it can only be compared.</summary>
    bool IsThere { get; }

    /// <summary>The chunks that seem to be there. Their ids say whether they are.</summary>
    IReadOnlyList<int> Claimed { get; }

    /// <summary>The ids of claimed chunks, computed from what is on the disk; default for one that is unreadable.
    /// </summary>
    ValueTask<ChunkId[]> HashAsync(IReadOnlyList<int> indexes, CancellationToken cancellationToken);

    /// <summary>Verifies a chunk, and writes it.</summary>
    /// <exception cref="DfssException">ChunkCorrupt, DestinationUnwritable.</exception>
    ValueTask WriteAsync(int index, ItemChunk chunk, CancellationToken cancellationToken);

    /// <summary>Gives the file its time, mode and name.</summary>
    ValueTask CommitAsync(CancellationToken cancellationToken);
}
