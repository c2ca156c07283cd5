using System.Buffers;
using Dfss.Hashing;

namespace Dfss.Storage;

/// <content>Re-hashing what is stored, and setting aside what is corrupt.</content>
internal sealed partial class DiskChunkStore
{
    private const string Advice = "Repair-DfssFile restores it from another peer. Check the disk.";

    /// <summary>Corrupt chunks that were set aside and are still kept.</summary>
    public long QuarantinedCount => StoreErrors.Guarded(
        layout.Root, () => Directory.EnumerateFiles(layout.Quarantine).LongCount());

    /// <inheritdoc/>
    public async ValueTask<ChunkState> VerifyAsync(ChunkId id, CancellationToken cancellationToken)
    {
        while (TryFind(id, out ChunkLocation location))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                // Null: it has another place now, or none, so look again.
                if (await VerifyAsync(id, location).ConfigureAwait(false) is { } state)
                {
                    return state;
                }
            }
            catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
            {
                throw StoreErrors.From(exception, layout.Root);
            }
        }

        return ChunkState.Missing;
    }

    /// <summary>Whether a corrupt copy of this chunk was set aside, and not replaced since.</summary>
    public bool IsQuarantined(ChunkId id) => !TryFind(id, out _)
        && StoreErrors.Guarded(layout.Root, () => Directory.EnumerateFiles(layout.Quarantine, $"{id}.*").Any());

    private async ValueTask<ChunkState?> VerifyAsync(ChunkId id, ChunkLocation location)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(location.Length);
        try
        {
            int? read = Read(id, location, buffer.AsSpan(0, location.Length));
            ReadOnlyMemory<byte> content = buffer.AsMemory(0, read ?? 0);
            return read is null ? null
                : await ChunkHasher.Shared.HashAsync(content).ConfigureAwait(false) == id ? ChunkState.Good
                : TrySetAside(id, location, content.Span, "is corrupt: its bytes are in") ? ChunkState.Corrupt
                : null;
        }
        catch (IOException exception) when (StoreErrors.IsSpoiled(exception))
        {
            return TrySetAside(id, location, [], "cannot be read from the disk, as notes") ? ChunkState.Corrupt : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Keeps the bytes for analysis, and counts the chunk as missing; false where it has another place by now.
    /// </summary>
    private bool TrySetAside(ChunkId id, ChunkLocation location, ReadOnlySpan<byte> content, string what)
    {
        string target = Path.Combine(layout.Quarantine, $"{id}.{Guid.NewGuid():N}");
        files.Create(target, content).Dispose();
        if (!TryRemove(id, location))
        {
            files.Delete(target);
            return false;
        }

        if (segments.Find(location.Segment) is { } segment)
        {
            // It does not come back after a start.
            segments.Narrow(segment, record => record.Location != location);
        }

        log?.Invoke(
            $"Chunk {id} {what} '{target}', and it counts as missing. It was at {location.Offset:N0} of "
            + $"'{segments.PathOf(location.Segment)}'. {Advice}");
        return true;
    }
}
