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
    /// have it in a segment that the disk cannot read, or have lost it without knowing which it was.
    /// </summary>
    public bool IsLost(ChunkId id) =>
        !TryFind(id, out _) && (Recovery.MayHold(id) || quarantine.Has(id) || quarantine.HasLost());

    private async ValueTask<ChunkState?> VerifyAsync(
        ChunkId id, ChunkLocation location, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(location.Length);
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            int? read;
            try
            {
                read = Read(id, location, buffer.AsSpan(0, location.Length));
            }
            catch (IOException exception) when (StoreErrors.IsCorrupt(exception))
            {
                return SetAside(id, location, default, "cannot be read from the disk, as notes");
            }

            ReadOnlyMemory<byte> content = buffer.AsMemory(0, read ?? 0);
            return read is null ? null
                : await ChunkHasher.Shared.HashAsync(content).ConfigureAwait(false) == id ? ChunkState.Good
                : SetAside(id, location, content.Span, "is corrupt: its bytes are in");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Keeps the bytes for analysis, and counts the chunk as missing, whether they could be kept or not. It does not
    /// come back after a start: its file in quarantine/ says that it is to be read first.
    /// </summary>
    /// <returns>Null where it has another place by now.</returns>
    private ChunkState? SetAside(ChunkId id, ChunkLocation location, ReadOnlySpan<byte> content, string what)
    {
        string? target = null;
        string failure = string.Empty;
        try
        {
            target = quarantine.Add(id, content);
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            // First: a collection must not find it missing and its bytes unwanted.
            failure = exception.Message;
            quarantine.Remember(id);
            if (segments.Find(location.Segment) is { } segment)
            {
                segment.MustStay = true;
            }
        }

        if (!TryRemove(id, location))
        {
            if (target is null)
            {
                quarantine.Forget(id);
            }
            else
            {
                quarantine.Delete(target);
            }

            return null;
        }

        string place = $"It was at {location.Offset:N0} of '{segments.PathOf(location.Segment)}'";
        log?.Invoke(target is not null
            ? $"Chunk {id} {what} '{target}', and it counts as missing. {place}. {Advice}"
            : $"Chunk {id} is corrupt, and counts as missing. It could not be kept in '{layout.Quarantine}': {failure} "
                + $"{place}, which keeps its bytes until the next start. {Advice}");
        return ChunkState.Corrupt;
    }
}
