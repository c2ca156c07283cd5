using Dfss.Encryption;

namespace Dfss.Transfer;

/// <content> Of an encrypted file a chunk is another one each time it is encrypted: its id is known when it is stored,
/// and the chunk that has it can be had from this send's nonce or from a peer, not from the source alone.
/// </content>
internal sealed partial class ChunkUploader
{
    /// <summary>Reads a chunk, encrypts it with a new nonce, and puts its copies; only then is it in the journal. One
    /// that an earlier send has stored, but not where it is to be now, is not used any more.</summary>
    private async Task EncryptAsync(int index, Memory<byte> chunk, CancellationToken cancellationToken)
    {
        plan.Forget(index);
        await source.ReadAsync(OffsetOf(index), ChunkCipher.PieceOf(chunk), cancellationToken).ConfigureAwait(false);
        cipher!.Encrypt(index, chunk.Span);
        ChunkId id = ChunkId.Of(chunk.Span);
        ids[index] = id;
        await PlaceAsync(index, id, chunk, cancellationToken).ConfigureAwait(false);
        journal?.Append(index, id);
    }

    /// <summary>Puts a chunk that is in the manifest where it is missing now.</summary>
    private async Task PlaceAgainAsync(int index, Memory<byte> chunk, CancellationToken cancellationToken)
    {
        ChunkId id = ids[index]!.Value;
        if (cipher!.CanRepeat(index))
        {
            await source.ReadAsync(
                OffsetOf(index), ChunkCipher.PieceOf(chunk), cancellationToken).ConfigureAwait(false);
            cipher.Repeat(index, chunk.Span);
            if (ChunkId.Of(chunk.Span) != id)
            {
                throw source.Changed();
            }
        }
        else
        {
            await FetchAsync(index, id, chunk, cancellationToken).ConfigureAwait(false);
        }

        await PlaceAsync(index, id, chunk, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads a chunk that an earlier send has stored from a member that has it.</summary>
    private async Task FetchAsync(int index, ChunkId id, Memory<byte> chunk, CancellationToken cancellationToken)
    {
        for (int member = 0; member < home.Count; member++)
        {
            bool isRead = false;
            if (plan.CanTake(member) && plan.IsHeld(member, index))
            {
                await attempts.TryAsync(
                    member,
                    async (peer, token) =>
                        isRead = await peer.Chunks.GetAsync(id, chunk, token).ConfigureAwait(false) == chunk.Length,
                    cancellationToken).ConfigureAwait(false);
            }

            if (isRead && ChunkId.Of(chunk.Span) == id)
            {
                return;
            }
        }

        throw new DfssException(
            DfssErrorCode.ChunkNotFound,
            $"Chunk {index} of '{source.Path}' was stored by an earlier send, and no peer has it any more.",
            "Run the command again: it encrypts that chunk again.");
    }
}
