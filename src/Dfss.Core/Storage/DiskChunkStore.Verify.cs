using System.Buffers;

namespace Dfss.Storage;

/// <content>Re-hashing what is stored, and setting aside what is bad.</content>
internal sealed partial class DiskChunkStore
{
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
            int? read = await GetAsync(id, buffer, cancellationToken).ConfigureAwait(false);
            if (read is null)
            {
                return ChunkState.Missing;
            }

            Memory<byte> content = buffer.AsMemory(0, read.Value);
            if (ChunkId.Of(content.Span) == id)
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

    /// <summary>Sets these bad bytes aside; false where they are no longer what is stored.</summary>
    private async Task<bool> TryQuarantineAsync(ChunkId id, ReadOnlyMemory<byte> content)
    {
        string target = Path.Combine(layout.Quarantine, $"{id}.{Guid.NewGuid():N}");
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
}
