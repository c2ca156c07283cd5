using Dfss.Encryption;

namespace Dfss.Transfer;

/// <summary>
/// Compares a local file with a stored one by chunk ids: the stored side costs its manifest, no more. The ids of an
/// encrypted file are those of ciphertext: its chunks are fetched for their nonces, and the local ones encrypted with
/// them.
/// </summary>
internal sealed class FileComparer(
    PeerDirectory directory, ChunkHolders holders, ChunkBuffers buffers, TransferOptions options)
{
    public async Task<FileComparison> CompareAsync(
        string localPath,
        StoredFile file,
        KeyRing? keys,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        FileRecord record = file.Record;
        progress?.Report(new(TransferPhase.Negotiating, 0, record.ContentLength));
        ContentKey? key = ContentKey.Open(record, keys);
        using SourceFile local = SourceFile.Open(localPath);
        Home home = await Home.ReachAsync(record, directory, enough: 1, cancellationToken).ConfigureAwait(false);
        ChunkFetcher fetcher = new(home, record, holders, buffers, options);
        FileManifest manifest = await fetcher.FetchManifestAsync(cancellationToken).ConfigureAwait(false);
        FileContent content = new(record, manifest, key);
        bool[] differs = await CompareChunksAsync(
            local, fetcher, manifest, content, progress, cancellationToken).ConfigureAwait(false);
        local.ThrowIfChanged();
        IReadOnlyList<ByteRange> differences = Merge(
            differs, content.ChunkSize, Math.Max(local.Length, content.Length));
        return new FileComparison(differences.Count == 0, local.Length, content.Length, differences);
    }

    /// <summary>
    /// The ranges of the chunks that differ, neighbours merged, the last one cut at the longer file's end.
    /// </summary>
    internal static IReadOnlyList<ByteRange> Merge(bool[] differs, int chunkSize, long end)
    {
        List<ByteRange> ranges = [];
        for (int start = 0; start < differs.Length; start++)
        {
            if (!differs[start])
            {
                continue;
            }

            int next = start;
            while (next < differs.Length && differs[next])
            {
                next++;
            }

            long offset = (long)start * chunkSize;
            ranges.Add(new ByteRange(offset, Math.Min((long)next * chunkSize, end) - offset));
            start = next;
        }

        return ranges;
    }

    private async Task<bool[]> CompareChunksAsync(
        SourceFile local,
        ChunkFetcher fetcher,
        FileManifest manifest,
        FileContent content,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        long longer = Math.Max(local.Length, content.Length);
        bool[] differs = new bool[FileManifest.CountChunks(longer, content.ChunkSize)];
        long done = 0;
        ParallelOptions parallel =
            new() { MaxDegreeOfParallelism = options.ThrottleLimit, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, differs.Length, parallel, async (index, token) =>
        {
            long offset = content.OffsetOf(index);
            int length = (int)Math.Clamp(local.Length - offset, 0, content.ChunkSize);
            differs[index] = index >= manifest.ChunkCount || length != content.LengthOf(index);
            if (!differs[index])
            {
                // Of an encrypted chunk its nonce is needed: with it the local content must give the same chunk.
                using ChunkBuffer buffer = content.IsEncrypted
                    ? await fetcher.FetchChunkAsync(manifest, index, token).ConfigureAwait(false)
                    : await buffers.RentAsync(length, token).ConfigureAwait(false);
                await local.ReadAsync(offset, content.PlaceIn(buffer.Memory), token).ConfigureAwait(false);
                differs[index] = !await content.IsContentOfAsync(
                    index, content.NonceOf(buffer.Memory), buffer.Memory).ConfigureAwait(false);
            }

            progress?.Report(new(TransferPhase.Hashing, Interlocked.Add(ref done, length), local.Length));
        }).ConfigureAwait(false);
        return differs;
    }
}
