using System.Buffers;
using System.Collections.Concurrent;
using Dfss.Hashing;

namespace Dfss.Storage;

/// <content>Re-hashing what is stored, and setting aside what is bad.</content>
internal sealed partial class DiskChunkStore
{
    private const string Advice = "Repair-DfssFile restores it from another peer. Check the disk.";

    // Rows that the disk or SQLite cannot read. They are left where they are, as deleting one reads it too, and a
    // commit that fails stops the whole store. They count as missing; what replaces one is a file, which is looked for
    // first.
    private readonly ConcurrentDictionary<ChunkId, bool> unreadable = new();

    /// <summary>
    /// Bad chunks that were set aside and are still kept: files of quarantine/, and rows that cannot be read.
    /// </summary>
    public long QuarantinedCount => unreadable.Count + StoreErrors.Guarded(
        layout.Root, () => Directory.EnumerateFiles(layout.Quarantine).LongCount());

    /// <inheritdoc/>
    public async ValueTask<ChunkState> VerifyAsync(ChunkId id, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (incoming.Find(id) is { } chunk)
            {
                await chunk.Settled.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            if (LengthOf(id) is not { } length)
            {
                return ChunkState.Missing;
            }

            // Null: another copy came in its place meanwhile, so look again.
            if (await TryVerifyAsync(id, length, cancellationToken).ConfigureAwait(false) is { } state)
            {
                return state;
            }
        }
    }

    private async Task<ChunkState?> TryVerifyAsync(ChunkId id, int length, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            int? read;
            try
            {
                read = await GetAsync(id, buffer, cancellationToken).ConfigureAwait(false);
            }
            catch (DfssException exception) when (StoreErrors.IsCorrupt(exception.InnerException))
            {
                return TrySetUnreadAside(id) ? ChunkState.Corrupt : null;
            }

            if (read is null)
            {
                return ChunkState.Missing;
            }

            Memory<byte> content = buffer.AsMemory(0, read.Value);
            if (await ChunkHasher.Shared.HashAsync(content).ConfigureAwait(false) == id)
            {
                return ChunkState.Good;
            }

            return await TryQuarantineAsync(id, content).ConfigureAwait(false) ? ChunkState.Corrupt : null;
        }
        catch (DfssException exception) when (exception.Code == DfssErrorCode.LimitExceeded)
        {
            // Longer than the one that was there when the length was asked for.
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Whether a bad copy of this chunk was set aside, and not replaced since.</summary>
    public bool IsQuarantined(ChunkId id) => LengthOf(id) is null && (unreadable.ContainsKey(id)
        || StoreErrors.Guarded(layout.Root, () => Directory.EnumerateFiles(layout.Quarantine, $"{id}.*").Any()));

    /// <summary>Sets these bad bytes aside; false where they are no longer what is stored.</summary>
    private async Task<bool> TryQuarantineAsync(ChunkId id, ReadOnlyMemory<byte> content)
    {
        string target = QuarantineOf(id);
        if (!await TryQuarantineAsync(id, content, target).ConfigureAwait(false))
        {
            return false;
        }

        log?.Invoke($"Chunk {id} is corrupt: its bytes are in '{target}' now, and it counts as missing. {Advice}");
        return true;
    }

    private async Task<bool> TryQuarantineAsync(ChunkId id, ReadOnlyMemory<byte> content, string target)
    {
        try
        {
            if (folders.LengthOf(id) is not null)
            {
                return folders.TryMoveAway(id, target);
            }

            files.Create(target, content.Span).Dispose();
            if (await small.TryDeleteAsync(id, content).ConfigureAwait(false))
            {
                return true;
            }

            files.Delete(target);
            return false;
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            throw StoreErrors.From(exception, layout.Root);
        }
    }

    /// <summary>Sets aside what the disk cannot read; false where it can be read now, or has been set aside.</summary>
    private bool TrySetUnreadAside(ChunkId id)
    {
        string target = QuarantineOf(id);
        bool isFile = folders.LengthOf(id) is not null;
        bool isSetAside = isFile
            ? StoreErrors.Guarded(layout.Root, () => folders.TryMoveAway(id, target))
            : unreadable.TryAdd(id, value: true);
        if (isSetAside)
        {
            string where = isFile ? $"its file is '{target}' now" : $"its row in '{layout.SmallChunks}' is left alone";
            log?.Invoke($"Chunk {id} cannot be read from the disk: {where}, and it counts as missing. {Advice}");
        }

        return isSetAside;
    }

    /// <summary>Whether a chunk's row, if it has one, can be read, and so deleted.</summary>
    private bool IsReadable(ChunkId id)
    {
        try
        {
            return !unreadable.ContainsKey(id) && small.Get(id) is not null;
        }
        catch (DfssException exception) when (StoreErrors.IsCorrupt(exception.InnerException))
        {
            TrySetUnreadAside(id);
            return false;
        }
    }

    private string QuarantineOf(ChunkId id) => Path.Combine(layout.Quarantine, $"{id}.{Guid.NewGuid():N}");
}
