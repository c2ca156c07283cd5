using System.Collections.Concurrent;
using Dfss.Encryption;

namespace Dfss.Transfer;

/// <summary>Receives one stored file: its manifest, then its chunks in parallel, each verified before it is written.
/// What an earlier receive of the same file has left is verified first, and not fetched again.</summary>
internal sealed class FileReceiver(
    PeerDirectory directory, ChunkHolders holders, ChunkBuffers buffers, AddressRefresher addresses, TransferPace pace,
    TransferOptions options)
{
    public async Task ReceiveAsync(
        StoredFile file,
        string destinationPath,
        ReceiveOptions receiveOptions,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        progress?.Report(new(TransferPhase.Negotiating, 0, file.Record.ContentLength));
        ContentKey? key = ContentKey.Open(file.Record, receiveOptions.Keys);
        Home first = await Home.ReachAsync(file.Record, directory, enough: 1, cancellationToken).ConfigureAwait(false);
        await LaterHome.FollowAsync<bool>(file.Record.Name, first, async home =>
        {
            FileRecord record = file.Record;
            try
            {
                await ReceiveAsync(
                    home, record, key, destinationPath, receiveOptions, progress,
                    cancellationToken).ConfigureAwait(false);
            }
            catch (DfssException error)
                when (error.Code is DfssErrorCode.ChunkNotFound or DfssErrorCode.PeerUnreachable)
            {
                (file, Home later) = await FindMovedAsync(
                    file, home, error, destinationPath, cancellationToken).ConfigureAwait(false);
                receiveOptions = receiveOptions with { Restart = false };
                return (false, later);
            }

            await addresses.RefreshAsync(record, home, cancellationToken).ConfigureAwait(false);
            return (true, null);
        }).ConfigureAwait(false);
    }

    private async Task<(StoredFile File, Home Home)> FindMovedAsync(
        StoredFile file, Home home, DfssException error, string destinationPath, CancellationToken cancellationToken)
    {
        try
        {
            return await new FileSearch(directory, options).FindMovedAsync(
                file, home, error, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException changed) when (changed.Code == DfssErrorCode.FileChanged)
        {
            // No peer has the rest of what was kept.
            ReceivedFile.Forget(destinationPath, file.Record);
            throw;
        }
    }

    private async Task ReceiveAsync(
        Home home,
        FileRecord record,
        ContentKey? key,
        string destinationPath,
        ReceiveOptions receiveOptions,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        ChunkFetcher fetcher = new(home, record, holders, buffers, options);
        FileManifest manifest = await fetcher.FetchManifestAsync(cancellationToken).ConfigureAwait(false);
        FileContent content = new(record, manifest, key);
        using ReceivedFile received = ReceivedFile.Open(destinationPath, record, receiveOptions);
        HashSet<int> present = await VerifyAsync(
            manifest, content, received, progress, cancellationToken).ConfigureAwait(false);
        await FetchAsync(
            fetcher, manifest, content, received, present, progress, cancellationToken).ConfigureAwait(false);
        progress?.Report(new(TransferPhase.Committing, content.Length, content.Length));
        cancellationToken.ThrowIfCancellationRequested();
        if (!received.Commit(receiveOptions))
        {
            options.Warning?.Invoke(
                $"The file system of '{destinationPath}' cannot hold the time of last write of '{record.Name}'. The "
                    + "file has the nearest time.");
        }
    }

    /// <summary>Which of the claimed chunks are good.</summary>
    private async Task<HashSet<int>> VerifyAsync(
        FileManifest manifest,
        FileContent content,
        ReceivedFile received,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        if (received.Claimed.Count == 0)
        {
            return [];
        }

        progress?.Report(new(TransferPhase.Verifying, 0, content.Length));
        ConcurrentBag<int> present = [];
        long done = 0;
        await Parallel.ForEachAsync(received.Claimed, Throttle(cancellationToken), async (index, token) =>
        {
            using ChunkBuffer buffer = await buffers.RentAsync(manifest.LengthOf(index), token).ConfigureAwait(false);
            Memory<byte> place = content.PlaceIn(buffer.Memory);
            if (await received.TryReadAsync(content.OffsetOf(index), place, token).ConfigureAwait(false)
                && await content.IsContentOfAsync(index, received.NonceOf(index), buffer.Memory).ConfigureAwait(false))
            {
                present.Add(index);
                progress?.Report(new(
                    TransferPhase.Verifying, Interlocked.Add(ref done, content.LengthOf(index)), content.Length));
            }
            else
            {
                await received.DisclaimAsync(index, token).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        options.Verbose?.Invoke(
            $"{present.Count} of {manifest.ChunkCount} chunks are there from an earlier receive, of "
                + $"{received.Claimed.Count} that it had written.");
        return [.. present];
    }

    private async Task FetchAsync(
        ChunkFetcher fetcher,
        FileManifest manifest,
        FileContent content,
        ReceivedFile received,
        HashSet<int> present,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        long done = present.Sum(index => (long)content.LengthOf(index));
        await Parallel.ForAsync(0, manifest.ChunkCount, Throttle(cancellationToken), async (index, token) =>
        {
            if (present.Contains(index))
            {
                return;
            }

            // Before it is asked for: a chunk that waits here is not late.
            await pace.RunAsync(
                going => pace.WaitAsync(manifest.LengthOf(index), going).AsTask(), token).ConfigureAwait(false);

            using ChunkBuffer buffer = await fetcher.FetchChunkAsync(manifest, index, token).ConfigureAwait(false);
            Memory<byte> piece = content.Open(index, buffer.Memory);
            await received.WriteAsync(
                index, content.OffsetOf(index), piece, content.NonceOf(buffer.Memory), token).ConfigureAwait(false);
            progress?.Report(new(
                TransferPhase.Transferring, Interlocked.Add(ref done, content.LengthOf(index)), content.Length));
        }).ConfigureAwait(false);
    }

    private ParallelOptions Throttle(CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = options.ThrottleLimit, CancellationToken = cancellationToken };
}
