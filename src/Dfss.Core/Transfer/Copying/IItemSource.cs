namespace Dfss.Transfer;

/// <summary>Files that can be copied from here: those of this machine, or of another through calls.</summary>
internal interface IItemSource
{
    /// <summary>Lists an item: a file is one entry; a folder is followed by what is below it.</summary>
    ValueTask<IItemList> ListAsync(string path, ItemCopyWalk walk, CancellationToken cancellationToken);

    /// <summary>Opens a file.</summary>
    /// <exception cref="DfssException">SourceUnreadable.</exception>
    ValueTask<IOpenItemSource> OpenAsync(string path, CancellationToken cancellationToken);
}

/// <summary>A listing in pages.</summary>
internal interface IItemList : IAsyncDisposable
{
    /// <summary>The next entries; none at the end.</summary>
    ValueTask<IReadOnlyList<ItemCopyEntry>> NextAsync(CancellationToken cancellationToken);
}

/// <summary>An open file of a source. Its methods may be called concurrently.</summary>
internal interface IOpenItemSource : IAsyncDisposable
{
    /// <summary>What the file is.</summary>
    ItemFacts Facts { get; }

    /// <summary>Reads one chunk and hashes it.</summary>
    ValueTask<ItemChunk> ReadAsync(int index, CancellationToken cancellationToken);

    /// <summary>Reads chunks for their ids alone.</summary>
    ValueTask<ChunkId[]> HashAsync(IReadOnlyList<int> indexes, CancellationToken cancellationToken);

    /// <summary>Makes sure that all that was read is of one state of the file.</summary>
    /// <exception cref="DfssException">SourceChanged.</exception>
    ValueTask FinishAsync(CancellationToken cancellationToken);
}

/// <summary>What a file is, besides its content.</summary>
/// <param name="Length">The length in bytes.</param>
/// <param name="ChunkSize">The length of its chunks, but the last.</param>
/// <param name="Modified">The time of the last write.</param>
/// <param name="UnixMode">The permission bits; null where there are none.</param>
internal sealed record ItemFacts(long Length, int ChunkSize, UnixTime Modified, int? UnixMode)
{
    /// <summary>Whether the content is one chunk, which is copied with one call.</summary>
    public bool IsSmall => Length <= ChunkSize;

    /// <summary>The number of chunks.</summary>
    public int ChunkCount => checked((int)FileManifest.CountChunks(Length, ChunkSize));

    /// <summary>The length of one chunk.</summary>
    public int LengthOf(int index) => (int)Math.Min(ChunkSize, Length - OffsetOf(index));

    /// <summary>The place of one chunk.</summary>
    public long OffsetOf(int index) => (long)index * ChunkSize;
}

/// <summary>The content of one chunk and the id that its source has computed.</summary>
/// <param name="content">The content.</param>
/// <param name="id">The id.</param>
/// <param name="owner">Owns the memory.</param>
internal sealed class ItemChunk(ReadOnlyMemory<byte> content, ChunkId id, IDisposable owner) : IDisposable
{
    public ReadOnlyMemory<byte> Content => content;

    public ChunkId Id => id;

    public void Dispose() => owner.Dispose();
}
