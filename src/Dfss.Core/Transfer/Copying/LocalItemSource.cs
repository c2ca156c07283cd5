using Dfss.Hashing;

namespace Dfss.Transfer;

/// <summary>The files of this machine, to be copied.</summary>
internal sealed class LocalItemSource(ChunkBuffers buffers) : IItemSource
{
    public ValueTask<IItemList> ListAsync(string path, ItemCopyWalk walk, CancellationToken cancellationToken) =>
        new(new LocalList(Walk(path, walk)));

    public ValueTask<IOpenItemSource> OpenAsync(string path, CancellationToken cancellationToken) =>
        new(OpenFile.Open(path, buffers));

    private static IEnumerable<ItemCopyEntry> Walk(string path, ItemCopyWalk walk)
    {
        if (!Directory.Exists(path))
        {
            FileInfo file = new(path);
            bool isThere = file.Exists || file.LinkTarget is not null;
            return [isThere
                ? Describe(path, string.Empty, ItemCopyEntryKind.File)
                : new(path, string.Empty, ItemCopyEntryKind.Unreadable, 0, "it does not exist.")];
        }

        LocalTree tree = new(
            Path.GetFullPath(path),
            new LocalTreeOptions
            {
                IncludesHidden = walk.IncludesHidden,
                FollowsLinks = walk.FollowsLinks,
                IncludesFolders = true,
            });
        return tree.Walk().Select(entry => entry.Kind switch
        {
            LocalTreeEntryKind.File => Describe(entry.Path, entry.Name, ItemCopyEntryKind.File),
            LocalTreeEntryKind.Folder => new(
                entry.Path, entry.Name, ItemCopyEntryKind.Folder, 0, string.Empty, FindMode(entry.Path)),
            LocalTreeEntryKind.FolderLink => new(entry.Path, entry.Name, ItemCopyEntryKind.FolderLink, 0, string.Empty),
            LocalTreeEntryKind.Unreadable =>
                new(entry.Path, entry.Name, ItemCopyEntryKind.Unreadable, 0, entry.Error?.Message ?? string.Empty),
            _ => new ItemCopyEntry(entry.Path, entry.Name, ItemCopyEntryKind.NotCopied, 0, string.Empty),
        });
    }

    private static ItemCopyEntry Describe(string path, string name, ItemCopyEntryKind kind)
    {
        FileInfo file = new(path);
        long length = file.LinkTarget is null && file.Exists ? file.Length : 0;
        return new ItemCopyEntry(path, name, kind, length, string.Empty);
    }

    private static int? FindMode(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return null;
        }

        try
        {
            return (int)File.GetUnixFileMode(folder) & 0b111_111_111;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is gone, or unreadable: the copy is its owner's only.
            return 0;
        }
    }

    private sealed class LocalList(IEnumerable<ItemCopyEntry> entries) : IItemList
    {
        /// <summary>200: with long paths still well below the largest payload.</summary>
        private const int PageEntries = 200;

        private readonly IEnumerator<ItemCopyEntry> next = entries.GetEnumerator();

        public ValueTask<IReadOnlyList<ItemCopyEntry>> NextAsync(CancellationToken cancellationToken)
        {
            List<ItemCopyEntry> page = [];
            while (page.Count < PageEntries && next.MoveNext())
            {
                cancellationToken.ThrowIfCancellationRequested();
                page.Add(next.Current);
            }

            return new(page);
        }

        public ValueTask DisposeAsync()
        {
            next.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class OpenFile(SourceFile file, ChunkBuffers buffers) : IOpenItemSource
    {
        public ItemFacts Facts { get; } = new(
            file.Length, FileSender.ChooseChunkSize(file.Length, DfssLimits.DefaultChunkSize), file.Modified,
            file.UnixMode);

        public static OpenFile Open(string path, ChunkBuffers buffers)
        {
            OpenFile opened = new(SourceFile.Open(path), buffers);
            if (opened.Facts.ChunkSize > 0)
            {
                return opened;
            }

            opened.Close();
            throw new DfssException(
                DfssErrorCode.FileTooLarge, $"'{path}' has more chunks than a file can have.", "Split it.");
        }

        public async ValueTask<ItemChunk> ReadAsync(int index, CancellationToken cancellationToken)
        {
            int length = Facts.LengthOf(index);
            ChunkBuffer buffer = await buffers.RentAsync(Math.Max(1, length), cancellationToken).ConfigureAwait(false);
            try
            {
                Memory<byte> content = buffer.Memory[..length];
                await file.ReadAsync(Facts.OffsetOf(index), content, cancellationToken).ConfigureAwait(false);
                ChunkId id = await ChunkHasher.Shared.HashAsync(content).ConfigureAwait(false);
                return new ItemChunk(content, id, buffer);
            }
            catch
            {
                buffer.Dispose();
                throw;
            }
        }

        public async ValueTask<ChunkId[]> HashAsync(IReadOnlyList<int> indexes, CancellationToken cancellationToken)
        {
            ChunkId[] ids = new ChunkId[indexes.Count];
            for (int i = 0; i < ids.Length; i++)
            {
                using ItemChunk chunk = await ReadAsync(indexes[i], cancellationToken).ConfigureAwait(false);
                ids[i] = chunk.Id;
            }

            return ids;
        }

        public ValueTask FinishAsync(CancellationToken cancellationToken)
        {
            file.ThrowIfChanged();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            Close();
            return ValueTask.CompletedTask;
        }

        private void Close() => file.Dispose();
    }
}
