using System.Buffers;
using Dfss.Hashing;

namespace Dfss.Storage;

/// <content>Re-hashing what is stored, and setting aside what is corrupt.</content>
internal sealed partial class DiskChunkStore
{
    private const string Advice = "Repair-DfssFile restores it from another peer. Check the disk.";

    /// <summary>Corrupt chunks that were set aside and are still kept.</summary>
    public long QuarantinedCount => quarantine.Count;

    /// <inheritdoc/>
    public async ValueTask<ChunkState> VerifyAsync(ChunkId id, CancellationToken cancellationToken)
    {
        while (TryFind(id, out ChunkLocation location))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                // Null: it has another place now, or none, so look again.
                if (await VerifyAsync(id, location, cancellationToken).ConfigureAwait(false) is { } state)
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

    /// <summary>
    /// Whether the store had this chunk and has lost it: a corrupt copy was set aside, and not replaced since. Or may
    /// have it in a segment that the disk cannot read.
    /// </summary>
    public bool IsLost(ChunkId id) => !TryFind(id, out _) && (Recovery.MayHold(id) || quarantine.Has(id));

    private async ValueTask<ChunkState?> VerifyAsync(
        ChunkId id, ChunkLocation location, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(location.Length);
        try
        {
            int? read = Read(id, location, buffer.AsSpan(0, location.Length));
            ReadOnlyMemory<byte> content = buffer.AsMemory(0, read ?? 0);
            return read is null ? null
                : await ChunkHasher.Shared.HashAsync(content).ConfigureAwait(false) == id ? ChunkState.Good
                : await SetAsideAsync(id, location, content, "is corrupt: its bytes are in", cancellationToken)
                    .ConfigureAwait(false);
        }
        catch (IOException exception) when (StoreErrors.IsCorrupt(exception))
        {
            return await SetAsideAsync(
                id, location, default, "cannot be read from the disk, as notes", cancellationToken)
                .ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Keeps the bytes for analysis, and counts the chunk as missing.</summary>
    /// <returns>Null where it has another place by now.</returns>
    private async ValueTask<ChunkState?> SetAsideAsync(
        ChunkId id, ChunkLocation location, ReadOnlyMemory<byte> content, string what,
        CancellationToken cancellationToken)
    {
        string target = quarantine.Add(id, content.Span);
        if (!TryRemove(id, location))
        {
            quarantine.Delete(target);
            return null;
        }

        log?.Invoke(
            $"Chunk {id} {what} '{target}', and it counts as missing. It was at {location.Offset:N0} of "
            + $"'{segments.PathOf(location.Segment)}'. {Advice}");
        if (segments.Find(location.Segment) is { } segment)
        {
            // It does not come back after a start.
            await reclaimer.LeaveOutAsync(segment, location, cancellationToken).ConfigureAwait(false);
        }

        return ChunkState.Corrupt;
    }
}
