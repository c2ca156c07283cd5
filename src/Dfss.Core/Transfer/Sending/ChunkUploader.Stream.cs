using System.Globalization;
using System.Runtime.CompilerServices;
using Dfss.Encryption;
using Dfss.Hashing;

namespace Dfss.Transfer;

/// <content> The chunks of a stream: read in order, while those before are put. A stream cannot be read again: a chunk
/// that has to be put again is read from a member that has it.
/// </content>
internal sealed partial class ChunkUploader
{
    private readonly Lock growing = new();

    private async Task<FileManifest> UploadStreamAsync(
        SourceStream stream, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        long done = 0;
        await Parallel.ForEachAsync(ReadAllAsync(stream, CancellationToken.None), Throttle(cancellationToken),
            async (piece, token) =>
            {
                using ChunkBuffer buffer = piece.Buffer;
                Memory<byte> chunk = buffer.Memory[..(piece.Length + Overhead)];
                cipher?.Encrypt(piece.Index, chunk.Span);
                ChunkId id = await ChunkHasher.Shared.HashAsync(chunk).ConfigureAwait(false);
                Note(piece.Index, id);

                // A stream is not read twice: the chunk keeps its memory.
                await pace.RunAsync(
                    going => PlaceAsync(piece.Index, id, chunk, going), token).ConfigureAwait(false);
                long transferred = Interlocked.Add(ref done, piece.Length);
                progress?.Report(new(TransferPhase.Transferring, transferred, stream.KnownLength ?? transferred));
            }).ConfigureAwait(false);
        if (stream.KnownLength is long expected && expected != length)
        {
            throw stream.Changed();
        }

        plan.CutTo((int)FileManifest.CountChunks(length, chunkSize));
        ids = ids[..plan.ChunkCount];
        return CreateManifest();
    }

    /// <summary>The pieces of the stream, each with memory for the stored chunk, which the caller returns.</summary>
    private async IAsyncEnumerable<(int Index, int Length, ChunkBuffer Buffer)> ReadAllAsync(
        SourceStream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        length = 0;
        for (int index = 0, read = chunkSize; read == chunkSize; index++)
        {
            ChunkBuffer buffer = await buffers.RentAsync(chunkSize + Overhead, cancellationToken).ConfigureAwait(false);
            read = 0;
            try
            {
                Memory<byte> piece = cipher is null ? buffer.Memory : ChunkCipher.PieceOf(buffer.Memory);
                read = await stream.ReadNextAsync(piece, cancellationToken).ConfigureAwait(false);
                if (read > 0 && index == plan.ChunkCount)
                {
                    read = 0;
                    throw stream.KnownLength is null ? TooLong(stream) : stream.Changed();
                }
            }
            finally
            {
                if (read == 0)
                {
                    buffer.Dispose();
                }
            }

            if (read > 0)
            {
                length += read;
                yield return (index, read, buffer);
            }
        }
    }

    /// <summary>Puts a chunk of the stream where it is missing now.</summary>
    private async Task FetchAgainAsync(int index, Memory<byte> chunk, CancellationToken cancellationToken)
    {
        ChunkId id = ids[index]!.Value;
        await FetchAsync(index, id, chunk, cancellationToken).ConfigureAwait(false);
        await PlaceAsync(index, id, chunk, cancellationToken).ConfigureAwait(false);
    }

    private void Note(int index, ChunkId id)
    {
        lock (growing)
        {
            if (index >= ids.Length)
            {
                Array.Resize(ref ids, Math.Max(index + 1, ids.Length * 2));
            }

            ids[index] = id;
        }
    }

    private DfssException TooLong(SourceStream stream) => new(
        DfssErrorCode.FileTooLarge,
        string.Create(
            CultureInfo.InvariantCulture,
            $"'{stream.Path}' has more than {DfssLimits.MaxChunksPerFile} chunks of {chunkSize} bytes. Nothing was "
                + $"committed."),
        "Send it with larger chunks (-ChunkSize).");
}
