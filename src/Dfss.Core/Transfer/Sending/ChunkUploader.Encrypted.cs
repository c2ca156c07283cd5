using Dfss.Encryption;
using Dfss.Hashing;

namespace Dfss.Transfer;

/// <content> The chunks of an encrypted file: each encryption makes another chunk, so its id is known only then. The
/// same chunk can be made again from this send's nonce, or read from a peer, but not from the source alone.
/// </content>
internal sealed partial class ChunkUploader
{
    /// <summary>
    /// Reads a chunk, encrypts it with a new nonce, and puts its copies; only then it is added to the journal. A chunk
    /// that an earlier send has stored at other members than it is to be at now is not used any more.
    /// </summary>
    private async Task EncryptAsync(int index, Memory<byte> chunk, CancellationToken cancellationToken)
    {
        plan.Forget(index);
        await LocalFile.ReadAsync(OffsetOf(index), ChunkCipher.PieceOf(chunk), cancellationToken).ConfigureAwait(false);
        cipher!.Encrypt(index, chunk.Span);
        ChunkId id = await ChunkHasher.Shared.HashAsync(chunk).ConfigureAwait(false);
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
            await LocalFile.ReadAsync(
                OffsetOf(index), ChunkCipher.PieceOf(chunk), cancellationToken).ConfigureAwait(false);
            cipher.Repeat(index, chunk.Span);
            if (ChunkId.Of(chunk.Span) != id)
            {
                throw LocalFile.Changed();
            }
        }
        else
        {
            await FetchAsync(index, id, chunk, cancellationToken).ConfigureAwait(false);
        }

        await PlaceAsync(index, id, chunk, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads a chunk that is stored from a member that has it.</summary>
    private async Task FetchAsync(int index, ChunkId id, Memory<byte> chunk, CancellationToken cancellationToken)
    {
        // A member that is full takes no more chunks, and still gives those that it has.
        foreach (int member in Enumerable.Range(0, home.Count).OrderBy(member => !plan.CanTake(member)))
        {
            bool isRead = false;
            if (plan.IsHeld(member, index))
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
            $"Chunk {index} of '{source.Path}' was stored, and no peer gives it any more. Nothing was committed.",
            "Run the command again: it stores that chunk again.");
    }
}
