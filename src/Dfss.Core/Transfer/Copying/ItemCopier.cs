using System.Runtime.CompilerServices;

namespace Dfss.Transfer;

/// <summary>
/// Copies files from one machine to another: in chunks, in parallel, each verified by its hash. An interrupted copy
/// goes on: what the target has of a file is hashed at both sides, and only chunks that differ are moved. Safe for
/// concurrent use.
/// </summary>
public sealed class ItemCopier
{
    /// <summary>32 MiB in one question, so that progress is seen, and Ctrl+C heard.</summary>
    private const int HashedAtOnce = 32 << 20;

    private readonly IItemSource source;
    private readonly IItemTarget target;

    internal ItemCopier(IItemSource source, IItemTarget target)
    {
        this.source = source;
        this.target = target;
    }

    /// <summary>Lists an item of the source: a file is one entry; a folder is followed by what is below it.</summary>
    /// <param name="path">The full path at the source.</param>
    /// <param name="walk">What is walked through.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    public async IAsyncEnumerable<ItemCopyEntry> ListAsync(
        string path, ItemCopyWalk walk, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        IItemList list = await source.ListAsync(path, walk, cancellationToken).ConfigureAwait(false);
        await using (list.ConfigureAwait(false))
        {
            while (await list.NextAsync(cancellationToken).ConfigureAwait(false) is { Count: > 0 } page)
            {
                foreach (ItemCopyEntry entry in page)
                {
                    yield return entry;
                }
            }
        }
    }

    /// <summary>What is at a path of the target.</summary>
    /// <param name="path">The path, as the target's system writes it.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public Task<ItemCopyPlace> LookAsync(string path, CancellationToken cancellationToken = default) =>
        target.LookAsync(path, cancellationToken).AsTask();

    /// <summary>Makes a folder of the target, and those above it.</summary>
    /// <param name="folder">The folder that the user named.</param>
    /// <param name="name">The path below it, with '/'; empty for the folder itself.</param>
    /// <param name="unixMode">Its permission bits; null for those of a new folder there.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">InvalidName, DestinationUnwritable.</exception>
    public Task MakeFolderAsync(
        string folder, string name, int? unixMode, CancellationToken cancellationToken = default) =>
        target.MakeFolderAsync(new ItemPath(folder, name), unixMode, cancellationToken).AsTask();

    /// <summary>Copies one file.</summary>
    /// <param name="path">The full path at the source.</param>
    /// <param name="folder">The folder of the target that the user named.</param>
    /// <param name="name">The path below it, with '/'.</param>
    /// <param name="force">Whether a read-only file is replaced too.</param>
    /// <param name="progress">Takes the progress.</param>
    /// <param name="cancellationToken">Cancels the copy; whole chunks stay for the next one.</param>
    /// <exception cref="DfssException">
    /// SourceUnreadable, SourceChanged, InvalidName, DestinationExists, DestinationUnwritable, ChunkCorrupt; or
    /// PeerUnreachable, TimedOut: the other side is gone.
    /// </exception>
    public async Task<ItemCopyResult> CopyAsync(
        string path, string folder, string name, bool force, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken = default)
    {
        ItemPath destination = new(folder, name);
        IOpenItemSource file = await source.OpenAsync(path, cancellationToken).ConfigureAwait(false);
        await using (file.ConfigureAwait(false))
        {
            if (file.Facts.IsSmall)
            {
                using ItemChunk content = await file.ReadAsync(index: 0, cancellationToken).ConfigureAwait(false);
                await file.FinishAsync(cancellationToken).ConfigureAwait(false);
                ItemPut put = await target.PutAsync(
                    destination, file.Facts, content, force, cancellationToken).ConfigureAwait(false);
                long length = file.Facts.Length;
                progress?.Report(new(TransferPhase.Transferring, length, length));
                return new ItemCopyResult(put.Path, length, put.IsUnchanged ? length : 0, put.IsUnchanged);
            }

            return await CopyLargeAsync(file, destination, force, progress, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<ItemCopyResult> CopyLargeAsync(
        IOpenItemSource file, ItemPath path, bool force, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        ItemFacts facts = file.Facts;
        ItemOpenMode mode = new(force, MayBeThere: true);
        for (; ; mode = mode with { MayBeThere = false })
        {
            IOpenItemTarget open = await target.OpenAsync(path, facts, mode, cancellationToken).ConfigureAwait(false);
            await using (open.ConfigureAwait(false))
            {
                if (open.IsThere && !mode.MayBeThere)
                {
                    throw new DfssException(
                        DfssErrorCode.ProtocolViolation, "The other side does not replace a file that differs.");
                }

                HashSet<int> present = await FindPresentAsync(
                    file, open, progress, cancellationToken).ConfigureAwait(false);
                long presentBytes = present.Sum(index => (long)facts.LengthOf(index));
                if (open.IsThere && present.Count == facts.ChunkCount)
                {
                    await file.FinishAsync(cancellationToken).ConfigureAwait(false);
                    return new ItemCopyResult(open.Path, facts.Length, presentBytes, IsUnchanged: true);
                }

                if (!open.IsThere)
                {
                    await MoveAsync(file, open, present, progress, cancellationToken).ConfigureAwait(false);
                    await file.FinishAsync(cancellationToken).ConfigureAwait(false);
                    progress?.Report(new(TransferPhase.Committing, facts.Length, facts.Length));
                    cancellationToken.ThrowIfCancellationRequested();
                    await open.CommitAsync(cancellationToken).ConfigureAwait(false);
                    return new ItemCopyResult(open.Path, facts.Length, presentBytes, IsUnchanged: false);
                }
            }
        }
    }

    /// <summary>The chunks that are at the target: both sides hash what is claimed.</summary>
    private static async Task<HashSet<int>> FindPresentAsync(
        IOpenItemSource file, IOpenItemTarget open, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        HashSet<int> present = [];
        long done = 0;
        foreach (int[] batch in open.Claimed.Chunk(Math.Max(1, HashedAtOnce / file.Facts.ChunkSize)))
        {
            ValueTask<ChunkId[]> there = open.HashAsync(batch, cancellationToken);
            Task<ChunkId[]> here = file.HashAsync(batch, cancellationToken).AsTask();
            ChunkId[] found = await there.ConfigureAwait(false);
            ChunkId[] expected = await here.ConfigureAwait(false);
            for (int i = 0; i < batch.Length; i++)
            {
                if (found[i] == expected[i])
                {
                    present.Add(batch[i]);
                    done += file.Facts.LengthOf(batch[i]);
                }
            }

            progress?.Report(new(TransferPhase.Verifying, done, file.Facts.Length));
        }

        return present;
    }

    private static async Task MoveAsync(
        IOpenItemSource file, IOpenItemTarget open, HashSet<int> present, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        long done = present.Sum(index => (long)file.Facts.LengthOf(index));
        ParallelOptions parallel = new()
        {
            MaxDegreeOfParallelism = ItemCopyClient.ChunksAtOnce,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForAsync(0, file.Facts.ChunkCount, parallel, async (index, token) =>
        {
            if (!present.Contains(index))
            {
                using ItemChunk chunk = await file.ReadAsync(index, token).ConfigureAwait(false);
                await open.WriteAsync(index, chunk, token).ConfigureAwait(false);
                progress?.Report(new(
                    TransferPhase.Transferring, Interlocked.Add(ref done, chunk.Content.Length), file.Facts.Length));
            }
        }).ConfigureAwait(false);
    }
}
