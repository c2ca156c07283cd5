namespace Dfss.Transfer;

/// <summary>
/// Receives one stored file: its manifest, then its chunks in parallel, each verified before it is written.
/// </summary>
internal sealed class FileReceiver(PeerDirectory directory, ChunkBuffers buffers, TransferOptions options)
{
    public async Task ReceiveAsync(
        StoredFile file,
        string destinationPath,
        ReceiveOptions receiveOptions,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        FileRecord record = file.Record;
        progress?.Report(new(TransferPhase.Negotiating, 0, record.Length));
        Home home = await Home.ReachAsync(record.Home, directory, cancellationToken).ConfigureAwait(false);
        home.ThrowIfNobodyReached(record.Name);
        try
        {
            await ReceiveAsync(
                home, record, destinationPath, receiveOptions, progress, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.ChunkNotFound)
        {
            StoredFile? now = await new RecordReader(options).ReadAsync(
                record.Name, home, cancellationToken).ConfigureAwait(false);
            if (now is not { IsCurrent: true } || now.Record.FileId == record.FileId)
            {
                throw;
            }

            throw new DfssException(
                DfssErrorCode.FileChanged,
                $"'{record.Name}' was replaced (version {record.Version} by {now.Record.Version}) and its old chunks are gone.",
                "Run the command again: it takes the new version.",
                error);
        }
    }

    private async Task ReceiveAsync(
        Home home,
        FileRecord record,
        string destinationPath,
        ReceiveOptions receiveOptions,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        ChunkFetcher fetcher = new(home, record, options);
        FileManifest manifest = await fetcher.FetchManifestAsync(cancellationToken).ConfigureAwait(false);
        using ReceivedFile received = ReceivedFile.Create(destinationPath, record.Length, receiveOptions.Force);
        await FetchAllAsync(fetcher, manifest, received, progress, cancellationToken).ConfigureAwait(false);
        progress?.Report(new(TransferPhase.Committing, record.Length, record.Length));
        cancellationToken.ThrowIfCancellationRequested();
        received.Commit(record, receiveOptions);
    }

    private async Task FetchAllAsync(
        ChunkFetcher fetcher,
        FileManifest manifest,
        ReceivedFile received,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        long done = 0;
        ParallelOptions parallel =
            new() { MaxDegreeOfParallelism = options.ThrottleLimit, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, manifest.ChunkCount, parallel, async (index, token) =>
        {
            int length = manifest.LengthOf(index);
            using ChunkBuffer buffer = await buffers.RentAsync(length, token).ConfigureAwait(false);
            await fetcher.FetchChunkAsync(manifest, index, buffer.Memory, token).ConfigureAwait(false);
            await received.WriteAsync(manifest.OffsetOf(index), buffer.Memory, token).ConfigureAwait(false);
            progress?.Report(new(TransferPhase.Transferring, Interlocked.Add(ref done, length), manifest.Length));
        }).ConfigureAwait(false);
    }
}
